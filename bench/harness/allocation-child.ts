import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BenchSettings } from './settings.js';

/** Takes all that one window allocates, so that nothing is collected in it. */
const semiSpace = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

const TIMEOUT_MS = 60_000;

/** Runs this bench file again, as a process that measures what one contender allocates; null if it cannot tell. */
export async function measureInChild(
  workload: string,
  contender: string,
  { peers }: BenchSettings,
): Promise<number | null> {
  const [, file = ''] = process.argv;
  const which = ['--allocation-of', workload, '--allocation-of', contender];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', ...semiSpace, file, ...which, ...(peers ? [] : ['--no-peers'])],
    { timeout: TIMEOUT_MS },
  );
  const bytes: unknown = JSON.parse(stdout);
  return typeof bytes === 'number' ? bytes : null;
}
