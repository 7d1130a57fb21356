import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  errorPolicy,
  observers,
  PipelineRunner,
  type ExecutionEvent,
  type ExecutionObserver,
  type PipelineContext,
} from 'heirline';
import { definePipeline, KeptLetters, range } from './support/harness.js';

const types = [
  ...['pipelineStarted', 'pipelineCompleted', 'pipelineFailed', 'nodeStarted', 'nodeCompleted'],
  ...['itemFailed', 'itemRetried', 'itemSkipped', 'itemDeadLettered', 'itemRecovered'],
  ...['itemCancelled'],
  ...['compositeStarted', 'compositeCompleted', 'circuitChanged'],
];

/** What an observer that hears some events is told, without ids and times. */
class Listening {
  readonly heard: { readonly type: string; readonly line: string }[] = [];

  /** @param types the events that it has methods for. */
  observer(heard: readonly string[]): ExecutionObserver {
    return Object.fromEntries(heard.map((type) => [type, (event: ExecutionEvent) => this.#keep(event)]));
  }

  #keep({ type, path, ...event }: ExecutionEvent & { outcome?: string; attempt?: number; nodeId?: string }) {
    const { nodeId = '', outcome = '', attempt = '' } = event;
    this.heard.push({ type, line: [type, path, nodeId, outcome, attempt].join(' ') });
  }
}

const Inner = definePipeline<number, number>('inner', (builder) => {
  const tries = new Map<number, number>();
  const step = (item: number): number => {
    const attempt = (tries.get(item) ?? 0) + 1;
    tries.set(item, attempt);
    if (item % 5 === 1 && attempt === 1) throw new Error('once');
    if (item % 7 === 3) throw new RangeError('always');
    return item;
  };
  const policy = errorPolicy(
    { on: RangeError, then: 'deadLetter' },
    { then: { retry: { attempts: 2, exhausted: 'skip' } } },
  );
  builder.addCompositeOutput({
    from: builder.addTransform(step, {
      name: 'step',
      from: builder.addCompositeInput(),
      errorPolicy: policy,
    }),
  });
});

const Middle = definePipeline<number, number>('middle', (builder) => {
  const step = (item: number): number => {
    if (item % 11 === 4) throw new TypeError('not this one');
    return item;
  };
  const inner = builder.addComposite(Inner, { from: builder.addCompositeInput(), output: 'optional' });
  builder.addCompositeOutput({ from: builder.addTransform(step, { name: 'check', from: inner }) });
});

interface Case {
  readonly heard: string[];
  readonly end: 'well' | 'failure' | 'cancel';
  readonly granularity: 'item' | 'stream';
}

/** @param end how the run ends. */
function rootOf(end: Case['end'], granularity: Case['granularity']) {
  return definePipeline('root', (builder) => {
    const last = (item: number, context: PipelineContext): void => {
      if (item < 30) return;
      if (end === 'failure') throw new Error('the end');
      if (end === 'cancel') context.run.cancel();
    };
    const numbers = builder.addSource(range(0, 40), 'numbers');
    const middle =
      granularity === 'item'
        ? builder.addComposite(Middle, {
            name: 'middle',
            from: numbers,
            output: 'optional',
            errorPolicy: 'skip',
          })
        : builder.addComposite(Inner, { name: 'middle', from: numbers, granularity });
    builder.addSink(last, { name: 'sink', from: middle });
  });
}

const told = async (
  definition: ReturnType<typeof rootOf>,
  observerOf: (listening: Listening) => ExecutionObserver,
): Promise<Listening['heard']> => {
  const listening = new Listening();
  const runner = new PipelineRunner({
    executionObserver: observerOf(listening),
    deadLetterSink: new KeptLetters(),
  });
  await runner.run(definition).catch(() => undefined);
  return listening.heard;
};

test('who hears some kinds of events only is told the same of them as who hears all', async () => {
  const some: fc.Arbitrary<Case> = fc.record({
    heard: fc.subarray(types, { minLength: 1 }),
    end: fc.constantFrom('well' as const, 'failure', 'cancel'),
    granularity: fc.constantFrom('item' as const, 'stream'),
  });
  const singles = types.map((type): [Case] => [{ heard: [type], end: 'failure', granularity: 'item' }]);
  await fc.assert(
    fc.asyncProperty(some, async ({ heard, end, granularity }) => {
      const all = await told(rootOf(end, granularity), (listening) => listening.observer(types));
      const expected = all.filter(({ type }) => heard.includes(type));

      expect(await told(rootOf(end, granularity), (listening) => listening.observer(heard))).toEqual(
        expected,
      );
      const joined = (listening: Listening) => observers(...heard.map((type) => listening.observer([type])));
      expect(await told(rootOf(end, granularity), joined)).toEqual(expected);
    }),
    { numRuns: 60, examples: singles },
  );
});
