import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The two processes, as they are built beside this file. */
type ColdStart = 'empty' | 'one-item';

/** Milliseconds that a process takes from its start to its end. */
export async function timeProcess(which: ColdStart): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [builtFile(which)], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`The process '${which}' failed`);
  return took;
}

/** The URLs of the modules that a process loads, Node's own left out. */
export async function modulesOf(which: ColdStart): Promise<string[]> {
  const preload = new URL('./cold-start/log-modules.js', import.meta.url).href;
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', preload, builtFile(which)]);
  return stderr.split('\n').filter((line) => line.startsWith('file:'));
}

function builtFile(which: ColdStart): string {
  return fileURLToPath(new URL(`./cold-start/${which}.js`, import.meta.url));
}
