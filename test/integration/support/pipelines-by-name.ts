import type { PipelineBuilder, PipelineContext } from 'heirline';

/** Notes in its session what it was given. */
class Short {
  define(builder: PipelineBuilder): void {
    builder.addSink(
      (_item: number, { run, parameters }: PipelineContext) => {
        run.session.set('given', parameters.get<bigint>('n') ?? 0n);
        run.session.set('at', new Map([[1, new Date(5)]]));
      },
      { name: 'step', from: builder.addSource([1], 'once') },
    );
  }
}

/** Runs until it is cancelled. */
class Endless {
  define(builder: PipelineBuilder): void {
    builder.addSink(
      (_item: number, { signal }: PipelineContext) =>
        new Promise((_resolve, reject) => {
          const alive = setInterval(() => undefined, 1000);
          signal.addEventListener('abort', () => {
            clearInterval(alive);
            reject(signal.reason as Error);
          });
        }),
      { name: 'step', from: builder.addSource([1], 'once') },
    );
  }
}

/** What managers of several processes know by name. */
export const work = { short: Short, endless: Endless };
