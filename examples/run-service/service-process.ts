import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The service, running as a process of its own. */
export class ServiceProcess {
  readonly port: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: string) {
    this.#process = process;
    this.port = port;
  }

  /** Starts the service on a file, and on a port or any that is free; resolves when it listens. */
  static async start(file: string, port = '0'): Promise<ServiceProcess> {
    const server = fileURLToPath(new URL('server.ts', import.meta.url));
    const started = spawn(process.execPath, ['--import', 'tsx', server, file, port], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = (await once(started.stdout, 'data')) as [Buffer];
    return new ServiceProcess(started, printed.toString().trim());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends the service with a signal; gives its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    const [code, by] = (await exited) as [number | null, NodeJS.Signals | null];
    return code ?? by ?? 'unknown';
  }
}
