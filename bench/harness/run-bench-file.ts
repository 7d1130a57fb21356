import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIMEOUT_MS = 60_000;

/** Runs this bench file again in a process of its own, and gives the JSON that it writes. */
export async function runBenchFile(
  nodeOptions: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const [, file = ''] = process.argv;
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, file, ...args], {
    timeout: TIMEOUT_MS,
  });
  return JSON.parse(stdout) as unknown;
}
