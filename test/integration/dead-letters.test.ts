import { describe, expect, test } from 'vitest';
import {
  contextKey,
  errorPolicy,
  fixed,
  MemoryDeadLetterSink,
  PipelineRunner,
  runPipeline,
  type DeadLetterEnvelope,
  type DeadLetterSink,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

const ignore = (): void => undefined;

/** A pipeline whose transform `check` dead-letters every item of which `fails` says so. */
function checking(items: Iterable<number>, fails: (item: number) => boolean, outputs: number[] = []) {
  return definePipeline('orders', (builder) => {
    const check = builder.addTransform(
      (item: number) => (fails(item) ? throwAnything(new RangeError(`${String(item)} is too much`)) : item),
      { name: 'check', from: builder.addSource(items, 'source'), errorPolicy: errorPolicy('deadLetter') },
    );
    builder.connect(
      check,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** The only envelope there is. */
function onlyLetter(letters: KeptLetters): DeadLetterEnvelope {
  const [letter] = letters.envelopes;
  if (letter === undefined || letters.envelopes.length !== 1) {
    throw new TypeError(`expected one envelope, got ${String(letters.envelopes.length)}`);
  }
  return letter;
}

describe('a dead-lettered item', () => {
  test('leaves the stream, is counted, and the others go on', async () => {
    const letters = new KeptLetters();
    const outputs: number[] = [];

    const result = await runPipeline(
      checking(range(1, 6), (item) => item % 3 === 0, outputs),
      { deadLetterSink: letters },
    );

    expect(outputs).toEqual([1, 2, 4, 5]);
    expect(letters.envelopes.map((letter) => letter.item)).toEqual([3, 6]);
    expect(countsAt(result, 'orders/check')).toMatchObject({ in: 6, out: 4, deadLettered: 2, failed: 0 });
    expectBalanced(result);
  });

  test('comes in an envelope that says what, where, when, why and how often', async () => {
    const letters = new KeptLetters();
    const before = Date.now();
    const result = await runPipeline(
      checking([7], () => true),
      {
        deadLetterSink: letters,
        parameters: { region: 'north' },
        run: { runId: 'monday' },
      },
    );

    const letter = onlyLetter(letters);
    expect(letter).toMatchObject({
      item: 7,
      path: 'orders/check',
      decidedAt: 'orders/check',
      runId: 'monday',
      pipelineId: result.pipelineId,
      pipelineName: 'orders',
      attempts: 1,
    });
    expect(letter.id).not.toBe('');
    expect(letter.failedAt).toBeInstanceOf(Date);
    expect(letter.failedAt.getTime()).toBeGreaterThanOrEqual(before - 1);
    expect(letter.failedAt.getTime()).toBeLessThanOrEqual(Date.now() + 1);
    expect(JSON.stringify(letter.context)).toContain('north');
  });

  test('has an id of its own', async () => {
    const letters = new KeptLetters();

    await runPipeline(
      checking(range(1, 100), () => true),
      { deadLetterSink: letters },
    );

    expect(new Set(letters.envelopes.map((letter) => letter.id)).size).toBe(100);
  });

  test('is the very object that failed', async () => {
    const letters = new KeptLetters();
    const item = { id: 1 };
    const Parent = definePipeline('orders', (builder) => {
      const check = builder.addTransform((): number => throwAnything(new Error('no')), {
        name: 'check',
        from: builder.addSource([item], 'source'),
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(check, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { deadLetterSink: letters });

    expect(onlyLetter(letters).item).toBe(item);
  });

  test('carries its error as plain data: the NODE_FAILED, with the original and its causes below', async () => {
    const letters = new KeptLetters();
    const root = Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
    const Parent = definePipeline('orders', (builder) => {
      const check = builder.addTransform(
        (): number => throwAnything(new TypeError('no rate', { cause: root })),
        {
          name: 'check',
          from: builder.addSource([1], 'source'),
          errorPolicy: errorPolicy('deadLetter'),
        },
      );
      builder.connect(check, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { deadLetterSink: letters });

    const { error } = onlyLetter(letters);
    expect(error).not.toBeInstanceOf(Error);
    expect(error.code).toBe('NODE_FAILED');
    expect(error.message).toContain('orders/check');
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'no rate' });
    expect(error.cause).not.toBeInstanceOf(Error);
    expect(error.cause?.stack).toContain('TypeError');
    expect(error.cause?.cause).toMatchObject({
      name: 'Error',
      code: 'ECONNRESET',
      message: 'connection reset',
    });
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      code: 'NODE_FAILED',
      cause: { message: 'no rate' },
    });
  });

  test('carries its context as plain data, without the live services', async () => {
    const letters = new KeptLetters();
    const service: Record<string, unknown> = { port: 5_432 };
    service['self'] = service;

    await runPipeline(
      checking([1], () => true),
      {
        deadLetterSink: letters,
        parameters: { region: 'north' },
        items: { service },
        properties: { note: 'n' },
      },
    );

    const { context } = onlyLetter(letters);
    const shown = JSON.stringify(context);
    expect(shown).toContain('north');
    expect(shown).not.toContain('5432');
    expect(structuredClone(context)).toEqual(context);
  });

  test('in a child: the child’s node, ids and context', async () => {
    const letters = new KeptLetters();
    const childIds: string[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        (_item: number, context): number => {
          childIds.push(context.pipelineId);
          return throwAnything(new Error('no'));
        },
        { name: 'node', from: builder.addCompositeInput(), errorPolicy: errorPolicy('deadLetter') },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('orders', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1], 'source'),
        with: { parameters: { given: 'to the child' } },
      });
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    const result = await runPipeline(Parent, {
      deadLetterSink: letters,
      parameters: { kept: 'by the parent' },
    });

    const letter = onlyLetter(letters);
    expect(letter).toMatchObject({
      item: 1,
      path: 'orders/child/node',
      decidedAt: 'orders/child/node',
      pipelineName: 'child-pipeline',
      pipelineId: childIds[0],
      runId: result.runId,
    });
    expect(JSON.stringify(letter.context)).toContain('to the child');
    expect(JSON.stringify(letter.context)).not.toContain('by the parent');
    expect(countsAt(result, 'orders/child/node')).toMatchObject({ in: 1, deadLettered: 1 });
    expect(countsAt(result, 'orders/child')).toMatchObject({ in: 1, filtered: 1, failed: 0 });
    expectBalanced(result);
  });

  test('decided by a composite: the parent’s item, the path of the node that failed, the composite that decided', async () => {
    const letters = new KeptLetters();
    const Child = definePipeline<string, number>('child-pipeline', (builder) => {
      const parse = builder.addTransform((item: string) => Number(item), {
        name: 'parse',
        from: builder.addCompositeInput(),
      });
      const check = builder.addTransform(
        (item: number) => (Number.isNaN(item) ? throwAnything(new TypeError('not a number')) : item),
        { name: 'check', from: parse },
      );
      builder.connect(check, builder.addCompositeOutput());
    });
    const Parent = definePipeline('orders', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(['1', 'two', '3'], 'source'),
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    const result = await runPipeline(Parent, { deadLetterSink: letters });

    expect(onlyLetter(letters)).toMatchObject({
      item: 'two',
      path: 'orders/child/check',
      decidedAt: 'orders/child',
      error: { code: 'NODE_FAILED', cause: { message: 'not a number' } },
    });
    expect(countsAt(result, 'orders/child')).toMatchObject({ in: 3, out: 2, deadLettered: 1 });
    expectBalanced(result);
  });

  test('after retries counts all its tries', async () => {
    const letters = new KeptLetters();
    let calls = 0;
    const Parent = definePipeline('orders', (builder) => {
      const check = builder.addTransform(
        (): number => {
          calls += 1;
          return throwAnything(new Error('busy'));
        },
        {
          name: 'check',
          from: builder.addSource([1], 'source'),
          errorPolicy: errorPolicy({
            then: { retry: { attempts: 3, delay: fixed(0), exhausted: 'deadLetter' } },
          }),
        },
      );
      builder.connect(check, builder.addSink(ignore, 'sink'));
    });

    const result = await runPipeline(Parent, { deadLetterSink: letters });

    expect(calls).toBe(3);
    expect(onlyLetter(letters).attempts).toBe(3);
    expect(countsAt(result, 'orders/check')).toMatchObject({ in: 1, deadLettered: 1, retried: 2 });
  });

  test('can be an item of a sink', async () => {
    const letters = new KeptLetters();
    const Parent = definePipeline('orders', (builder) => {
      builder.connect(
        builder.addSource([1, 2], 'source'),
        builder.addSink((item: number) => (item === 1 ? throwAnything(new Error('no')) : item), {
          name: 'save',
          errorPolicy: errorPolicy('deadLetter'),
        }),
      );
    });

    const result = await runPipeline(Parent, { deadLetterSink: letters });

    expect(onlyLetter(letters)).toMatchObject({ item: 1, path: 'orders/save' });
    expect(countsAt(result, 'orders/save')).toMatchObject({ in: 2, out: 1, deadLettered: 1 });
  });
});

describe('a dead-letter sink', () => {
  test('is awaited: the next item waits for it, and so does the end of the run', async () => {
    const log: string[] = [];
    const sink: DeadLetterSink = {
      async write(letter) {
        log.push(`writing ${String(letter.item)}`);
        await delay(3);
        log.push(`written ${String(letter.item)}`);
      },
    };

    await runPipeline(
      checking([1, 2], () => true),
      { deadLetterSink: sink },
    );

    expect(log).toEqual(['writing 1', 'written 1', 'writing 2', 'written 2']);
  });

  test('of the runner is used where the context has none; that of the context replaces it', async () => {
    const ofRunner = new KeptLetters();
    const ofContext = new KeptLetters();
    const runner = new PipelineRunner({ deadLetterSink: ofRunner });
    const Orders = checking([1], () => true);

    await runner.run(Orders);
    expect([ofRunner.envelopes.length, ofContext.envelopes.length]).toEqual([1, 0]);

    await runner.run(Orders, { deadLetterSink: ofContext });
    expect([ofRunner.envelopes.length, ofContext.envelopes.length]).toEqual([1, 1]);
  });

  for (const [manner, write] of [
    ['throws', () => throwAnything(new Error('disk full'))],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ] as const) {
    test(`that ${manner} ends the run with SINK_REJECTED, which no policy handles`, async () => {
      const Child = definePipeline<number, number>('child-pipeline', (builder) => {
        const node = builder.addTransform((): number => throwAnything(new Error('no')), {
          name: 'node',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy('deadLetter'),
        });
        builder.connect(node, builder.addCompositeOutput());
      });
      const Parent = definePipeline('orders', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1, 2], 'source'),
          errorPolicy: errorPolicy({ on: 'SINK_REJECTED', then: 'skip' }, { then: 'skip' }),
        });
        builder.connect(child, builder.addSink(ignore, 'sink'));
      });

      const error = await rejectionOf(runPipeline(Parent, { deadLetterSink: { write } }));

      expect(error.code).toBe('SINK_REJECTED');
      expect(error.cause).toMatchObject({ message: 'disk full' });
      expect(resultOf(error).status).toBe('failed');
      expectBalanced(resultOf(error));
    });
  }

  test('that is missing makes a deadLetter decision a failure, and the message says so', async () => {
    const original = new RangeError('1 is too much');
    const Parent = definePipeline('orders', (builder) => {
      const check = builder.addTransform((): number => throwAnything(original), {
        name: 'check',
        from: builder.addSource([1], 'source'),
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(check, builder.addSink(ignore, 'sink'));
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'orders/check' });
    expect(error.cause).toBe(original);
    expect(error.message).toMatch(/dead.?letter/i);
    expect(countsAt(resultOf(error), 'orders/check')).toMatchObject({ in: 1, deadLettered: 0, failed: 1 });
  });

  test('is missing too in a child that does not inherit it', async () => {
    const letters = new KeptLetters();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform((): number => throwAnything(new Error('no')), {
        name: 'node',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('orders', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1], 'source'),
        contextConfiguration: { inheritDeadLetterDecorator: false },
      });
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    const error = await rejectionOf(new PipelineRunner({ deadLetterSink: letters }).run(Parent));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'orders/child/node' });
    expect(letters.envelopes).toEqual([]);
  });

  test('is reached from several lanes at once without losing a letter', async () => {
    const letters = new KeptLetters();
    const Parent = definePipeline('orders', (builder) => {
      const check = builder.addTransform(
        async (item: number) => {
          await nextTurn();
          return item % 2 === 0 ? throwAnything(new Error('even')) : item;
        },
        {
          name: 'check',
          from: builder.addSource(range(1, 100), 'source'),
          concurrency: 16,
          errorPolicy: errorPolicy('deadLetter'),
        },
      );
      builder.connect(check, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { deadLetterSink: letters });

    expect(letters.envelopes.map((letter) => Number(letter.item)).sort((a, b) => a - b)).toEqual(
      range(1, 50).map((item) => item * 2),
    );
  });
});

describe('a dead-letter decorator', () => {
  const Team = contextKey<string>('Team');
  const stamped =
    (team: string) =>
    (letter: DeadLetterEnvelope): DeadLetterEnvelope => ({ ...letter, id: `${team}-${letter.id}` });

  test('completes every envelope, also for the sink of the runner', async () => {
    const letters = new KeptLetters();

    await new PipelineRunner({ deadLetterSink: letters }).run(
      checking([1], () => true),
      { deadLetterDecorator: stamped('harbour'), parameters: [[Team, 'harbour']] },
    );

    expect(onlyLetter(letters).id).toMatch(/^harbour-./);
  });

  test('is inherited with the sink at every level', async () => {
    const letters = new KeptLetters();
    const Inner = definePipeline<number, number>('inner', (builder) => {
      const node = builder.addTransform((): number => throwAnything(new Error('no')), {
        name: 'node',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Outer = definePipeline<number, number>('outer', (builder) => {
      const inner = builder.addComposite(Inner, { name: 'inner', from: builder.addCompositeInput() });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const Parent = definePipeline('orders', (builder) => {
      const outer = builder.addComposite(Outer, { name: 'outer', from: builder.addSource([1], 'source') });
      builder.connect(outer, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { deadLetterSink: letters, deadLetterDecorator: stamped('harbour') });

    expect(onlyLetter(letters)).toMatchObject({ path: 'orders/outer/inner/node' });
    expect(onlyLetter(letters).id).toMatch(/^harbour-./);
  });

  test('that throws ends the run with SINK_REJECTED', async () => {
    const letters = new KeptLetters();

    const error = await rejectionOf(
      runPipeline(
        checking([1], () => true),
        { deadLetterSink: letters, deadLetterDecorator: () => throwAnything(new Error('no stamp')) },
      ),
    );

    expect(error.code).toBe('SINK_REJECTED');
    expect(letters.envelopes).toEqual([]);
  });
});

describe('MemoryDeadLetterSink', () => {
  test('takes 1,000 letters and refuses the next one loudly', async () => {
    const full = checking(range(1, 1_001), () => true);
    const fits = checking(range(1, 1_000), () => true);

    const result = await runPipeline(fits, { deadLetterSink: new MemoryDeadLetterSink() });
    expect(countsAt(result, 'orders/check').deadLettered).toBe(1_000);

    const error = await rejectionOf(runPipeline(full, { deadLetterSink: new MemoryDeadLetterSink() }));
    expect(error.code).toBe('SINK_REJECTED');
    expect(error.cause).toMatchObject({ code: 'DEAD_LETTER_FULL' });
    expectBalanced(resultOf(error));
  });
});

describe('a cancel', () => {
  test('while a letter is being written waits for the sink and stays a cancel', async () => {
    const writing = gate();
    const written: unknown[] = [];
    const controller = new AbortController();
    const sink: DeadLetterSink = {
      async write(letter) {
        writing.open();
        await delay(5);
        written.push(letter.item);
      },
    };

    const run = rejectionOf(
      runPipeline(
        checking([1, 2, 3], () => true),
        { deadLetterSink: sink, signal: controller.signal },
      ),
    );
    await writing.opened;
    controller.abort();
    const error = await run;

    expect(error.code).toBe('RUN_CANCELLED');
    expect(written).toEqual([1]);
    expectBalanced(resultOf(error));
  });
});
