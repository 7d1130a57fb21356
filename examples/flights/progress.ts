import type { ExecutionObserver } from 'heirline';
import { whole } from '../format/table.js';

/** Where progress goes: `process.stderr`, or anything like it. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const step = 2_000;

/** Shows how many flights have passed a composite: a line that moves on a terminal, plain lines elsewhere. */
export function showProgress(compositePath: string, stream: ProgressStream): ExecutionObserver {
  const [before, after] = stream.isTTY === true ? ['\r', ''] : ['', '\n'];
  let done = 0;
  return {
    compositeCompleted: ({ path }) => {
      if (path !== compositePath) return;
      done += 1;
      if (done % step === 0) stream.write(`${before}${compositePath}: ${whole(done)} flights${after}`);
    },
    pipelineCompleted: () => {
      stream.write(`${before}${compositePath}: ${whole(done)} flights\n`);
    },
  };
}
