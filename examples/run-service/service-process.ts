import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The service, running as a process of its own. */
export class ServiceProcess {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: string) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts the service; resolves when it listens. */
  static async start(): Promise<ServiceProcess> {
    const file = fileURLToPath(new URL('server.ts', import.meta.url));
    const started = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = (await once(started.stdout, 'data')) as [Buffer];
    return new ServiceProcess(started, port.toString().trim());
  }

  /** Ends the service with a signal; gives its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    const [code, by] = (await exited) as [number | null, NodeJS.Signals | null];
    return code ?? by ?? 'unknown';
  }
}
