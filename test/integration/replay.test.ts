import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  MemoryDeadLetterSink,
  PipelineRunner,
  replayDeadLetters,
  runPipeline,
  type DeadLetterEnvelope,
  type NoItem,
  type ReplayableDeadLetterSink,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import {
  definePipeline,
  gate,
  nextTurn,
  rejectionOf,
  throwAnything,
  type DefinitionClass,
} from './support/harness.js';

/** A service that fails until it is mended. */
class Service {
  isDown = true;
  readonly saved: unknown[] = [];
  readonly calls: unknown[] = [];

  call<T>(item: T): T {
    this.calls.push(item);
    return this.isDown ? throwAnything(new Error(`no answer for ${String(item)}`)) : item;
  }
}

/** Reads 1, 2 and 3, doubles them, has the service look at them, and saves them. */
function orders(service: Service, policy = errorPolicy('deadLetter')) {
  return definePipeline('orders', (builder) => {
    const double = builder.addTransform((item: number) => item * 2, {
      name: 'double',
      from: builder.addSource([1, 2, 3], 'source'),
    });
    const ask = builder.addTransform((item: number) => service.call(item), {
      name: 'ask',
      from: double,
      errorPolicy: policy,
    });
    builder.connect(
      ask,
      builder.addSink((item: number) => service.saved.push(item), 'save'),
    );
  });
}

/** The same with the service in a sub-pipeline. */
function nestedOrders(service: Service, more: { input?: boolean } = {}) {
  const Child = definePipeline<number, number>('check', (builder) => {
    const input = builder.addCompositeInput();
    const prepare = builder.addTransform((item: number) => item * 10, { name: 'prepare', from: input });
    const ask = builder.addTransform((item: number) => service.call(item), {
      name: 'ask',
      from: prepare,
      errorPolicy: errorPolicy('deadLetter'),
    });
    builder.connect(ask, builder.addCompositeOutput());
  });
  const Parent = definePipeline('orders', (builder) => {
    const source = builder.addSource([1, 2], 'source');
    const check =
      more.input === true
        ? builder.addComposite(Child, { name: 'check', from: source, input: (item: number) => item + 1 })
        : builder.addComposite(Child, { name: 'check', from: source });
    builder.connect(
      check,
      builder.addSink((item: number) => service.saved.push(item), 'save'),
    );
  });
  return { Child, Parent };
}

async function failed(definition: DefinitionClass<NoItem, NoItem>, context = {}) {
  const sink = new MemoryDeadLetterSink();
  await runPipeline(definition, { deadLetterSink: sink, ...context });
  return sink;
}

const firstOf = (sink: MemoryDeadLetterSink): DeadLetterEnvelope => {
  const [letter] = sink.envelopes;
  if (letter === undefined) throw new TypeError('the sink is empty');
  return letter;
};

