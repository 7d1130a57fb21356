import assert from 'node:assert/strict';
import type { LetterCase } from './letter-samples.js';
import { MARKED_AT } from './letter-samples.js';

/** How long a claim holds, written down here again, so that a sink that has another time is found out. */
const CLAIM_MS = 600_000;

/** What must be true of what replays say about letters. */
export const claimCases: Readonly<Record<string, LetterCase>> = {
  'a claim holds for ten minutes, by the times of the marks': async (samples) => {
    const { id } = await samples.write();
    assert.equal(await samples.mark(id, 'claimed'), true);
    for (const at of [MARKED_AT, MARKED_AT + 1, MARKED_AT + CLAIM_MS - 1, MARKED_AT - 5000])
      assert.equal(
        await samples.mark(id, 'claimed', { runId: 'replay-2', at }),
        false,
        String(at - MARKED_AT),
      );
    const later = MARKED_AT + CLAIM_MS;
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2', at: later }), true);
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-3', at: later + 1 }), false);
  },

  'of claims at once one can be had': async (samples) => {
    const { id } = await samples.write();
    const claims = Array.from({ length: 20 }, (_, index) =>
      samples.mark(id, 'claimed', { runId: `replay-${String(index)}` }),
    );
    assert.equal((await Promise.all(claims)).filter(Boolean).length, 1);
  },

  'a claim is of one letter, and changes nothing in it': async (samples) => {
    const first = await samples.write();
    const second = await samples.write();
    await samples.mark(first.id, 'claimed');
    assert.equal(await samples.mark(second.id, 'claimed'), true);
    assert.deepEqual(await samples.read(), [first, second]);
  },

  'a letter that failed again has the replay, all tries, and its place; it can be claimed': async (
    samples,
  ) => {
    const [id = '', other = ''] = await samples.writeSome(2);
    await samples.mark(id, 'claimed');
    assert.equal(await samples.mark(id, 'failedAgain', { attempts: 3, at: MARKED_AT + 5 }), true);
    const [letter] = await samples.read();
    assert.equal(letter?.attempts, 3);
    assert.deepEqual(letter.replays, [{ runId: 'replay-1', at: MARKED_AT + 5, outcome: 'failedAgain' }]);
    assert.deepEqual(await samples.ids(), [id, other]);
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2', at: MARKED_AT + 6 }), true);
  },

  'a letter that was released can be claimed at once': async (samples) => {
    const { id } = await samples.write();
    await samples.mark(id, 'claimed');
    await samples.mark(id, 'released', { attempts: 1 });
    const [letter] = await samples.read();
    assert.deepEqual([letter?.attempts, letter?.replays.map(({ outcome }) => outcome)], [1, ['released']]);
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2' }), true);
  },

  'replays add up, behind those that the letter had': async (samples) => {
    const { id } = await samples.write({ replays: [{ runId: 'elder', at: 1, outcome: 'released' }] });
    for (const number of [1, 2, 3]) {
      const mark = { runId: `replay-${String(number)}`, at: MARKED_AT + number, attempts: number };
      await samples.mark(id, 'claimed', mark);
      await samples.mark(id, 'failedAgain', mark);
    }
    const [letter] = await samples.read();
    assert.equal(letter?.attempts, 3);
    assert.deepEqual(
      letter.replays.map(({ runId }) => runId),
      ['elder', 'replay-1', 'replay-2', 'replay-3'],
    );
  },

  'a letter that is replaced while it runs keeps its claim, and gets the end of that replay': async (
    samples,
  ) => {
    const { id } = await samples.write();
    await samples.mark(id, 'claimed');
    await samples.write({ id, attempts: 2 });
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2', at: MARKED_AT + 1 }), false);
    await samples.mark(id, 'failedAgain', { attempts: 2 });
    assert.deepEqual(
      (await samples.read()).map(({ attempts, replays }) => [attempts, replays.length]),
      [[2, 1]],
    );
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2', at: MARKED_AT + 1 }), true);
  },

  'a letter that is replaced has the tries and replays that it is written with, and no others': async (
    samples,
  ) => {
    const { id } = await samples.write();
    for (const runId of ['replay-1', 'replay-2'])
      await samples.mark(id, 'failedAgain', { runId, attempts: 5 });
    const [read] = await samples.read();
    const again = await samples.write({ id, attempts: 7, replays: read?.replays ?? [] });
    assert.equal(again.replays.length, 2);
    assert.deepEqual(await samples.read(), [again]);
  },

  'a letter that succeeded is read no more, and cannot be claimed': async (samples) => {
    const [id = '', other = ''] = await samples.writeSome(2);
    await samples.mark(id, 'claimed');
    assert.equal(await samples.mark(id, 'succeeded'), true);
    assert.deepEqual(await samples.ids(), [other]);
    const late = { runId: 'replay-2', at: MARKED_AT + CLAIM_MS };
    assert.equal(await samples.mark(id, 'claimed', late), false);
  },

  'a letter that succeeded and is written again is there again': async (samples) => {
    const { id } = await samples.write();
    await samples.mark(id, 'claimed');
    await samples.mark(id, 'succeeded');
    const again = await samples.write({ id, item: 'again' });
    assert.deepEqual(await samples.read(), [again]);
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-2', at: MARKED_AT + 1 }), true);
  },

  'an end that is told late is noted, and leaves the claim of another replay alone': async (samples) => {
    const { id } = await samples.write();
    const later = MARKED_AT + CLAIM_MS;
    await samples.mark(id, 'claimed');
    await samples.mark(id, 'claimed', { runId: 'replay-2', at: later });
    await samples.mark(id, 'failedAgain', { at: later + 1 });
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-3', at: later + 2 }), false);
    await samples.mark(id, 'failedAgain', { runId: 'replay-2', at: later + 3, attempts: 3 });
    assert.equal(await samples.mark(id, 'claimed', { runId: 'replay-3', at: later + 4 }), true);
    const [letter] = await samples.read();
    assert.deepEqual(
      letter?.replays.map(({ runId }) => runId),
      ['replay-1', 'replay-2'],
    );
  },
};
