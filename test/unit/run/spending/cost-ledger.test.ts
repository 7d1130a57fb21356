import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PipelineError } from '../../../../src/errors/pipeline-error.js';
import type { CostCall, CostEntry } from '../../../../src/run/spending/cost-entry.js';
import {
  closeLedger,
  CostLedger,
  ledgerAt,
  ledgerOfRun,
  pendingEntries,
} from '../../../../src/run/spending/cost-ledger.js';

const price = { currency: 'EUR', inputPerMillion: 1_000_000, outputPerMillion: 0 };

function call(callId: string, change: Partial<CostCall> = {}): CostCall {
  return { callId, model: 'm', inputTokens: 1, outputTokens: 2, price, ...change };
}

/** The view of a run, with what is reported of late entries. */
function viewOf(
  ledger: CostLedger,
  runId: string,
  more: { tenantId?: string } = {},
): { view: CostLedger; reported: PipelineError[] } {
  const reported: PipelineError[] = [];
  const ids = { runId: () => runId, tenantId: more.tenantId };
  return { view: ledgerOfRun(ledger, ids, (error) => reported.push(error)), reported };
}

const idsOf = (ledger: CostLedger): string[] => ledger.entries.map(({ callId }) => callId);
const pathsOf = (ledger: CostLedger): string[] => ledger.entries.map(({ path }) => path);

