import { formatError } from 'heirline';

/** Does the work of an example; where it fails, says so as a terminal can show it, and the process ends with 1. */
export async function explainFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(formatError(error));
    process.exitCode = 1;
  }
}