describe('a replay', () => {
  test('enters each item where it failed, runs the nodes behind, and leaves nothing to do for a second one', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;

    expect(await replayDeadLetters(sink, { definition: Orders })).toEqual({
      replayed: 3,
      succeeded: 3,
      failedAgain: 0,
    });
    expect(service.saved).toEqual([2, 4, 6]);
    expect(sink.envelopes).toEqual([]);
    expect(await replayDeadLetters(sink, { definition: Orders })).toEqual({
      replayed: 0,
      succeeded: 0,
      failedAgain: 0,
    });
    expect(service.saved).toEqual([2, 4, 6]);
  });

  test('keeps what fails again: the same letter, with all its tries and each replay', async () => {
    const service = new Service();
    const Orders = orders(
      service,
      errorPolicy({ then: { retry: { attempts: 2, delay: fixed(0), exhausted: 'deadLetter' } } }),
    );
    const sink = await failed(Orders);
    const before = sink.envelopes.map(({ id }) => id);

    expect(await replayDeadLetters(sink, { definition: Orders })).toMatchObject({ failedAgain: 3 });
    await replayDeadLetters(sink, { definition: Orders });

    expect(sink.envelopes.map(({ id }) => id)).toEqual(before);
    for (const { attempts, replays, decidedAt, pipelineNames } of sink.envelopes) {
      expect({ attempts, decidedAt, pipelineNames }).toEqual({
        attempts: 6,
        decidedAt: 'orders/ask',
        pipelineNames: ['orders'],
      });
      expect(replays.map(({ outcome }) => outcome)).toEqual(['failedAgain', 'failedAgain']);
      expect(replays.every(({ at, runId }) => at > 0 && runId !== '')).toBe(true);
    }
  });

  test('of a full sink needs no room', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = new MemoryDeadLetterSink({ capacity: 3 });
    await runPipeline(Orders, { deadLetterSink: sink });

    await replayDeadLetters(sink, { definition: Orders });

    expect(sink.envelopes).toHaveLength(3);
  });

  test('counts a run that no letter tells of as failed again too', async () => {
    const service = new Service();
    const sink = await failed(orders(service));
    const Strict = orders(service, errorPolicy('fail'));

    expect(await replayDeadLetters(sink, { definition: Strict })).toMatchObject({ failedAgain: 3 });
    expect(firstOf(sink)).toMatchObject({ attempts: 2, replays: [{ outcome: 'failedAgain' }] });
  });

  test('reaches a node inside of a composite from the root: the rest of the parent runs too', async () => {
    const service = new Service();
    const { Parent } = nestedOrders(service);
    const sink = await failed(Parent);
    expect(firstOf(sink)).toMatchObject({
      decidedAt: 'orders/check/ask',
      pipelineNames: ['orders', 'check'],
    });
    service.isDown = false;

    expect(await replayDeadLetters(sink, { definition: Parent })).toMatchObject({ succeeded: 2 });
    expect(service.saved).toEqual([10, 20]);
  });

  test('runs the sub-pipeline alone with the recorded context, and gives its outputs', async () => {
    const service = new Service();
    const { Child, Parent } = nestedOrders(service);
    const sink = await failed(Parent);
    const outputs: unknown[] = [];

    await replayDeadLetters(sink, { definition: Child });
    expect(firstOf(sink)).toMatchObject({
      attempts: 2,
      path: 'orders/check/ask',
      decidedAt: 'orders/check/ask',
      pipelineNames: ['orders', 'check'],
    });
    service.isDown = false;
    await replayDeadLetters(sink, {
      definition: Child,
      onOutput: (output, { item }) => outputs.push([item, output]),
    });

    expect(outputs).toEqual([
      [10, 10],
      [20, 20],
    ]);
    expect([service.saved, sink.envelopes]).toEqual([[], []]);
  });

  test('from the start enters behind the only source, or at the input of a sub-pipeline', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;

    await replayDeadLetters(sink, { definition: Orders, from: 'start' });

    expect(service.saved).toEqual([4, 8, 12]);
  });

  test('has the recorded parameters, the caller’s over them, and the caller’s items', async () => {
    const seen: unknown[] = [];
    let isDown = true;
    const Orders = definePipeline('orders', (builder) => {
      const ask = builder.addTransform(
        (item: number, context) => {
          if (isDown) throw new Error('down');
          seen.push([
            context.parameters.get('region'),
            context.parameters.get('rate'),
            context.items.get('service'),
          ]);
          return item;
        },
        { name: 'ask', from: builder.addSource([1], 'source'), errorPolicy: 'deadLetter' },
      );
      builder.addSink(() => undefined, { from: ask });
    });
    const sink = await failed(Orders, {
      parameters: { region: 'north', rate: 1 },
      items: { service: 'old' },
    });
    isDown = false;

    await replayDeadLetters(sink, {
      definition: Orders,
      context: { parameters: { rate: 2 }, items: { service: 'new' } },
    });

    expect(seen).toEqual([['north', 2, 'new']]);
  });

  test('takes the eldest first, as many as the limit says, and only those the filter takes', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;

    await replayDeadLetters(sink, { definition: Orders, limit: 1, filter: ({ item }) => item !== 2 });

    expect(service.saved).toEqual([4]);
    expect(sink.envelopes.map(({ item }) => item)).toEqual([2, 6]);
  });

  test('finds the eldest of many letters, also where they have come last', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;
    const letter = firstOf(sink);
    for (let number = 1; number <= 50; number += 1)
      sink.write({ ...letter, id: String(number), item: number, failedAt: new Date(1000 - number) });

    await replayDeadLetters(sink, { definition: Orders, limit: 3 });

    expect(service.saved).toEqual([50, 49, 48]);
    expect(sink.envelopes).toHaveLength(50);
  });

  test('reads by fields, and refuses a filter that is none before anything is read', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;
    const { runId } = firstOf(sink);

    expect(await replayDeadLetters(sink, { definition: Orders, filter: { runId: 'other' } })).toMatchObject({
      replayed: 0,
    });
    expect(await replayDeadLetters(sink, { definition: Orders, filter: { runId } })).toMatchObject({
      succeeded: 3,
    });
    const wrong = replayDeadLetters(sink, { definition: Orders, filter: { node: 'ask' } as never });
    expect(await rejectionOf(wrong)).toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('hands the fields to a sink, and looks at what that gives: it may not know them', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;
    const asked: unknown[] = [];
    const own: ReplayableDeadLetterSink = {
      write: (letter) => {
        sink.write(letter);
      },
      read: (filter) => {
        asked.push(filter);
        return sink.read();
      },
      mark: (id, mark) => sink.mark(id, mark),
    };

    await replayDeadLetters(own, { definition: Orders, filter: { path: 'orders/other' } });
    await replayDeadLetters(own, { definition: Orders, filter: () => true, limit: 1 });

    expect(asked).toEqual([{ path: 'orders/other' }, undefined]);
    expect(service.saved).toEqual([2]);
  });

  test('ends with what a filter throws, which is no failure of the sink', async () => {
    const sink = await failed(orders(new Service()));
    const filter = (): boolean => throwAnything(new RangeError('no'));
    const replaying = replayDeadLetters(sink, { definition: orders(new Service()), filter });
    await expect(replaying).rejects.toThrow(RangeError);
  });

  test('stops after so many failures', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);

    expect(await replayDeadLetters(sink, { definition: Orders, stopAfter: 2 })).toEqual({
      replayed: 2,
      succeeded: 0,
      failedAgain: 2,
    });
  });

  test('begins evenly, by the clock of the runner', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });

    const replay = replayDeadLetters(sink, { definition: Orders, runner, perSecond: 2 });
    await nextTurn();
    expect(service.saved).toEqual([2]);
    await clock.advance(499);
    expect(service.saved).toEqual([2]);
    await clock.advance(501);
    await replay;
    expect(service.saved).toEqual([2, 4, 6]);
  });

  test('that fails in onOutput keeps the letter', async () => {
    const service = new Service();
    const { Child, Parent } = nestedOrders(service);
    const sink = await failed(Parent);
    service.isDown = false;

    const tally = await replayDeadLetters(sink, {
      definition: Child,
      onOutput: (output) => (output === 10 ? Promise.reject(new Error('disk full')) : undefined),
    });

    expect(tally).toEqual({ replayed: 2, succeeded: 1, failedAgain: 1 });
    expect(sink.envelopes.map(({ item }) => item)).toEqual([10]);
  });

  test('leaves letters to another replay that has claimed them', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    service.isDown = false;

    const tallies = await Promise.all([
      replayDeadLetters(sink, { definition: Orders }),
      replayDeadLetters(sink, { definition: Orders, concurrency: 2 }),
    ]);

    expect(tallies.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(3);
    expect([...service.saved].sort()).toEqual([2, 4, 6]);
  });

  test('takes over a claim after ten minutes', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    const { id } = firstOf(sink);
    service.isDown = false;
    const at = Date.now();
    const claim = { outcome: 'claimed', attempts: 1, runId: 'crashed' } as const;

    expect(sink.mark(id, { ...claim, at })).toBe(true);
    expect(sink.mark(id, { ...claim, at: at + 599_999 })).toBe(false);
    expect(await replayDeadLetters(sink, { definition: Orders })).toMatchObject({ replayed: 2 });
    expect(sink.mark(id, { ...claim, at: at + 600_000 })).toBe(true);
  });

  test('that is cancelled says how far it came, and releases the letters under way', async () => {
    const isDown = gate();
    const controller = new AbortController();
    let calls = 0;
    const Orders = definePipeline('orders', (builder) => {
      const ask = builder.addTransform(
        async (item: number, context) => {
          calls += 1;
          if (calls <= 3) throw new Error('down');
          if (calls === 5) {
            controller.abort();
            await isDown.opened;
            context.signal.throwIfAborted();
          }
          return item;
        },
        { name: 'ask', from: builder.addSource([1, 2, 3], 'source'), errorPolicy: 'deadLetter' },
      );
      builder.addSink(() => undefined, { from: ask });
    });
    const sink = await failed(Orders);

    const replay = replayDeadLetters(sink, { definition: Orders, context: { signal: controller.signal } });
    setImmediate(() => {
      isDown.open();
    });
    const error = await rejectionOf(replay);

    expect(error.code).toBe('RUN_CANCELLED');
    expect(error.tally).toEqual({ replayed: 1, succeeded: 1, failedAgain: 0 });
    expect(sink.envelopes.map(({ replays }) => replays.map(({ outcome }) => outcome))).toEqual([
      ['released'],
      [],
    ]);
  });
});

