import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineRunner, replayDeadLetters, type ReplayableDeadLetterSink, type ReplayTally } from 'heirline';
import { ManualClock } from 'heirline/testing';
import { describe, expect, it } from 'vitest';
import { checking } from './checking.js';
import { startChild, type Child } from './child-process.js';
import { itemsOf } from './letters-of.js';
import type { ReplayTask } from './replay-process.js';
import { sampleLetter } from './sample-letter.js';

/** Where processes find a sink, and what the test itself opens there. */
export interface SharedLetters {
  readonly sink: ReplayTask['sink'];
  readonly open: () => ReplayableDeadLetterSink & { close?(): Promise<void> };
}

/** What must be true of letters that several processes run again, one of which may die at any moment. */
export function describeReplayProcesses(create: () => SharedLetters | Promise<SharedLetters>): void {
  it('of four processes that replay at once each letter is claimed by one', async () => {
    const { sink, open } = await create();
    const letters = open();
    const items = Array.from({ length: 200 }, (_, number) => number);
    for (const item of items) await letters.write(sampleLetter(item, item));
    const log = newLog();
    const children = Array.from({ length: 4 }, () => startReplay({ sink, log }));
    await Promise.all(children.map((child) => child.line()));
    for (const child of children) child.process.stdin.write('go\n');
    const tallies = await Promise.all(
      children.map(async (child) => JSON.parse(await child.line()) as ReplayTally),
    );
    expect(linesOf(log).sort((a, b) => a - b)).toEqual(items);
    expect(tallies.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(200);
    expect(tallies.filter(({ succeeded }) => succeeded > 0).length).toBeGreaterThan(1);
    expect(await itemsOf(letters)).toEqual([]);
    await letters.close?.();
  }, 60_000);

  it('loses nothing when a replay is killed: what it left is run, and its claim is taken after ten minutes', async () => {
    const { sink, open } = await create();
    const letters = open();
    const log = newLog();
    await killInTheMiddle(letters, { sink, log, hangAt: 2 });
    expect(await itemsOf(letters)).toEqual([2, 3, 4]);

    const run: number[] = [];
    const definition = checking((item) => run.push(item));
    expect(await replayDeadLetters(letters, { definition })).toMatchObject({ succeeded: 2 });
    const later = new PipelineRunner({ clock: new ManualClock(Date.now() + 600_000) });
    expect(await replayDeadLetters(letters, { definition, runner: later })).toMatchObject({ succeeded: 1 });

    expect(run).toEqual([3, 4, 2]);
    expect(linesOf(log)).toEqual([0, 1, 2]);
    expect(await itemsOf(letters)).toEqual([]);
    await letters.close?.();
  }, 60_000);
}

/** What must be true of letters in a file, whose claims end with the process. */
export function describeReplayInFile(create: () => SharedLetters): void {
  describe('when a replay is killed', () => {
    it('loses nothing: the next process runs what it left', async () => {
      const { sink, open } = create();
      const log = newLog();
      await killInTheMiddle(open(), { sink, log, hangAt: 2 });

      const letters = open();
      const run: number[] = [];
      const definition = checking((item) => run.push(item));
      expect(await replayDeadLetters(letters, { definition })).toMatchObject({ succeeded: 3 });

      expect([run, linesOf(log)]).toEqual([
        [2, 3, 4],
        [0, 1, 2],
      ]);
      expect(await itemsOf(letters)).toEqual([]);
    }, 60_000);
  });
}

/** Writes five letters, and kills a process that replays them while it is in the middle of one. */
async function killInTheMiddle(letters: ReplayableDeadLetterSink, task: ReplayTask): Promise<void> {
  for (const item of [0, 1, 2, 3, 4]) await letters.write(sampleLetter(item, item));
  const child = startReplay(task);
  await child.line();
  child.process.stdin.write('go\n');
  expect(await child.line()).toBe('in the middle');
  child.process.kill('SIGKILL');
  await child.ended;
}

function startReplay(task: ReplayTask): Child {
  return startChild('./replay-process.ts', [JSON.stringify(task)]);
}

function newLog(): string {
  return join(mkdtempSync(join(tmpdir(), 'heirline-replayed-')), 'items');
}

function linesOf(log: string): number[] {
  return readFileSync(log, 'utf8').trimEnd().split('\n').map(Number);
}
