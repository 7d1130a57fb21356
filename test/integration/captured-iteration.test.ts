import { describe, expect, test } from 'vitest';
import { captureContext, currentContext, PipelineRunner, runPipeline, withContext } from 'heirline';
import { childNode, rootNode, seenBy } from './support/small-graphs.js';
import { errorOf, nextTurn } from './support/harness.js';

const tenant = () => currentContext()?.run.tenantId;
const acme = { run: { tenantId: 'acme' } };
const globex = { run: { tenantId: 'globex' } };

/** Notes for whom each of its steps is done. */
class Steps {
  readonly seen: unknown[] = [];

  *sync(): Generator<number> {
    try {
      for (const item of [1, 2, 3]) {
        this.seen.push(tenant());
        yield item;
      }
    } finally {
      this.seen.push('closed', tenant());
    }
  }

  async *async(): AsyncGenerator<number> {
    try {
      for (const item of [1, 2, 3]) {
        await nextTurn();
        this.seen.push(tenant());
        yield item;
      }
    } finally {
      await nextTurn();
      this.seen.push('closed', tenant());
    }
  }
}

describe('captured.iterate', () => {
  test('steps through an asynchronous iterable in what was captured, whoever iterates', async () => {
    const steps = new Steps();
    const items = await withContext(acme, () => [captureContext().iterate(steps.async())]);
    const readers: unknown[] = [];
    await withContext(globex, async () => {
      for await (const item of items[0] ?? []) {
        readers.push(tenant());
        if (item === 2) break;
      }
    });

    expect(steps.seen).toEqual(['acme', 'acme', 'closed', 'acme']);
    expect(readers).toEqual(['globex', 'globex']);
  });

  test('steps through a synchronous one, which stays so, to its end and to an early one', async () => {
    const steps = new Steps();
    const [whole, half] = await withContext(acme, () => {
      const captured = captureContext();
      return [captured.iterate(steps.sync()), captured.iterate(steps.sync())];
    });
    await withContext(globex, () => {
      expect([...(whole ?? [])]).toEqual([1, 2, 3]);
      for (const item of half ?? []) if (item === 1) break;
    });

    expect(steps.seen).toEqual([
      ...Array<string>(3).fill('acme'),
      'closed',
      'acme',
      'acme',
      'closed',
      'acme',
    ]);
  });

  test('opens an iterable that can be read again as often as it is asked, and one that cannot but once', () => {
    const captured = captureContext();
    const again = captured.iterate([1, 2]);
    const once = captured.iterate(new Steps().sync());

    expect([...again, ...again]).toEqual([1, 2, 1, 2]);
    expect([...once, ...once]).toEqual([1, 2, 3]);
    expect(once[Symbol.iterator]()).toBe(once[Symbol.iterator]());
    expect([...captured.iterate('ab')]).toEqual(['a', 'b']);
  });

  test('gives an iterator `return` and `throw` only where the original has them', async () => {
    const captured = captureContext();
    const bare = { [Symbol.iterator]: () => ({ next: () => ({ done: true, value: undefined }) }) };
    const iterator = captured.iterate(bare)[Symbol.iterator]();
    const generator = captured.iterate(new Steps().async())[Symbol.asyncIterator]();

    expect([iterator.return, iterator.throw]).toEqual([undefined, undefined]);
    await expect(generator.throw?.(new RangeError('no'))).rejects.toThrow(RangeError);
  });

  test('lets a pipeline read, in the run of one tenant, what is made for another', async () => {
    const steps = new Steps();
    const items = await seenBy(() => [captureContext().iterate(steps.async())], acme);
    const seen: unknown[] = [];
    const Child = childNode(({ run }) => seen.push(run.tenantId));
    await runPipeline(
      rootNode(async () => {
        for await (const item of new PipelineRunner().stream(Child, items[0] ?? [])) seen.push(item);
      }),
      globex,
    );

    expect(steps.seen).toEqual(['acme', 'acme', 'acme', 'closed', 'acme']);
    expect(seen).toEqual(['globex', 1, 'globex', 2, 'globex', 3]);
  });

  test.each([[undefined], [null], [7], [{}], [{ [Symbol.iterator]: 1 }]])('refuses %s', (value) => {
    expect(errorOf(() => captureContext().iterate(value as number[])).code).toBe('OPTION_INVALID');
  });
});