describe('a replay refuses', () => {
  test('letters that do not fit, before any is claimed', async () => {
    const service = new Service();
    const Orders = orders(service);
    const { Child, Parent } = nestedOrders(service, { input: true });
    const cases: [MemoryDeadLetterSink, Parameters<typeof replayDeadLetters>[1], RegExp][] = [
      [await failed(Orders), { definition: Child }, /did not fail in 'check'/],
      [await failed(Parent), { definition: Orders }, /failed at 'check'/],
      [await failed(Parent), { definition: Parent }, /needs the item that the composite had/],
    ];
    for (const [sink, options, message] of cases) {
      const before = sink.envelopes;
      const error = await rejectionOf(replayDeadLetters(sink, options));
      expect(error.code).toBe('REPLAY_INCOMPATIBLE');
      expect(error.message).toMatch(message);
      expect(sink.envelopes).toEqual(before);
    }
  });

  test('an envelope of another version, and one whose item was redacted or kept as a text', async () => {
    const service = new Service();
    const Orders = orders(service);
    const cases = [
      [{ version: 2 }, /with the version of heirline that wrote it/],
      [{ item: { key: '[secret]' } }, /the item anew/],
      [{ asText: ['.check'] }, /the item anew/],
    ] as const;
    for (const [change, remedy] of cases) {
      const sink = await failed(Orders);
      sink.write({ ...firstOf(sink), ...change } as DeadLetterEnvelope);
      const error = await rejectionOf(replayDeadLetters(sink, { definition: Orders }));
      expect(error.code).toBe('REPLAY_INCOMPATIBLE');
      expect(error.message).toMatch(remedy);
      expect(sink.envelopes).toHaveLength(3);
    }
  });

  test('a context without what the pipeline requires', async () => {
    const service = new Service();
    const Orders = orders(service);
    const sink = await failed(Orders);
    const Needing = Object.assign(orders(service), {
      pipeline: { name: 'orders', requires: { items: ['service'] } },
    });

    expect((await rejectionOf(replayDeadLetters(sink, { definition: Needing }))).code).toBe(
      'CONTEXT_REQUIREMENT_UNMET',
    );
    expect(service.calls).toHaveLength(3);
  });

  test('wrong options', async () => {
    const definition = orders(new Service());
    const sink = await failed(definition);
    for (const options of [
      {},
      { definition, limit: 0 },
      { definition, perSecond: 0 },
      { definition, context: { run: { runId: 'mine' } } },
      { definition, context: { deadLetterSink: sink } },
      { definition, whatever: 1 },
      { definition, filter: () => Promise.resolve(false) },
    ]) {
      const given = options as Parameters<typeof replayDeadLetters>[1];
      expect((await rejectionOf(replayDeadLetters(sink, given))).code).toBe('OPTION_INVALID');
    }
  });
});
