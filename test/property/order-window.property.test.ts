import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorPolicy, fixed, runPipeline, SKIP, type NodeOptions, type PipelineBuilder } from 'heirline';
import { countsAt, definePipeline, expectBalanced, nextTurn } from '../integration/support/harness.js';

/** How the call for one item ends. */
type End = 'value' | 'skipped' | 'failed' | 'repeated';

interface Case {
  readonly ends: readonly End[];
  readonly concurrency: number;
  /** How many items more than `concurrency` may be under way or held. */
  readonly more: number;
  readonly ordered: boolean;
  readonly slowSink: boolean;
  readonly isChild: boolean;
  readonly from: 'array' | 'generator' | 'async generator' | 'async node' | 'fan-in';
  /** Which of what could end next does. */
  readonly choices: readonly number[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  ends: fc.array(fc.constantFrom<End[]>('value', 'value', 'value', 'skipped', 'failed', 'repeated'), {
    maxLength: 24,
  }),
  concurrency: fc.integer({ min: 2, max: 5 }),
  more: fc.integer({ min: 0, max: 6 }),
  ordered: fc.boolean(),
  slowSink: fc.boolean(),
  isChild: fc.boolean(),
  from: fc.constantFrom<Case['from'][]>('array', 'generator', 'async generator', 'async node', 'fan-in'),
  choices: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 30 }),
});

/**
 * What must be to be seen from outside once everything has come to rest, by the words of the contract alone.
 *
 * Written as rules that are applied until none applies: nothing of the engine is used.
 */
class Model {
  started = 0;
  readonly underWay = new Set<number>();
  readonly received: number[] = [];
  /** The item that the sink has in its hands. */
  inSink: number | undefined;
  /** Items under way, held, or in the sink's hands, in the order in which they came. */
  #window: number[] = [];
  /** Items whose calls have ended, in the order in which they ended. */
  #ended: number[] = [];
  readonly #tried = new Set<number>();

  constructor(private readonly given: Case) {
    this.#settle();
  }

  endCall(index: number): void {
    if (this.given.ends[index] === 'repeated' && !this.#tried.has(index)) {
      this.#tried.add(index);
      return;
    }
    this.underWay.delete(index);
    this.#ended.push(index);
    this.#settle();
  }

  endSink(): void {
    this.#window = this.#window.filter((index) => index !== this.inSink);
    this.inSink = undefined;
    this.#settle();
  }

  #settle(): void {
    while (this.#leave() || this.#start());
  }

  #leave(): boolean {
    const { ends, ordered, slowSink } = this.given;
    if (this.inSink !== undefined) return false;
    const index = ordered ? this.#window[0] : this.#ended[0];
    if (index === undefined || !this.#ended.includes(index)) return false;
    this.#ended = this.#ended.filter((other) => other !== index);
    const hasOutput = ends[index] === 'value' || ends[index] === 'repeated';
    if (hasOutput) this.received.push(index);
    if (hasOutput && slowSink) this.inSink = index;
    else this.#window = this.#window.filter((other) => other !== index);
    return true;
  }

  #start(): boolean {
    const { ends, concurrency, more, ordered } = this.given;
    if (this.started === ends.length || this.underWay.size === concurrency) return false;
    // Without an order, what has no output holds no place.
    const places = this.#window.filter((index) => ordered || this.#holdsPlace(index)).length;
    const [eldest] = this.#window;
    const isBehindEldest =
      ordered && this.inSink === undefined && eldest !== undefined && this.underWay.has(eldest);
    if (places >= concurrency && !(isBehindEldest && places < concurrency + more)) return false;
    this.#window.push(this.started);
    this.underWay.add(this.started);
    this.started += 1;
    return true;
  }

  #holdsPlace(index: number): boolean {
    const end = this.given.ends[index];
    return this.underWay.has(index) || end === 'value' || end === 'repeated';
  }
}

/** The pipeline of a case, whose calls end when the test says so. */
class Stand {
  started = 0;
  most = 0;
  readonly calls = new Map<number, () => void>();
  readonly received: number[] = [];
  takenBySink: (() => void) | undefined;
  readonly #tried = new Set<number>();

  constructor(private readonly given: Case) {}

