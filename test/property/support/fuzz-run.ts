import { PipelineContext, PipelineError, PipelineRunner, type RunResult } from 'heirline';
import { nextTurn, unhandledDuring } from '../../integration/support/harness.js';
import { rootPipelineOf, subPipelineOf } from './fuzz-build.js';
import type { Item, Program } from './fuzz-program.js';
import { Recorder } from './fuzz-recorder.js';
import { sourceOf } from './fuzz-sources.js';

/** How a run of a program went. */
export interface Observed {
  readonly recorder: Recorder;
  /** Whether it did not settle in time. */
  readonly hung: boolean;
  /** `none` for a run that succeeded, `other` where it rejected with something that is no PipelineError. */
  readonly code: string;
  readonly path: string | undefined;
  readonly result: RunResult | undefined;
  readonly unhandled: readonly unknown[];
  readonly durationMs: number;
}

type Ending = Pick<Observed, 'code' | 'path' | 'result'>;

/** Far more than any program takes, its limits and its grace period included. */
const BOUND_MS = 8_000;

const GRACE_MS = 400;

/** After so many turns a source that waits for ever is ended by a cancel. */
const PATIENCE_TURNS = 80;

/** Runs a program, and waits a little to see what comes after its end. */
export async function runProgram(program: Program, waits: boolean): Promise<Observed> {
  const controller = new AbortController();
  const recorder = new Recorder(program.cancelAtCall, () => {
    controller.abort();
  });
  const endings: (Ending | 'hung')[] = [];
  const startedAt = performance.now();
  const unhandled = await unhandledDuring(async () => {
    const ended = endingOf(begin(program, recorder, controller.signal));
    const watch = cancelLater(program, waits, controller, recorder);
    endings.push(await withinBound(ended));
    recorder.isOver = true;
    await watch;
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  });
  const [ending = 'hung'] = endings;
  return {
    recorder,
    hung: ending === 'hung',
    ...(ending === 'hung' ? { code: 'none', path: undefined, result: undefined } : ending),
    unhandled,
    durationMs: performance.now() - startedAt,
  };
}

async function begin(
  program: Program,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const { entry, root, input, letters } = program;
  const runner = new PipelineRunner({
    graceMs: GRACE_MS,
    executionObserver: recorder.observer,
    ...(letters ? { deadLetterSink: { write: (envelope) => void recorder.letters.push(envelope) } } : {}),
  });
  if (entry === 'run') return await runner.run(rootPipelineOf(root, recorder), { signal });
  const definition = subPipelineOf(root, 'root', 'root', recorder, false);
  if (entry === 'runItem') {
    const [value = 1] = input.values;
    const item: Item = { value, way: 'root/input' };
    if (program.output === 'many') {
      recorder.outputs.push(...(await runner.runItem(definition, item, { signal }, { output: 'many' })));
      return undefined;
    }
    const { output } = program;
    const given =
      output === 'optional'
        ? await runner.runItem(definition, item, { signal }, { output })
        : await runner.runItem(definition, item, { signal }, { output });
    if (given !== undefined) recorder.outputs.push(given);
    else if (output !== 'optional') recorder.wrong.push(`runItem under '${output}' gave nothing`);
    return undefined;
  }
  return await readStream(program, recorder, (items) => runner.stream(definition, items, { signal }));
}

async function readStream(
  program: Program,
  recorder: Recorder,
  open: (
    items: Iterable<Item> | AsyncIterable<Item>,
  ) => AsyncIterable<Item> & { readonly result: Promise<RunResult> },
): Promise<RunResult> {
  // Items that come later are given as they come: the stream takes no promise of them.
  const kind = program.input.kind === 'promisedArray' ? 'array' : program.input.kind;
  const place = { path: 'root/input', id: 'input', recorder };
  const items = sourceOf(place, { ...program.input, kind })(new PipelineContext());
  if (!isIterable(items)) throw new TypeError('the input of a stream is iterable');
  const stream = open(items);
  let read = 0;
  for await (const item of stream) {
    recorder.outputs.push(item);
    read += 1;
    if (read === program.leavesAfter) break;
  }
  return await stream.result;
}

function isIterable(items: object): items is Iterable<Item> | AsyncIterable<Item> {
  return Symbol.iterator in items || Symbol.asyncIterator in items;
}

async function endingOf(run: Promise<RunResult | undefined>): Promise<Ending> {
  try {
    return { code: 'none', path: undefined, result: await run };
  } catch (error) {
    if (error instanceof PipelineError) return { code: error.code, path: error.path, result: error.result };
    return { code: 'other', path: undefined, result: undefined };
  }
}

async function withinBound(ended: Promise<Ending>): Promise<Ending | 'hung'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'hung'>((resolve) => {
    timer = setTimeout(() => {
      resolve('hung');
    }, BOUND_MS);
  });
  const first = await Promise.race([ended, late]);
  clearTimeout(timer);
  return first;
}

async function cancelLater(
  program: Program,
  waits: boolean,
  controller: AbortController,
  recorder: Recorder,
): Promise<void> {
  const turns = program.cancelAtTurn > 0 ? program.cancelAtTurn : waits ? PATIENCE_TURNS : 0;
  if (turns === 0) return;
  for (let turn = 0; turn < turns && !recorder.isOver; turn += 1) await nextTurn();
  if (!recorder.isOver) controller.abort();
}
