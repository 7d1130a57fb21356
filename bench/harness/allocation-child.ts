import { argumentsFor } from './settings.js';
import type { ContenderName } from './settings.js';
import { runBenchFile } from './run-bench-file.js';

/** Takes all that one window allocates, so that nothing is collected in it. */
const semiSpace = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Runs this bench file again, as a process that measures what one contender allocates; null if it cannot tell. */
export async function measureInChild(name: ContenderName): Promise<number | null> {
  const bytes = await runBenchFile(['--expose-gc', ...semiSpace], argumentsFor('allocation-of', name));
  return typeof bytes === 'number' ? bytes : null;
}
