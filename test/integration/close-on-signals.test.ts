import { expect, test } from 'vitest';
import { closeOnSignals, RunManager } from 'heirline';
import { failureOf, gated, until } from './support/managed.js';

// A signal of no meaning to the test runner, sent to the listeners alone.
const signal = 'SIGWINCH';

test("a signal closes the manager, a second one is nobody's; nothing exits the process", async () => {
  const manager = new RunManager();
  const { definition, seen } = gated();
  const handle = await manager.start(definition);
  await until(() => seen.begun === 1);
  const before = process.listenerCount(signal);
  closeOnSignals(manager, { signals: [signal], timeoutMs: 500 });
  expect(process.listenerCount(signal)).toBe(before + 1);
  process.emit(signal, signal);
  expect(process.listenerCount(signal)).toBe(before);
  expect(await failureOf(handle.result)).toMatchObject({ kind: 'shutdown' });
  expect(handle.record).toMatchObject({ status: 'interrupted', stopReason: 'shutdown' });
  expect(await failureOf(manager.start(definition))).toMatchObject({ code: 'MANAGER_CLOSED' });
});

test('it can stop listening, and refuses options that it does not know', async () => {
  const manager = new RunManager();
  const before = process.listenerCount(signal);
  closeOnSignals(manager, { signals: [signal] })();
  expect(process.listenerCount(signal)).toBe(before);
  expect(() => closeOnSignals(manager, { signals: 'SIGTERM' as never })).toThrow(/'signals' must be a list/);
  await manager.close();
});
