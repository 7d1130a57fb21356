import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSession } from '../../../src/run/session/session-state.js';
import type { SessionState } from '../../../src/run/session/session-state.js';
import { SessionTransaction } from '../../../src/run/session/session-transaction.js';

const increment = (count: number | undefined): number => (count ?? 0) + 1;

/** A run that has begun, and the session as one of its nodes gets it. */
function began(state?: SessionState) {
  const transaction = SessionTransaction.begin(state);
  return { transaction, session: transaction.at('chat/answer') };
}

describe('100 concurrent increments', () => {
  test('end as 100, or as conflicts that were surfaced', async () => {
    const state = createSession({ count: 0 });
    const conflicts = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { transaction, session } = began(state);
        for (let turn = 0; turn <= index % 3; turn += 1) await Promise.resolve();
        session.update('count', increment);
        return transaction.commit();
      }),
    );
    const lost = conflicts.filter((error) => error !== undefined);

    expect(lost.every((error) => error.code === 'SESSION_CONFLICT')).toBe(true);
    expect(lost.length).toBeGreaterThan(0);
    expect(state.get('count')).toBe(100 - lost.length);
  });

  test('end as 100 where each that lost runs again', async () => {
    const state = createSession();
    const count = async (triesLeft: number): Promise<void> => {
      const { transaction, session } = began(state);
      session.update('count', increment);
      await Promise.resolve();
      if (transaction.commit() !== undefined && triesLeft > 0) await count(triesLeft - 1);
    };
    await Promise.all(Array.from({ length: 100 }, () => count(100)));

    expect(state.get('count')).toBe(100);
  });
});

describe('any interleaving of transactions', () => {
  const keys = ['a', 'b', 'c'] as const;
  type Values = Record<string, number>;

  /** The same in the plainest way: whole copies, and a version per key that never goes. */
  class ModelRun {
    readonly values: Values;
    readonly written = new Set<string>();
    constructor(
      readonly model: { values: Values; versions: Map<string, number>; clock: number },
      private readonly since = model.clock,
    ) {
      this.values = { ...model.values };
    }

    commit(): string[] {
      const { model } = this;
      const lost = [...this.written].filter((key) => (model.versions.get(key) ?? 0) > this.since);
      if (lost.length > 0) return lost;
      model.clock += 1;
      const kept = Object.entries(model.values).filter(([key]) => !this.written.has(key));
      const set = Object.entries(this.values).filter(([key]) => this.written.has(key));
      model.values = Object.fromEntries([...kept, ...set]);
      for (const key of this.written) model.versions.set(key, model.clock);
      return [];
    }
  }

  const step = fc.record({
    run: fc.nat({ max: 4 }),
    what: fc.constantFrom('increment', 'set', 'delete', 'read', 'commit', 'discard', 'child'),
    key: fc.constantFrom(...keys),
    value: fc.nat({ max: 3 }),
  });

  test('does what a model of whole copies does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const state = createSession({ a: 0 });
        const model = { values: { a: 0 } as Values, versions: new Map<string, number>(), clock: 0 };
        const begin = () => ({ ...began(state), twin: new ModelRun(model) });
        const runs = Array.from({ length: 5 }, begin);
        for (const { run: index, what, key, value } of steps) {
          const run = runs[index];
          if (run === undefined) throw new RangeError('no such run');
          const { transaction, session, twin } = run;
          if (what === 'increment') {
            session.update(key, increment);
            twin.values[key] = increment(twin.values[key]);
            twin.written.add(key);
          } else if (what === 'set') {
            session.set(key, value);
            twin.values[key] = value;
            twin.written.add(key);
          } else if (what === 'delete') {
            expect(session.delete(key)).toBe(key in twin.values);
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
            delete twin.values[key];
            twin.written.add(key);
          } else if (what === 'child') {
            const child = transaction.snapshot().at('p/child');
            expect(child.toObject()).toEqual(twin.values);
            child.set(key, -1);
          } else if (what === 'commit') {
            const error = transaction.commit();
            const lost = twin.commit();
            expect(error !== undefined).toBe(lost.length > 0);
            for (const name of keys) {
              expect(error?.message.includes(`'${name}'`) ?? false).toBe(lost.includes(name));
            }
          } else if (what === 'discard') {
            transaction.discard();
          }
          expect(session.toObject()).toEqual(twin.values);
          expect(session.get(key)).toBe(twin.values[key]);
          if (what === 'commit' || what === 'discard') runs[index] = begin();
          expect(state.toObject()).toEqual(model.values);
        }
      }),
    );
  });

  test('counts every committed increment', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const state = createSession();
        const open = new Map<number, { run: ReturnType<typeof began>; increments: number }>();
        let counted = 0;
        for (const { run: index, what } of steps) {
          const entry = open.get(index) ?? { run: began(state), increments: 0 };
          open.set(index, entry);
          if (what === 'commit') {
            if (entry.run.transaction.commit() === undefined) counted += entry.increments;
            open.delete(index);
          } else if (what !== 'read') {
            entry.run.session.update('count', increment);
            entry.increments += 1;
          }
        }
        expect(state.get('count') ?? 0).toBe(counted);
      }),
    );
  });

  test('shows no reader a half commit', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        // Whoever moves an amount from one key to another keeps the sum.
        const state = createSession({ a: 10, b: 10, c: 10 });
        const sumOf = (values: Record<string, unknown>): number =>
          Object.values(values).reduce<number>((sum, value) => sum + Number(value), 0);
        const open = new Map<number, ReturnType<typeof began>>();
        for (const { run: index, what, key, value } of steps) {
          const run = open.get(index) ?? began(state);
          open.set(index, run);
          const target = keys[(keys.indexOf(key) + 1) % keys.length] ?? 'a';
          run.session.update(key, (amount: number) => amount - value);
          run.session.update(target, (amount: number) => amount + value);
          if (what === 'commit' || what === 'discard') {
            run.transaction[what]();
            open.delete(index);
          }
          const readers = [state, began(state).session, ...[...open.values()].map(({ session }) => session)];
          expect(readers.map((reader) => sumOf(reader.toObject()))).toEqual(readers.map(() => 30));
        }
      }),
    );
  });
});
