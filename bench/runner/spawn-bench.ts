import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { BenchReport } from '../harness/report.js';
import { builtBench } from './build-benches.js';

const DEFAULT_TIMEOUT_MS = 20 * 60_000;

/**
 * Runs a built bench file in a process of its own, so that none inherits what the compiler learnt in another.
 *
 * @throws Error when it fails or takes too long, such as when two contenders disagree; its standard error is passed through.
 */
export async function spawnBench(
  name: string,
  args: readonly string[],
  timeout = DEFAULT_TIMEOUT_MS,
): Promise<BenchReport> {
  const child = spawn(process.execPath, ['--expose-gc', builtBench(name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [output, status] = await Promise.all([text(child.stdout), ended]);
  if (status !== 0) throw new Error(`The benchmark '${name}' failed`);
  return JSON.parse(output) as BenchReport;
}