describe('a cost ledger', () => {
  test('books what its owner records under no path', () => {
    const ledger = new CostLedger();
    const entry = ledger.record(call('1'));

    expect(entry).toMatchObject({ callId: '1', path: '', amount: 1, currency: 'EUR' });
    expect(ledger.entries).toEqual([entry]);
    expect(entry.late).toBeUndefined();
  });

  test('gives entries that nobody can change', () => {
    const ledger = new CostLedger();
    ledger.record(call('1'));

    expect([Object.isFrozen(ledger.entries), Object.isFrozen(ledger.entries[0])]).toEqual([true, true]);
  });

  test('books nothing of a wrong call, and names the node', () => {
    const { view } = viewOf(new CostLedger(), 'r1');

    expect(() => ledgerAt(view, 'orders/llm').record(call('', { inputTokens: -1 }))).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', path: 'orders/llm' }),
    );
    expect(view.entries).toEqual([]);
  });

  test('gives the first entry for a repeated call id, and neither charges nor tells again', () => {
    const told: string[] = [];
    const ledger = new CostLedger({ onEntry: ({ callId }) => told.push(callId) });
    const charged: CostEntry[] = [];
    const { view } = viewOf(ledger, 'r1');
    const first = ledgerAt(view, 'a', (entry) => charged.push(entry)).record(call('1'));
    const again = ledgerAt(view, 'b', (entry) => charged.push(entry)).record(call('1', { inputTokens: 999 }));

    expect(again).toBe(first);
    expect([charged, told, ledger.entries]).toEqual([[first], ['1'], [first]]);
  });

  test('sums up per path and model', () => {
    const { view } = viewOf(new CostLedger(), 'r1');
    ledgerAt(view, 'a').record(call('1'));
    ledgerAt(view, 'b').record(call('2', { model: 'n' }));
    ledgerAt(view, 'a').record(call('3', { model: 'n' }));

    expect(view.total()).toStrictEqual([
      { currency: 'EUR', amount: 3, inputTokens: 3, outputTokens: 6, cachedTokens: 0, calls: 3 },
    ]);
    expect(view.total('path').map(({ key, amount }) => [key, amount])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(view.total('model').map(({ key, amount }) => [key, amount])).toEqual([
      ['m', 1],
      ['n', 2],
    ]);
    expect(() => view.total('tenant' as 'path')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });

  test.each([{ onEntry: 5 }, { onEntries: () => 0 }, 5, null])('cannot be made with %j', (options) => {
    expect(() => new CostLedger(options as object)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('the ledger of a run', () => {
  test('shows only its own entries; the owner sees all, in order', () => {
    const ledger = new CostLedger();
    const one = viewOf(ledger, 'r1').view;
    const two = viewOf(ledger, 'r2').view;
    one.record(call('a'));
    two.record(call('b'));
    ledger.record(call('c'));
    one.record(call('d'));

    expect([idsOf(one), idsOf(two), idsOf(ledger)]).toEqual([['a', 'd'], ['b'], ['a', 'b', 'c', 'd']]);
    expect([one.total()[0]?.amount, ledger.total()[0]?.amount]).toEqual([2, 4]);
  });

  test('has call ids of its own: what another run or the owner recorded is another call', () => {
    const ledger = new CostLedger();
    const entries = [viewOf(ledger, 'r1').view, viewOf(ledger, 'r2').view, ledger].map((view) =>
      view.record(call('1')),
    );

    expect(new Set(entries).size).toBe(3);
    expect(ledger.entries).toEqual(entries);
  });

  test('shares call ids and entries with its parts that have a run id of their own', () => {
    const told: string[] = [];
    const ledger = new CostLedger({ onEntry: (_, { runId }) => told.push(runId) });
    const root = viewOf(ledger, 'r1').view;
    const part = ledgerAt(root, 'a', undefined, () => 'r2');
    const first = part.record(call('1'));

    expect(root.record(call('1'))).toBe(first);
    expect([idsOf(root), idsOf(part)]).toEqual([['1'], ['1']]);
    expect(told).toEqual(['r2']);
  });

  test('counts once per run, also where a run was started by another one', () => {
    const ledger = new CostLedger();
    const [outer, inner] = [viewOf(ledger, 'r1').view, viewOf(ledger, 'r2').view];
    outer.record(call('1'));
    inner.record(call('1'));

    expect([idsOf(outer), idsOf(inner), idsOf(ledger)]).toEqual([['1'], ['1'], ['1', '1']]);
  });

  test('is never seen by another tenant, even under the same run id', () => {
    const ledger = new CostLedger();
    const tenants = [{ tenantId: 'a' }, { tenantId: 'b' }, {}].map((more) => viewOf(ledger, 'r1', more).view);
    tenants.forEach((view, at) => ledgerAt(view, `node${String(at)}`).record(call('1')));

    expect(tenants.map(pathsOf)).toEqual([['node0'], ['node1'], ['node2']]);
  });

  test('makes no id before something is booked', () => {
    const refuse = (): string => {
      throw new Error('an id was made');
    };
    const ids = { runId: refuse, tenantId: undefined };
    const view = ledgerOfRun(new CostLedger(), ids, () => undefined);

    expect([view.entries, view.total()]).toEqual([[], []]);
  });

  test('given to another run books in the same ledger', () => {
    const ledger = new CostLedger();
    const outer = viewOf(ledger, 'r1').view;
    closeLedger(outer);
    const inner = viewOf(ledgerAt(outer, 'node'), 'r2').view;

    expect(inner.record(call('1'))).toMatchObject({ path: '' });
    expect([idsOf(outer), idsOf(ledger)]).toEqual([[], ['1']]);
    expect(ledger.entries[0]?.late).toBeUndefined();
  });
});

describe('a view under a path', () => {
  test('shows what is at the path or below, and books under it', () => {
    const { view } = viewOf(new CostLedger(), 'r1');
    for (const path of ['a', 'a/b', 'a/b/c', 'a/bc', 'b']) ledgerAt(view, path).record(call(path));
    view.under('a/b').record(call('new'));

    expect(pathsOf(view.under('a/b'))).toEqual(['a/b', 'a/b/c', 'a/b']);
    expect(view.under('a/b').total()[0]?.amount).toBe(3);
    expect(idsOf(view)).toHaveLength(6);
  });

  test('charges the budgets of the node whose ledger it is', () => {
    const charged: string[] = [];
    const { view } = viewOf(new CostLedger(), 'r1');
    ledgerAt(view, 'a', ({ path }) => charged.push(path))
      .under('a/b')
      .record(call('1'));

    expect(charged).toEqual(['a/b']);
  });

  test('takes a path of the run, whatever view it is asked of', () => {
    const ledger = new CostLedger();
    ledgerAt(viewOf(ledger, 'r1').view, 'a/b').record(call('1'));
    ledgerAt(viewOf(ledger, 'r2').view, 'a/b').record(call('2'));

    expect(idsOf(ledger.under('b').under('a'))).toEqual(['1', '2']);
    expect(() => ledger.under(undefined as unknown as string)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('charging', () => {
  test('comes after the entry was booked and told; what it throws goes to the caller', () => {
    const order: string[] = [];
    const ledger = new CostLedger({ onEntry: () => order.push('told') });
    const { view } = viewOf(ledger, 'r1');
    const exceeded = new RangeError('over');
    const node = ledgerAt(view, 'a', () => {
      order.push(`charged with ${String(ledger.entries.length)} booked`);
      throw exceeded;
    });

    expect(() => node.record(call('1'))).toThrow(exceeded);
    expect(order).toEqual(['told', 'charged with 1 booked']);
    expect(node.record(call('1')).path).toBe('a');
  });

  test('does not happen after the end of the run; the entry is marked late, in every view', () => {
    const charged: unknown[] = [];
    const { view } = viewOf(new CostLedger(), 'r1');
    const node = ledgerAt(view, 'a', (entry) => charged.push(entry));
    const before = node.record(call('1'));
    closeLedger(view);

    expect(node.record(call('2')).late).toBe(true);
    expect(node.under('b').record(call('3')).late).toBe(true);
    expect(node.record(call('1'))).toBe(before);
    expect(charged).toEqual([before]);
  });
});

describe('onEntry', () => {
  test('is called once with each booked entry and its run', () => {
    const told: unknown[] = [];
    const ledger: CostLedger = new CostLedger({
      onEntry: (entry, run) => told.push([entry, run, ledger.entries.includes(entry)]),
    });
    const first = viewOf(ledger, 'r1', { tenantId: 't' }).view.record(call('1'));
    const second = viewOf(ledger, 'r2').view.record(call('2'));
    const third = ledger.record(call('3'));

    expect(told).toStrictEqual([
      [first, { runId: 'r1', tenantId: 't' }, true],
      [second, { runId: 'r2' }, true],
      [third, { runId: '' }, true],
    ]);
  });

  test('that throws fails the record, once it is booked and charged', () => {
    const cause = new Error('billing is down');
    const ledger = new CostLedger({
      onEntry: () => {
        throw cause;
      },
    });
    const charged: string[] = [];
    const { view } = viewOf(ledger, 'r1');
    const failing = expect.objectContaining({ code: 'SINK_REJECTED', path: 'a', cause }) as unknown;

    expect(() => ledgerAt(view, 'a', ({ callId }) => charged.push(callId)).record(call('1'))).toThrow(
      failing,
    );
    expect([charged, idsOf(view)]).toEqual([['1'], ['1']]);
    const over = ledgerAt(view, 'a', () => {
      throw new RangeError('over');
    });
    expect(() => over.record(call('2'))).toThrow(failing);
  });

  test('may record another call itself', () => {
    const ledger: CostLedger = new CostLedger({
      onEntry: ({ callId }) => {
        if (callId.length < 3) ledger.record(call(`${callId}+`));
      },
    });
    ledger.record(call('1'));

    expect(idsOf(ledger)).toEqual(['1', '1+', '1++']);
  });

  describe('that is asynchronous', () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => {
      unhandled.push(error);
    };
    beforeEach(() => {
      unhandled.length = 0;
      process.on('unhandledRejection', note);
    });
    afterEach(() => {
      process.off('unhandledRejection', note);
    });
    const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

    test('is waited for by the run, which gets all failures', async () => {
      const settle: (() => void)[] = [];
      const ledger = new CostLedger({
        onEntry: ({ callId }) =>
          new Promise<void>((resolve, reject) => {
            settle.push(callId === '2' ? () => reject(new Error('no')) : resolve);
          }),
      });
      const { view, reported } = viewOf(ledger, 'r1');
      for (const callId of ['1', '2', '3']) ledgerAt(view, `node${callId}`).record(call(callId));
      closeLedger(view);
      const state: unknown[] = [];
      const pending = Promise.resolve(pendingEntries(view)).then((failures) => state.push(failures));
      settle.slice(0, 2).forEach((each) => each());
      await nextTurn();
      expect([state, unhandled]).toEqual([[], []]);
      settle[2]?.();
      await pending;

      expect(state).toEqual([
        [expect.objectContaining({ code: 'SINK_REJECTED', path: 'node2', cause: new Error('no') })],
      ]);
      expect([pendingEntries(view), reported, unhandled]).toEqual([undefined, [], []]);
    });

    test('is waited for once, and again where it was called while the run waited', async () => {
      const ledger = new CostLedger({ onEntry: () => nextTurn() });
      const { view } = viewOf(ledger, 'r1');
      view.record(call('1'));
      const pending = pendingEntries(view);
      view.record(call('2'));

      const more = pendingEntries(view);

      expect(pendingEntries(view)).toBeUndefined();
      expect(await Promise.all([pending, more])).toEqual([[], []]);
    });

    test('fails without being unhandled before anyone waits', async () => {
      const ledger = new CostLedger({ onEntry: () => Promise.reject(new Error('no')) });
      const { view } = viewOf(ledger, 'r1');
      view.record(call('1'));
      await nextTurn();

      expect(unhandled).toEqual([]);
      expect(await pendingEntries(view)).toHaveLength(1);
    });

    test('is reported where a late entry fails, and not waited for', async () => {
      const ledger = new CostLedger({ onEntry: () => Promise.reject(new Error('no')) });
      const { view, reported } = viewOf(ledger, 'r1');
      closeLedger(view);
      ledgerAt(view, 'a').record(call('1'));
      expect(pendingEntries(view)).toBeUndefined();
      await nextTurn();

      expect(reported).toEqual([expect.objectContaining({ code: 'SINK_REJECTED', path: 'a' })]);
      expect([pendingEntries(view), unhandled]).toEqual([undefined, []]);
    });

    test('may be any thenable', async () => {
      const thenable = { then: (_: unknown, reject: (error: unknown) => void): void => reject('no') };
      const { view } = viewOf(new CostLedger({ onEntry: () => thenable }), 'r1');
      view.record(call('1'));

      expect(await pendingEntries(view)).toEqual([expect.objectContaining({ cause: 'no' })]);
    });

    test('costs the run no promise where there is nothing to wait for', () => {
      const { view } = viewOf(new CostLedger({ onEntry: () => 5 }), 'r1');
      view.record(call('1'));

      expect([pendingEntries(view), pendingEntries(new CostLedger())]).toEqual([undefined, undefined]);
    });
  });
});

describe('runs that share a ledger, however their calls interleave', () => {
  test('each sees its own calls once, and the owner the sum of all', () => {
    const steps = fc.array(
      fc.record({
        run: fc.nat(3),
        callId: fc.constantFrom('1', '2', '3', '4'),
        path: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (walk) => {
        const ledger = new CostLedger();
        // Two of the four have the run id of another, but another tenant.
        const views = [0, 1, 2, 3].map(
          (at) => viewOf(ledger, `r${String(at % 2)}`, { tenantId: `t${String(at)}` }).view,
        );
        const firsts = views.map(() => new Map<string, string>());
        for (const { run, callId, path } of walk) {
          const view = views[run];
          const entry = view && ledgerAt(view, path).record(call(callId));
          if (firsts[run]?.has(callId) === false) firsts[run].set(callId, path);
          expect(entry?.path).toBe(firsts[run]?.get(callId));
        }

        views.forEach((view, at) => {
          expect(view.entries.map(({ callId, path }) => [callId, path])).toEqual([...(firsts[at] ?? [])]);
        });
        const booked = firsts.reduce((sum, { size }) => sum + size, 0);
        expect(ledger.entries).toHaveLength(booked);
        expect(ledger.total()[0]?.calls ?? 0).toBe(booked);
      }),
    );
  });
});
