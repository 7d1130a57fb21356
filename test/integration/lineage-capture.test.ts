import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  mapSecrets,
  MemoryLineageSink,
  redactKeys,
  runPipeline,
  SKIP,
  type LineageOptions,
  type LineageRecord,
  type NoItem,
  type PipelineError,
} from 'heirline';
import {
  definePipeline,
  defineStep,
  nextTurn,
  range,
  throwAnything,
  type DefinitionClass,
} from './support/harness.js';

const ignore = (): void => undefined;

/** Runs a pipeline and gives what lineage has recorded, and the lines of the log. */
async function recorded(
  definition: DefinitionClass<NoItem, NoItem>,
  options: Partial<LineageOptions>,
): Promise<{ records: readonly LineageRecord[]; lines: string[] }> {
  const sink = new MemoryLineageSink();
  const lines: string[] = [];
  const write = (_fields: unknown, message?: string): void => void lines.push(String(message));
  const logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: write };
  await runPipeline(definition, { lineage: { sink, ...options }, logger }).catch(ignore);
  return { records: sink.records, lines };
}

/** `read`, `child` with its `step`, and `save`. */
function nested(step: (item: number) => number | typeof SKIP | Promise<number>, retries = 1) {
  return definePipeline('root', (builder) => {
    const child = builder.addComposite(
      defineStep<number, number | typeof SKIP>('child-pipeline', 'step', step),
      {
        name: 'child',
        from: builder.addSource([1, 2], 'read'),
        output: 'optional',
        ...(retries > 1 ? { errorPolicy: errorPolicy({ then: { retry: { attempts: retries } } }) } : {}),
      },
    );
    builder.connect(child, builder.addSink(ignore, 'save'));
  });
}

const shownOf = (records: readonly LineageRecord[]): string[] =>
  records.map(
    ({ correlationId, outcome, path }) => `${correlationId.split('#')[1] ?? ''} ${outcome} ${path}`,
  );

