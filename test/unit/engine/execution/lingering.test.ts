import { describe, expect, test } from 'vitest';
import { Lingering } from '../../../../src/engine/execution/lingering.js';

/** A call that goes on until it is ended. */
function call(): { readonly ended: Promise<void>; readonly end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { ended, end };
}

describe('calls that go on after their item', () => {
  test('wake all who wait for one of them, once one has ended', async () => {
    const lingering = new Lingering();
    const [first, second] = [call(), call()];
    lingering.add(first.ended);
    lingering.add(second.ended);
    const waiting = Promise.all([lingering.one(), lingering.one()]);
    second.end();
    await waiting;

    expect(lingering.size).toBe(1);
  });

  test('are all waited for, those included that are added meanwhile', async () => {
    const lingering = new Lingering();
    const [first, second] = [call(), call()];
    const log: string[] = [];
    lingering.add(first.ended);
    const all = lingering.all().then(() => log.push('all'));
    lingering.add(second.ended.then(() => void log.push('second')));
    first.end();
    await first.ended;
    second.end();
    await all;

    expect(log).toEqual(['second', 'all']);
  });
});
