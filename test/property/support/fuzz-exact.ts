// What the model says about a run, beside what happened.
import { noCounts, type Counts } from './counts.js';
import { interpret } from './fuzz-model.js';
import type { ModelRun } from './fuzz-model-run.js';
import { isUnordered } from './fuzz-order.js';
import { someStep, type Item, type Program } from './fuzz-program.js';
import type { Observed } from './fuzz-run.js';

/** Whether the model knows everything about a run of this program. */
export function isDetermined(program: Program, model: ModelRun): boolean {
  const { cancelAtTurn, leavesAfter, entry } = program;
  return (
    model.doubts.size === 0 && !model.waits && cancelAtTurn === 0 && (leavesAfter === 0 || entry !== 'stream')
  );
}

/** Where a run differs from the model, one line each. */
export function differences(program: Program, model: ModelRun, observed: Observed): string[] {
  const { recorder, result } = observed;
  const wrong: string[] = [];
  const expectSame = (what: string, actual: unknown, expected: unknown): void => {
    if (actual !== expected) wrong.push(`${what}: ${String(actual)}, the model has ${String(expected)}`);
  };
  const code = model.isCancelled ? 'RUN_CANCELLED' : (model.failure?.code ?? 'none');
  // A failure in the call that cancels comes before the cancel or after it.
  expectSame('code', observed.code, code);
  const hasPath = !model.isCancelled && !(program.entry === 'runItem' && code.startsWith('COMPOSITE_'));
  if (hasPath) expectSame('path', observed.path, model.failure?.path);
  const isLoose = isUnordered(program);
  const isItem = program.entry === 'runItem';
  if (code === 'none' || !isItem)
    expectSame(
      'outputs',
      ordered(recorder.outputs, isLoose),
      ordered(expectedOutputs(program, model), isLoose),
    );
  for (const path of keysOf(model.sinks, recorder.sinks)) {
    const isLooseSink = isLoose || model.looseSinks.has(path);
    const got = ordered(recorder.sinks.get(path) ?? [], isLooseSink);
    expectSame(`${path} got`, got, ordered(model.sinks.get(path) ?? [], isLooseSink));
  }
  if (result !== undefined) {
    for (const path of keysOf(model.counts, result.nodes)) {
      if (model.openCounts.has(path)) continue;
      const expected = printed(model.counts.get(path));
      expectSame(`${path} counts`, printed(result.nodes.get(path)), expected);
    }
  }
  for (const path of keysOf(model.calls, recorder.calls))
    if (!isStream(program, path))
      expectSame(`${path} was called`, recorder.calls.get(path)?.started ?? 0, model.calls.get(path) ?? 0);
  const letters = recorder.letters.map(
    ({ decidedAt, path, item, attempts }) => `${decidedAt} ${path} ${(item as Item).value} ${attempts}`,
  );
  expectSame('letters', letters.sort().join('; '), [...model.letters].sort().join('; '));
  expectMaps('events of', tallied(observed, model), model.events);
  expectMaps('constructions of', recorder.constructed, model.constructed);
  expectMaps('flushes of', recorder.flushed, model.flushed);
  const registered = [...recorder.registered.values()].reduce((sum, { length }) => sum + length, 0);
  expectSame('disposers', registered, model.disposers);
  return wrong;

  function expectMaps(
    what: string,
    actual: ReadonlyMap<string, number>,
    expected: ReadonlyMap<string, number>,
  ): void {
    for (const key of keysOf(actual, expected))
      expectSame(`${what} ${key}`, actual.get(key) ?? 0, expected.get(key) ?? 0);
  }
}