describe("capture: 'all'", () => {
  test('writes a record for each node that an item passes, when it passes it', async () => {
    const { records } = await recorded(
      nested((item) => (item === 2 ? SKIP : item)),
      { capture: 'all' },
    );

    expect(shownOf(records)).toEqual([
      '1 passed root/read',
      '1 passed root/child/input',
      '1 passed root/child/step',
      '1 passed root/child/output',
      '1 passed root/child',
      '1 passed root/save',
      '1 emitted root/save',
      '2 passed root/read',
      '2 passed root/child/input',
      '2 passed root/child/step',
      '2 passed root/child',
      '2 filtered root/child/step',
    ]);
    const [, , step] = records;
    expect(step).toMatchObject({ terminal: false, pipelineName: 'child-pipeline', attempts: 1 });
    expect(step?.traversal).toEqual([
      expect.objectContaining({ path: 'root/child/step', cardinality: 'one' }),
    ]);
  });

  test('ends each item as the terminal records alone do', async () => {
    for (const step of [
      (item: number) => item * 2,
      (item: number) => (item > 1 ? throwAnything(item) : item),
    ]) {
      const all = await recorded(nested(step), { capture: 'all' });
      const terminal = await recorded(nested(step), {});
      const ends = all.records.filter((record) => record.terminal);

      expect(shownOf(ends)).toEqual(shownOf(terminal.records));
      expect(ends.map(({ traversal }) => traversal.map(({ path }) => path))).toEqual(
        terminal.records.map(({ traversal }) => traversal.map(({ path }) => path)),
      );
    }
  });

  test('writes what tries that fail have passed, which is not on the way of the item', async () => {
    let tries = 0;
    const { records } = await recorded(
      nested((item) => ((tries += 1) === 1 ? throwAnything(new Error('busy')) : item), 2),
      { capture: 'all' },
    );

    const first = records.filter(({ correlationId }) => correlationId.endsWith('#1'));
    expect(first.filter(({ path }) => path === 'root/child/input')).toHaveLength(2);
    const hops = first.at(-1)?.traversal ?? [];
    expect(hops.filter(({ path }) => path === 'root/child/input')).toHaveLength(1);
    expect(hops.find(({ path }) => path === 'root/child')?.attempts).toBe(2);
  });

  test('writes nothing more of a try that was given up at its limit', async () => {
    let release: () => void = ignore;
    const late = new Promise<void>((resolve) => (release = resolve));
    const kept = new MemoryLineageSink();
    const sink = {
      record(record: LineageRecord): void {
        kept.record(record);
        // The calls end once both items have.
        if (kept.records.filter(({ terminal }) => terminal).length === 2) release();
      },
    };
    const Root = definePipeline('root', (builder) => {
      const Slow = definePipeline<number, number>('slow', (child) => {
        const wait = child.addTransform(async (item: number) => late.then(() => item), {
          name: 'wait',
          from: child.addCompositeInput(),
        });
        child.connect(wait, child.addCompositeOutput());
      });
      const slow = builder.addComposite(Slow, {
        name: 'slow',
        from: builder.addSource([1, 2], 'read'),
        timeoutMs: 5,
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(slow, builder.addSink(ignore, 'save'));
    });
    await runPipeline(Root, { lineage: { sink, capture: 'all' } });

    expect(kept.records.filter(({ path }) => path === 'root/slow/wait')).toEqual([]);
    expect(kept.records.filter(({ terminal }) => terminal).map(({ outcome }) => outcome)).toEqual([
      'filtered',
      'filtered',
    ]);
  });
});

/** Orders with a card number, priced by a transform that changes the order itself. */
const orders = definePipeline('root', (builder) => {
  const priced = builder.addTransform(
    (order: { id: number; card: string; price?: number }) => {
      order.price = order.id * 10;
      return order;
    },
    { name: 'price', from: builder.addSource([{ id: 7, card: '4111' }], 'read') },
  );
  builder.connect(priced, builder.addSink(ignore, 'save'));
});

describe('what records show of items', () => {
  test.each([undefined, true] as const)('is nothing with redact: %s', async (redact) => {
    const { records } = await recorded(orders, { capture: 'all', redact });

    for (const record of records) {
      expect(record).not.toHaveProperty('input');
      expect(record).not.toHaveProperty('output');
    }
  });

  test('is what a function makes of them, as they were at that node', async () => {
    const { records } = await recorded(orders, { capture: 'all', redact: (order) => order });

    const seen = records.map(({ path, outcome, input, output }) => ({
      at: `${outcome} ${path}`,
      input,
      output,
    }));
    const bare = { id: 7, card: '4111' };
    const priced = { ...bare, price: 70 };
    expect(seen).toEqual([
      { at: 'passed root/read', input: bare, output: bare },
      { at: 'passed root/price', input: priced, output: priced },
      { at: 'passed root/save', input: priced, output: undefined },
      { at: 'emitted root/save', input: bare, output: priced },
    ]);
  });

  test('leaves out the values of some keys', async () => {
    const { records } = await recorded(orders, { redact: redactKeys(['CARD']) });

    expect(records[0]?.output).toEqual({ id: 7, card: '[redacted]', price: 70 });
    expect(JSON.stringify(records)).not.toContain('4111');
  });

  test.each([
    ['throws', () => throwAnything(new Error('no'))],
    ['gives a promise', async () => Promise.reject(new Error('late'))],
  ])('is a word where the function %s, told once', async (_, redact) => {
    const { records, lines } = await recorded(orders, { capture: 'all', redact });

    for (const { input } of records) expect(input).toBe('[unredactable]');
    expect(lines).toEqual(["the 'redact' function of lineage failed; the run goes on"]);
  });

  test('is what goes into the child of a composite where it is mapped, and comes out of it', async () => {
    const Mapped = definePipeline('root', (builder) => {
      const child = builder.addComposite(
        defineStep<string, string>('child-pipeline', 'step', (text) => `${text}!`),
        {
          name: 'child',
          from: builder.addSource([{ text: 'a' }], 'read'),
          input: (item: { text: string }) => item.text,
          combine: (item: { text: string }, output: string) => ({ ...item, output }),
        },
      );
      builder.connect(child, builder.addSink(ignore, 'save'));
    });
    const { records } = await recorded(Mapped, { capture: 'all', redact: (item) => item });

    const at = (path: string) => records.find((record) => record.path === path);
    expect(at('root/child/step')).toMatchObject({ input: 'a', output: 'a!' });
    expect(at('root/child')).toMatchObject({ input: { text: 'a' }, output: { text: 'a', output: 'a!' } });
    expect(records.at(-1)).toMatchObject({ input: { text: 'a' }, output: { text: 'a', output: 'a!' } });
  });

  test('has what an error says only through a function that lets texts pass', async () => {
    const failing = nested(() => throwAnything(new TypeError('card 4111')));
    const errorWith = async (redact: LineageOptions['redact']) =>
      (await recorded(failing, { redact })).records[0]?.error;

    expect(await errorWith((value) => value)).toEqual({
      code: 'NODE_FAILED',
      name: 'TypeError',
      message: 'card 4111',
    });
    const without = { code: 'NODE_FAILED', name: 'TypeError' };
    expect(await errorWith(undefined)).toEqual(without);
    expect(await errorWith(redactKeys(['card']))).toEqual(without);
    expect(await errorWith(() => ({ any: 'thing' }))).toEqual(without);
  });
});

describe('redactKeys', () => {
  test('copies plain data of any shape, without the values of its keys', () => {
    const redact = redactKeys(['token', 'Card']);
    const shared = { token: 1, kept: [new Map([['card', 2]]), new Set([{ TOKEN: 3 }])] };
    const cyclic: Record<string, unknown> = { name: 'a', token: 4 };
    cyclic['self'] = cyclic;

    expect(redact(shared)).toEqual({
      token: '[redacted]',
      kept: [new Map([['card', '[redacted]']]), new Set([{ TOKEN: '[redacted]' }])],
    });
    const copy = redact(cyclic) as typeof cyclic;
    expect(copy['self']).toBe(copy);
    expect(copy['token']).toBe('[redacted]');
    expect(shared.token).toBe(1);
  });

  test('keeps nothing of what it does not know', () => {
    class Account {
      readonly token = 'abc';
    }
    const redact = redactKeys(['token']);
    expect(redact(new Account())).toBe('[redacted]');
    expect(redact({ account: new Account(), make: () => 'abc' })).toEqual({
      account: '[redacted]',
      make: '[redacted]',
    });
    expect([redact(7), redact('text'), redact(null), redact(undefined)]).toEqual([
      7,
      'text',
      null,
      undefined,
    ]);
  });

  test('takes an own key by the name of __proto__ for a key like any other', () => {
    const given: unknown = JSON.parse('{ "__proto__": { "token": 1 }, "a": 2 }');
    const copy = redactKeys(['token'])(given) as object;

    expect(Object.keys(copy)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  test('refuses anything but a list of names', () => {
    for (const wrong of [undefined, 'token', [''], [1]])
      expect(() => redactKeys(wrong as string[])).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }) as PipelineError,
      );
  });
});

test('secrets that the run has read are in no record, whatever is kept of items', async () => {
  const sink = new MemoryLineageSink();
  const Root = definePipeline('root', (builder) => {
    const used = builder.addTransform(
      async (item: string, { run }) => {
        const secret = (await run.secrets.get('KEY')).reveal();
        if (item === 'fail') throw new Error(`wrong: ${secret}`);
        return { item, header: `Bearer ${secret}` };
      },
      { name: 'used', from: builder.addSource(['pass', 'fail'], 'read'), errorPolicy: errorPolicy('skip') },
    );
    builder.connect(used, builder.addSink(ignore, 'save'));
  });
  await runPipeline(Root, {
    lineage: { sink, capture: 'all', redact: (item) => item, key: (item) => JSON.stringify(item) },
    run: { secrets: mapSecrets({ KEY: 'open sesame' }) },
  });

  expect(sink.records.map(({ outcome }) => outcome)).toContain('filtered');
  expect(JSON.stringify(sink.records)).not.toContain('open sesame');
  expect(JSON.stringify(sink.records)).toContain('wrong: [secret]');
});

describe('the key of an item', () => {
  test('is asked once for each end, with the item as it ended, and found again', async () => {
    const sink = new MemoryLineageSink();
    const asked: unknown[] = [];
    const key = (item: unknown): string => {
      asked.push(item);
      return `item-${String(item)}`;
    };
    await runPipeline(
      nested((item) => item * 10),
      { lineage: { sink, key, capture: 'all' } },
    );

    expect(asked).toEqual([10, 20]);
    expect(
      sink.byKey('item-20').map(({ terminal, correlationId }) => [terminal, correlationId.slice(-2)]),
    ).toEqual([[true, '#2']]);
  });

  test('is not asked of tries that fail', async () => {
    let tries = 0;
    const asked: unknown[] = [];
    const { records } = await recorded(
      nested((item) => ((tries += 1) < 3 ? throwAnything(new Error('busy')) : item * 10), 3),
      { key: (item) => String(asked.push(item)) },
    );

    expect(asked).toEqual([10, 20]);
    expect(records.map(({ key }) => key)).toEqual(['1', '2']);
  });

  test.each([
    ['throws', () => throwAnything(new Error('no'))],
    ['gives a promise', (): string => Promise.reject(new Error('late')) as unknown as string],
    ['gives a number', (): string => 7 as unknown as string],
    ['gives an empty text', () => ''],
  ])('is none where the function %s, told once', async (_, key) => {
    const { records, lines } = await recorded(nested(Number), { key });

    expect(records).toHaveLength(2);
    for (const record of records) expect(record).not.toHaveProperty('key');
    expect(lines).toEqual(["the 'key' function of lineage failed; the run goes on"]);
  });

  test('of items that a stream transform holds does not keep the items', async () => {
    const { records } = await recorded(
      definePipeline('root', (builder) => {
        const sum = builder.addStreamTransform(
          async function* (items: AsyncIterable<{ id: number }>) {
            let total = 0;
            for await (const item of items) {
              total += item.id;
              item.id = -1;
            }
            yield { id: total };
          },
          { name: 'sum', from: builder.addSource([{ id: 1 }, { id: 2 }], 'read') },
        );
        builder.connect(sum, builder.addSink(ignore, 'save'));
      }),
      { key: (item) => String((item as { id: number }).id) },
    );

    expect(records.map(({ outcome, key }) => `${outcome} ${key ?? ''}`)).toEqual([
      'aggregated 1',
      'aggregated 2',
      'emitted 3',
    ]);
  });
});

describe('the version of a pipeline', () => {
  test('is in the records of its own nodes', async () => {
    const Child = defineStep<number, number>('child-pipeline', 'step', (item) => item);
    Object.assign(Child, { pipeline: { name: 'child-pipeline', version: '2.1' } });
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'read') });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });
    const { records } = await recorded(Root, { capture: 'all' });

    const versions = new Map(records.map(({ path, pipelineVersion }) => [path, pipelineVersion]));
    expect(versions.get('root/child/step')).toBe('2.1');
    expect(records.find(({ path }) => path === 'root/save')).not.toHaveProperty('pipelineVersion');
  });
});

