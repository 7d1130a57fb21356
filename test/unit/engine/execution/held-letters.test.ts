import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../../src/errors/pipeline-error.js';
import { HeldLetters, type WaitingLetter } from '../../../../src/engine/execution/held-letters.js';

/** A letter that notes how its wait ended; the sink refuses it with the error given. */
function letter(name: string, ends: string[], refusal?: PipelineError): WaitingLetter {
  return {
    leave: async () => {
      await Promise.resolve();
      if (refusal === undefined) ends.push(`${name} left`);
      return refusal;
    },
    refused: () => ends.push(`${name} refused`),
    giveUp: () => ends.push(`${name} given up`),
  };
}

const refusal = new PipelineError('SINK_REJECTED', { problem: 'No.', remedy: 'Mend it.' });

describe('held letters', () => {
  test('leave in order, once', async () => {
    const ends: string[] = [];
    const held = new HeldLetters('root/child');
    held.hold(letter('a', ends));
    held.hold(letter('b', ends));
    expect(await held.leave()).toBeUndefined();
    expect(await held.leave()).toBeUndefined();
    held.drop();
    expect(ends).toEqual(['a left', 'b left']);
  });

  test('stop at the first that is refused: each still ends once', async () => {
    const ends: string[] = [];
    const held = new HeldLetters('root/child');
    held.hold(letter('a', ends));
    held.hold(letter('b', ends, refusal));
    held.hold(letter('c', ends));
    expect(await held.leave()).toBe(refusal);
    expect(ends).toEqual(['a left', 'b refused', 'c given up']);
  });

  test('wait on in the try around, as far as that has room', async () => {
    const ends: string[] = [];
    const [inner, outer] = [new HeldLetters('root/child/inner'), new HeldLetters('root/child')];
    for (let index = 1; index < 10_000; index += 1) outer.hold(letter('other', []));
    inner.hold(letter('a', ends));
    inner.hold(letter('b', ends));
    inner.hold(letter('c', ends));
    expect(await inner.moveTo(outer)).toMatchObject({ code: 'DEAD_LETTER_FULL', path: 'root/child' });
    expect(ends).toEqual(['b refused', 'c given up']);
    outer.drop();
    expect(ends).toEqual(['b refused', 'c given up', 'a given up']);
  });
});