/** What the sinks and the reader got, that the run without its cancel would not give them. */
export function surplus(program: Program, { recorder }: Observed): string[] {
  const whole = interpret({ ...program, cancelAtCall: 0, cancelAtTurn: 0, leavesAfter: 0 });
  if (whole.doubts.size > 0 || whole.waits) return [];
  const wrong: string[] = [];
  const expectPart = (what: string, got: readonly Item[], all: readonly Item[]): void => {
    const isLoose = isUnordered(program) || whole.looseSinks.has(what);
    if (!isPart(got, all, isLoose))
      wrong.push(`${what} got ${ordered(got, isLoose)}, the whole run gives ${ordered(all, isLoose)}`);
  };
  for (const [path, got] of recorder.sinks) expectPart(path, got, whole.sinks.get(path) ?? []);
  if (program.entry === 'stream') expectPart('the reader', recorder.outputs, whole.outputs);
  return wrong;
}

function isPart(got: readonly Item[], all: readonly Item[], isLoose: boolean): boolean {
  if (isLoose) {
    const left = all.map(({ value, way }) => `${value} ${way}`);
    return got.every(({ value, way }) => {
      const index = left.indexOf(`${value} ${way}`);
      if (index >= 0) left.splice(index, 1);
      return index >= 0;
    });
  }
  const ways = new Set(got.map(({ way }) => way));
  return [...ways].every((each) => {
    const expected = all.filter(({ way }) => way === each);
    return got
      .filter(({ way }) => way === each)
      .every(({ value }, index) => expected[index]?.value === value);
  });
}

function expectedOutputs({ entry, output }: Program, { outputs }: ModelRun): readonly Item[] {
  if (entry !== 'runItem' || output === 'many') return outputs;
  return output === 'last' ? outputs.slice(-1) : outputs.slice(0, 1);
}

/** Items by the way that they went, in their order; or sorted, where no order is promised. */
function ordered(items: readonly Item[], isLoose: boolean): string {
  const ways = new Map<string, number[]>();
  for (const { value, way } of items) ways.set(way, [...(ways.get(way) ?? []), value]);
  return [...ways]
    .map(([way, values]) => `(${way}) ${(isLoose ? values.sort((a, b) => a - b) : values).join(' ')}`)
    .sort()
    .join('; ');
}

function printed(counts: Counts | undefined): string {
  const { in: came, out, filtered, deadLettered, failed, cancelled, retried, emitted } = counts ?? noCounts();
  return `in ${came}, out ${out}, filtered ${filtered}, deadLettered ${deadLettered}, failed ${failed}, cancelled ${cancelled}, retried ${retried}, emitted ${emitted}`;
}

function keysOf(...maps: ReadonlyMap<string, unknown>[]): Set<string> {
  return new Set(maps.flatMap((map) => [...map.keys()]));
}

/** Whether the code at a path gets the whole stream: how often it is called is not counted per item. */
function isStream(program: Program, path: string): boolean {
  return (
    path.endsWith('-stream') || (path.endsWith('sink') && !path.includes('-work') && hasStreamSink(program))
  );
}

function hasStreamSink({ root }: Program): boolean {
  return (
    root.sink.kind === 'streamSink' ||
    someStep(
      root.steps,
      (step) => step.kind === 'branches' && step.branches.some(({ sink }) => sink?.kind === 'streamSink'),
    )
  );
}

/** The events that the model foretells. */
function tallied({ recorder }: Observed, { events }: ModelRun): Map<string, number> {
  const tally = new Map<string, number>();
  const streams = new Set(
    recorder.events.flatMap(({ type, path }) =>
      type === 'compositeStarted' && !events.has(`compositeStarted ${path}`) ? [path] : [],
    ),
  );
  for (const event of recorder.events) {
    const { type, path } = event;
    if (type === 'nodeStarted' || type === 'nodeCompleted') continue;
    // One child for the whole stream: whether it was started early or late is not said.
    if (type.startsWith('composite') && streams.has(path)) continue;
    const isFailed = type === 'pipelineFailed' || type === 'compositeCompleted';
    const outcome = isFailed && 'outcome' in event ? [String(event.outcome)] : [];
    const key = [type, path, ...outcome].join(' ');
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  return tally;
}
