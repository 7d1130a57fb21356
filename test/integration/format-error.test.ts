import { describe, expect, test } from 'vitest';
import { buildPipeline, formatError, mapSecrets, runPipeline, type PipelineError } from 'heirline';
import { definePipeline, defineStep, errorOf, rejectionOf, throwAnything } from './support/harness.js';

/** The error of a run whose node in a child throws this for this item. */
function errorWith(thrown: unknown, item: unknown = 1): Promise<PipelineError> {
  const Child = defineStep<unknown, unknown>('check', 'ask', () => throwAnything(thrown));
  const Parent = definePipeline('orders', (builder) => {
    const child = builder.addComposite(Child, { name: 'check', from: builder.addSource([item], 'source') });
    builder.addSink(() => undefined, { from: child });
  });
  return rejectionOf(
    runPipeline(Parent, {
      parameters: { region: 'north-west-9' },
      items: { service: {} },
      run: { runId: 'monday' },
    }),
  );
}

describe('formatError', () => {
  test('shows the path as a tree, the causes, the item, the names in the context, and what to do', async () => {
    const root = Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
    const text = formatError(await errorWith(new TypeError('no rate', { cause: root }), { id: 7 }));

    expect(text.replace(/\d+ ms/, '3 ms').split('\n')).toEqual([
      'NODE_FAILED',
      'orders',
      '└─ check',
      '   └─ ask ✗',
      '',
      'The node failed: no rate.',
      '',
      'because     TypeError: no rate',
      'because     Error [ECONNRESET]: connection reset',
      'item        { id: 7 }',
      'context     parameters region; items service',
      'run         monday, failed after 3 ms',
      'to do       The original error is the cause; mend it, or give the node an',
      '            errorPolicy.',
      'docs        docs/errors.md#node_failed',
    ]);
    expect(text).not.toContain('north-west-9');
  });

  test('shows no secret: neither in the item nor in messages nor across a line', async () => {
    const Orders = definePipeline('orders', (builder) => {
      const ask = builder.addTransform(
        async (item: object, context): Promise<object> => {
          const key = (await context.run.secrets.get('KEY')).reveal();
          Object.assign(item, { key });
          throw new Error(`refused ${'x '.repeat(30)} ${key}`);
        },
        { name: 'ask', from: builder.addSource([{}], 'source') },
      );
      builder.addSink(() => undefined, { from: ask });
    });
    const secret = 'very secret value with several words';
    const error = await rejectionOf(runPipeline(Orders, { run: { secrets: mapSecrets({ KEY: secret }) } }));

    const text = formatError(error, { width: 40 });

    expect(text.replace(/\s+/g, ' ')).not.toMatch(/very secret|several words/);
    expect(text).toContain("item        { key: '[secret]' }");
  });

  test('keeps lines within the width, and cuts a large item', async () => {
    const item = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`field${String(index)}`, index]),
    );
    const text = formatError(await errorWith(new Error('word '.repeat(60)), item), { width: 50 });

    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(text.split('\n').filter((line) => line.includes('field')).length).toBeLessThanOrEqual(6);
  });

  test('lets no foreign text control the terminal, and has colours of its own only where wanted', async () => {
    const error = await errorWith(new Error('\u001b[2Jgone\u0007'));

    expect(formatError(error, { color: false })).not.toContain('\u001b');
    expect(formatError(error, { color: false })).toContain('\\x1b[2Jgone\\x07');
    expect(formatError(error, { color: true })).toContain('\u001b[1;31mNODE_FAILED\u001b[0m');
    expect(formatError(error, { color: true })).not.toContain('\u001b[2J');
  });

  test('shows all that can be thrown', () => {
    expect(formatError('just a text')).toBe('NonError\n\njust a text');
    expect(formatError(undefined)).toBe('NonError\n\nundefined');
    const many = new AggregateError([new Error('one'), 2], 'two failed');
    expect(formatError(many)).toBe(
      'AggregateError\n\ntwo failed\n\none of      Error: one\none of      NonError: 2',
    );
    const { proxy: revoked, revoke } = Proxy.revocable<unknown[]>([], {});
    revoke();
    const unreadable = new Proxy([1], { get: () => throwAnything(new Error('not read')) });
    for (const errors of [revoked, unreadable])
      expect(formatError(Object.assign(new Error('odd'), { errors }))).toContain('Error\n\nodd');
  });

  test('shows what is wrong with a definition', () => {
    const Empty = definePipeline('empty', () => undefined);
    const text = formatError(errorOf(() => buildPipeline(Empty)));

    expect(text).toContain('[PIPELINE_EMPTY]');
    expect(text).toContain('docs        docs/errors.md#pipeline_validation_failed');
  });

  test('refuses wrong options', () => {
    expect(errorOf(() => formatError(new Error('e'), { width: 0 })).code).toBe('OPTION_INVALID');
  });
});