  readonly call = (index: number): Promise<number | typeof SKIP> => {
    const { ends } = this.given;
    const isRepeated = ends[index] === 'repeated' && !this.#tried.has(index);
    if (!this.#tried.has(index)) this.started += 1;
    this.#tried.add(index);
    return new Promise((resolve, reject) => {
      this.calls.set(index, () => {
        this.calls.delete(index);
        if (ends[index] === 'failed') reject(new RangeError('left out'));
        else if (isRepeated) reject(new TypeError('busy'));
        else resolve(ends[index] === 'skipped' ? SKIP : index);
      });
      this.most = Math.max(this.most, this.calls.size);
    });
  };

  readonly sink = (index: number): unknown => {
    this.received.push(index);
    if (!this.given.slowSink) return undefined;
    return new Promise<void>((resolve) => {
      this.takenBySink = () => {
        this.takenBySink = undefined;
        resolve();
      };
    });
  };

  draw(builder: PipelineBuilder): void {
    const { concurrency, more, ordered, isChild } = this.given;
    const from = this.#from(builder);
    const options: NodeOptions & { readonly from: typeof from } = {
      name: 'node',
      from,
      concurrency,
      ordered,
      ...(ordered ? { readAhead: concurrency + more } : {}),
      errorPolicy: errorPolicy(
        { on: TypeError, then: { retry: { attempts: 3, delay: fixed(0) } } },
        { on: RangeError, then: 'skip' },
      ),
    };
    const node = isChild
      ? builder.addComposite(this.#child(), { ...options, output: 'optional' })
      : builder.addTransform(this.call, options);
    builder.addSink(this.sink, { name: 'sink', from: node });
  }

  #child() {
    return definePipeline<number, number>('child', (builder) => {
      const called = builder.addTransform(this.call, { name: 'call', from: builder.addCompositeInput() });
      builder.connect(called, builder.addCompositeOutput());
    });
  }

  #from(builder: PipelineBuilder) {
    const items = this.given.ends.map((_, index) => index);
    switch (this.given.from) {
      case 'array':
        return builder.addSource(items, 'source');
      case 'generator':
        return builder.addSource(() => items.values(), 'source');
      case 'async generator':
        return builder.addSource(async function* () {
          for (const item of items) {
            if (item % 3 === 0) await Promise.resolve();
            yield item;
          }
        }, 'source');
      case 'async node':
        return builder.addTransform((item: number) => (item % 3 === 0 ? item : Promise.resolve(item)), {
          name: 'before',
          from: builder.addSource(items, 'source'),
        });
      case 'fan-in': {
        // The second source has nothing: the order stays that of the first.
        const joined = builder.addTransform((item: number) => item, {
          name: 'before',
          from: builder.addSource(items, 'source'),
        });
        builder.connect(
          builder.addSource<number>(() => [], 'empty'),
          joined,
        );
        return joined;
      }
    }
  }
}

/** Waits until nothing happens any more that does not wait for the test. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await nextTurn();
}

test('a node works on as many items, and reads as far ahead, as the contract says: not one more, not one less', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const model = new Model(given);
      const stand = new Stand(given);
      const running = runPipeline(
        definePipeline('root', (builder) => {
          stand.draw(builder);
        }),
      );
      for (let step = 0; ; step += 1) {
        await rest();
        expect(stand.started).toBe(model.started);
        expect([...stand.calls.keys()].sort(byNumber)).toEqual([...model.underWay].sort(byNumber));
        expect(stand.received).toEqual(model.received);
        const ends = [
          ...[...model.underWay].sort(byNumber).map((index) => () => {
            stand.calls.get(index)?.();
            model.endCall(index);
          }),
          ...(model.inSink === undefined
            ? []
            : [
                () => {
                  stand.takenBySink?.();
                  model.endSink();
                },
              ]),
        ];
        if (ends.length === 0) break;
        const choice = given.choices[step % given.choices.length] ?? 0;
        ends[choice % ends.length]?.();
      }
      const result = await running;

      expect(stand.most).toBeLessThanOrEqual(given.concurrency);
      expectBalanced(result);
      const { filtered, out, retried } = countsAt(result, 'root/node');
      const count = (end: End): number => given.ends.filter((other) => other === end).length;
      expect({ filtered, out, retried }).toEqual({
        filtered: count('skipped') + count('failed'),
        out: count('value') + count('repeated'),
        retried: count('repeated'),
      });
    }),
    { numRuns: 120 },
  );
});

function byNumber(one: number, other: number): number {
  return one - other;
}
