import { describe, expect, test } from 'vitest';
import { FanOutStage } from '../../../../src/engine/stages/fan-out-stage.js';
import { GateStage } from '../../../../src/engine/stages/gate-stage.js';
import { codeOf } from '../../../../src/engine/passing/generated-code.js';
import { writtenWays } from '../../../../src/engine/passing/generated-ways.js';
import type { Execution } from '../../../../src/engine/execution/execution.js';
import type { Stage } from '../../../../src/engine/stages/stage.js';
import type { Work } from '../../../../src/engine/execution/work.js';
import { deferred, execution, RecordingStage } from '../../support/executions.js';

/** What pushes an item into a stage, written out. */
function pushInto(stage: Stage): (running: Execution, item: unknown) => Work {
  const { constants, push, start, addUp } = writtenWays(stage);
  const text = `return (execution, item) => { let work; ${start} ${push} ${addUp} return work; };`;
  const written = codeOf<(running: Execution, item: unknown) => Work>(text, constants);
  if (written === undefined) throw new TypeError('no code');
  return written;
}

describe('ways that are written out', () => {
  test('go to every branch, one after the other, and wait for the slowest', async () => {
    const a = deferred();
    const [slow, quick] = [new RecordingStage({ a }), new RecordingStage()];
    const push = pushInto(new FanOutStage([slow, quick]));
    const pushed = push(execution(), 'a');
    expect([slow.log, quick.log]).toEqual([['a'], ['a']]);
    a.resolve();
    await pushed;

    expect(pushed).toBeInstanceOf(Promise);
    expect(push(execution(), 'b')).toBeUndefined();
  });

  test('meet at a gate, which lets one item in at a time', async () => {
    const a = deferred();
    const inner = new RecordingStage({ a });
    const gate = new GateStage(inner, 2, 0);
    const running = execution();
    const pushed = pushInto(new FanOutStage([gate, gate]))(running, 'a');
    expect(inner.log).toEqual(['a']);
    a.resolve();
    await pushed;

    expect(inner.log).toEqual(['a', 'a']);
  });

  test('push into the stage itself where too many ways lead to it', () => {
    const last = new RecordingStage();
    let stage: Stage = last;
    for (let level = 0; level < 12; level += 1) stage = new FanOutStage([stage, stage]);
    expect(pushInto(stage)(execution(), 'a')).toBeUndefined();

    expect(last.log).toHaveLength(4_096);
    expect(writtenWays(stage).push.length).toBeLessThan(20_000);
  });
});