describe('a sink that answers later', () => {
  test('has at most maxPending records in its hands, and gets all of them in order', async () => {
    for (const maxPending of [1, 3]) {
      let open = 0;
      let most = 0;
      const numbers: number[] = [];
      const sink = {
        async record({ correlationId, terminal }: LineageRecord): Promise<void> {
          open += 1;
          most = Math.max(most, open);
          if (terminal) numbers.push(Number(correlationId.split('#')[1]));
          await nextTurn();
          open -= 1;
        },
      };
      const Root = definePipeline('root', (builder) => {
        const step = builder.addTransform((item: number) => item, {
          name: 'step',
          from: builder.addSource(range(1, 30), 'read'),
        });
        builder.connect(step, builder.addSink(ignore, 'save'));
      });
      const result = await runPipeline(Root, { lineage: { sink, capture: 'all', maxPending } });

      expect(most).toBe(maxPending);
      expect(numbers).toEqual([...range(1, 30)]);
      expect(result.lineage).toEqual({ recorded: 120, lost: 0 });
    }
  });

  test('holds items back at their source while it has no room', async () => {
    let settle: () => void = ignore;
    const answer = new Promise<void>((resolve) => (settle = resolve));
    const pulled: number[] = [];
    const Root = definePipeline('root', (builder) => {
      const read = builder.addSource(function* () {
        for (const item of range(1, 1000)) {
          pulled.push(item);
          yield item;
        }
      }, 'read');
      builder.connect(read, builder.addSink(ignore, 'save'));
    });
    const run = runPipeline(Root, { lineage: { sink: { record: async () => answer }, maxPending: 8 } });
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(pulled.length).toBeLessThanOrEqual(10);
    settle();

    expect((await run).lineage).toEqual({ recorded: 1000, lost: 0 });
  });
});
