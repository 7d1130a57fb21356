import { Script } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { StackLines } from '../../../../src/engine/leaks/stack-lines.js';
import { systemClock } from '../../../../src/ports/clock.js';
import { alarmAt } from '../../../../src/run/ending/alarm.js';
import { timerWatch, runInContext } from '../../../../src/context/ambient-context.js';
import { root } from '../../support/frames.js';

/** The stack where a timer is made. */
function stackOf(start: () => unknown): StackLines {
  const stacks: StackLines[] = [];
  const watch = timerWatch({ made: () => stacks.push(new StackLines()), fires: () => undefined });
  watch.enable();
  runInContext(root(), start);
  watch.disable();
  const [stack] = stacks;
  if (stack === undefined) throw new TypeError('no timer was made');
  return stack;
}

/** Code of another file. */
function inFile(filename: string, code: string): () => unknown {
  const script = new Script(`(setTimeout, setImmediate) => ${code}`, { filename });
  const made = script.runInThisContext() as (...timers: readonly unknown[]) => unknown;
  return () => made(setTimeout, setImmediate);
}

const dependency = '/app/node_modules/pool/index.js';

describe('the maker of a timer', () => {
  test('is the innermost line outside of Node and of the library', () => {
    const own = stackOf(() => setTimeout(() => undefined));
    expect(own.timer(false)).toContain('stack-lines.test.ts');
    expect(own.timer(true)).toContain('stack-lines.test.ts');

    expect(stackOf(inFile(dependency, 'setTimeout(() => 1)')).timer(false)).toContain(`${dependency}:1:`);
  });

  test('is nobody for timers of the library, wherever it is installed', () => {
    const stop: (() => void)[] = [];
    expect(
      stackOf(() => stop.push(alarmAt(systemClock, Date.now() + 60_000, () => undefined))).timer(false),
    ).toBeUndefined();
    for (const stopAlarm of stop) stopAlarm();

    const installed = '/app/node_modules/heirline/dist/chunks/ABC.js';
    expect(stackOf(inFile(installed, 'setTimeout(() => 1)')).timer(false)).toBeUndefined();
  });

  test('is nobody for immediates with which a dependency ends its turn', () => {
    expect(stackOf(inFile(dependency, 'setImmediate(() => 1)')).timer(true)).toBeUndefined();
  });
});

describe('the line of the user', () => {
  test('is the caller of the function that is named', () => {
    const below = (): StackLines => new StackLines(below);
    const caller = (): StackLines => below();

    expect(caller().user).toMatch(/caller .*stack-lines\.test\.ts/);
  });

  test('is found at any depth, and the limit of stacks stays as it was', () => {
    const { stackTraceLimit } = Error;
    const deep = (depth: number): StackLines => (depth === 0 ? new StackLines() : deep(depth - 1));

    Error.stackTraceLimit = 1;
    const stack = deep(20);
    expect(Error.stackTraceLimit).toBe(1);
    Error.stackTraceLimit = stackTraceLimit;

    expect(stack.user).toContain('deep');
  });

  test('is unknown where the stack is none of text', () => {
    const prepared = vi.fn(() => 1);
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = prepared;
    const { user } = new StackLines();
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Error.prepareStackTrace = prepareStackTrace;

    expect(user).toBeUndefined();
  });
});
