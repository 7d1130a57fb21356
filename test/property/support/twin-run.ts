import {
  MemoryDeadLetterSink,
  MemoryLineageSink,
  PipelineError,
  PipelineRunner,
  type ExecutionEvents,
  type LineageRecord,
  type NodeCounts,
  type RunResult,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import { expectBalanced, resultOf } from '../../integration/support/harness.js';
import { twinPipeline, type Form, type Openings } from './twin-build.js';
import { levelsOf, type TwinLevel } from './twin-graph.js';
import type { Letter } from './twin-model.js';
import { Recorder, RUN_ID, type Pace } from './twin-nodes.js';
import type { TwinSpec } from './twin-spec.js';
import { rootEntries, type TwinItem } from './twin-work.js';

/** One way to build and to run a spec. */
export interface Variant {
  readonly pace: Pace;
  readonly form: Form;
  readonly observed: boolean;
  readonly lineage: boolean;
  /** Whether code may be generated for it; else the loop that all pipelines share does the same. */
  readonly generated: boolean;
}

/** An event without what differs from run to run; executions are numbered in the order of their appearance. */
export interface EventLine {
  readonly execution: number;
  readonly type: string;
  readonly path: string;
  readonly nodeId?: string;
  readonly child?: number;
  readonly outcome?: string;
  readonly attempt?: number;
  readonly delayMs?: number;
  readonly error?: string;
  readonly isOfRun: boolean;
}

/** What came of one run. */
export interface Observed {
  readonly status: string;
  readonly code: string | undefined;
  readonly path: string | undefined;
  readonly nodes: ReadonlyMap<string, NodeCounts>;
  readonly sinks: ReadonlyMap<string, readonly TwinItem[]>;
  readonly letters: readonly Letter[];
  readonly events: readonly EventLine[] | undefined;
  readonly lineage: readonly LineageRecord[] | undefined;
  readonly lives: ReadonlyMap<string, number>;
  /** What the root's dictionaries held in the end. */
  readonly written: unknown;
  /** What must not be, in words. */
  readonly wrong: readonly string[];
}

/** Runs a spec in one of its variants. */
export async function observe(spec: TwinSpec, root: TwinLevel, variant: Variant): Promise<Observed> {
  const recorder = new Recorder(variant.pace, spec.seed);
  const letters = new MemoryDeadLetterSink();
  const lineage = new MemoryLineageSink();
  const observer = new RecordingObserver();
  const openings: Openings = {
    opened: 0,
    closed: 0,
    pulls: (before) => {
      // Depth first: the items before have left, and their records are written, beside those of what was made of them.
      const { length } = lineage.records.filter(({ contributors }) => contributors === undefined);
      if (root.lockstep && variant.lineage && length !== before) {
        recorder.wrong.push(`item ${before} is pulled after ${length} records`);
      }
    },
  };
  let error: PipelineError | undefined;
  let result: RunResult;
  try {
    result = await new PipelineRunner({ codeGeneration: variant.generated && { after: 0 } }).run(
      twinPipeline(root, recorder, variant.form, openings),
      {
        ...rootEntries,
        run: { runId: RUN_ID },
        ...(spec.letters ? { deadLetterSink: letters } : {}),
        ...(variant.lineage ? { lineageSink: lineage } : {}),
        ...(variant.observed ? { executionObserver: observer } : {}),
      },
    );
  } catch (thrown) {
    if (!(thrown instanceof PipelineError)) throw thrown;
    error = thrown;
    result = resultOf(thrown);
  }
  expectBalanced(result);
  const { context } = result;
  const { wrong, lives } = recorder;
  if (openings.opened !== openings.closed) wrong.push(`opened ${openings.opened}, closed ${openings.closed}`);
  if (result.abandoned.length > 0) wrong.push(`abandoned ${result.abandoned.join(', ')}`);
  wrong.push(...unequalLives(lives), ...namesWrong(root, result));
  wrong.push(...lineageWrong(root, result, variant.lineage ? lineage.records : undefined));
  const events = variant.observed ? linesOf(observer.events) : undefined;
  if (events !== undefined) wrong.push(...eventsWrong(events, root));
  return {
    status: result.status,
    code: error?.code,
    path: error?.path,
    nodes: result.nodes,
    sinks: recorder.sinks,
    letters: letters.envelopes.map(({ path, decidedAt, error: { code }, item, attempts }) => {
      const { value, tag } = item as TwinItem;
      return { code, path, decidedAt, value, tag, attempts };
    }),
    events,
    lineage: variant.lineage ? lineage.records : undefined,
    lives,
    written: [context.parameters.toObject(), context.items.toObject(), context.properties.toObject()],
    wrong,
  };
}

/** What was made must have been initialised and disposed. */
function unequalLives(lives: ReadonlyMap<string, number>): string[] {
  return [...lives].flatMap(([key, made]) => {
    const [path = '', what] = key.split(' ');
    const disposed = lives.get(`${path} disposed`);
    return what !== 'made' || made === disposed
      ? []
      : [`${path}: ${made} made, ${String(disposed)} disposed`];
  });
}

/** Every node is counted, under its own name and pipeline. */
function namesWrong(root: TwinLevel, { nodes }: RunResult): string[] {
  const wanted = [...levelsOf(root)].flatMap(({ name, nodes: own }) =>
    own.map(({ id, path }) => `${path} is ${id} of ${name}`),
  );
  const found = [...nodes].map(
    ([path, { nodeId, pipelineName }]) => `${path} is ${nodeId} of ${pipelineName}`,
  );
  return [
    ...wanted.filter((name) => !found.includes(name)).map((name) => `not counted: ${name}`),
    ...found.filter((name) => !wanted.includes(name)).map((name) => `counted: ${name}`),
  ];
}

/** Every item that the root pulled has one record, and no item has two. */
function lineageWrong(
  root: TwinLevel,
  { nodes }: RunResult,
  records: readonly LineageRecord[] | undefined,
): string[] {
  if (records === undefined) return [];
  const ids = new Set(records.map(({ correlationId }) => correlationId));
  const sources = root.nodes.filter(({ kind }) => kind === 'source');
  const pulled = sources.reduce((sum, { path }) => sum + (nodes.get(path)?.in ?? 0), 0);
  const wrong = ids.size === records.length ? [] : ['an item has two records'];
  // In lockstep an item is never split: what it passed twice is a try that should have been forgotten.
  const twice = ({ traversal }: LineageRecord): boolean =>
    new Set(traversal.map(({ path }) => path)).size !== traversal.length;
  if (root.lockstep && records.some(twice)) wrong.push('an item passed a node twice');
  return ids.size < pulled ? [...wrong, `${ids.size} records of ${pulled} items`] : wrong;
}

type AnyEvent = ExecutionEvents[keyof ExecutionEvents];

function linesOf(events: readonly AnyEvent[]): EventLine[] {
  const numbers = new Map<string, number>();
  const numberOf = (id: string): number => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  };
  // What is given up when something ends is a matter of pace, and told after the end.
  const kept = events.filter(({ type }) => type !== 'itemCancelled');
  return kept.map((event) => ({
    execution: numberOf(event.pipelineId),
    type: event.type,
    path: event.path,
    isOfRun: event.runId === RUN_ID,
    ...('nodeId' in event ? { nodeId: event.nodeId } : {}),
    ...('childPipelineId' in event ? { child: numberOf(event.childPipelineId) } : {}),
    ...('outcome' in event ? { outcome: event.outcome } : {}),
    ...('attempt' in event ? { attempt: event.attempt } : {}),
    ...('delayMs' in event ? { delayMs: event.delayMs } : {}),
    ...('error' in event
      ? { error: `${event.error.code ?? ''} ${event.error.path ?? ''} ${event.error.cause?.message ?? ''}` }
      : {}),
  }));
}

/** What holds for the events of any run, however its executions overlap. */
function eventsWrong(events: readonly EventLine[], root: TwinLevel): string[] {
  const levels = new Map([...levelsOf(root)].map((level) => [level.path, level] as const));
  const byExecution = new Map<number, EventLine[]>();
  for (const event of events)
    byExecution.set(event.execution, [...(byExecution.get(event.execution) ?? []), event]);
  const wrong: string[] = [];
  for (const [execution, own] of byExecution) {
    const ends = own.filter(({ type }) => type === 'pipelineCompleted' || type === 'pipelineFailed');
    const starts = own.filter(({ type }) => type === 'pipelineStarted');
    // A dead letter is told when it leaves: after its execution, where a composite around it might have tried again.
    const framed = own.filter(({ type }) => type !== 'itemDeadLettered');
    const isFramed = framed[0] === starts[0] && framed.at(-1) === ends[0];
    if (!isFramed || starts.length !== 1 || ends.length !== 1)
      wrong.push(`events of ${execution} have no one frame`);
    const ofNodes = (wanted: string): string[] =>
      own.filter(({ type }) => type === wanted).map(({ path }) => path);
    const level = levels.get(own[0]?.path ?? '');
    const described = level?.nodes.map(({ path }) => path) ?? [];
    const completed = ofNodes('nodeCompleted');
    const [end] = ends;
    // A row of nodes ends from its first to its last.
    const inOrder = level?.lockstep === true && end?.outcome === 'succeeded';
    const isOnceEach = inOrder
      ? completed.join() === described.join()
      : [...completed].sort().join() === [...described].sort().join();
    if (!isOnceEach) wrong.push(`execution ${execution} ended ${completed.join()}, not ${described.join()}`);
    const started = ofNodes('nodeStarted');
    if (started.join() !== described.join()) wrong.push(`execution ${execution} started ${started.join()}`);
    // One node ends an execution: the one that failed, or in whose child it happened.
    const failed = own.filter(({ type, outcome }) => type === 'nodeCompleted' && outcome === 'failed');
    const isNamed = failed.length === 1 && end?.error?.includes(` ${String(failed[0]?.path)}`) === true;
    if (end?.outcome === 'failed' ? !isNamed : failed.length > 0) {
      wrong.push(`execution ${execution} failed at ${failed.map(({ path }) => path).join() || 'no node'}`);
    }
  }
  const children = (wanted: string): (number | undefined)[] =>
    events.filter(({ type }) => type === wanted).map(({ child }) => child);
  const started = children('compositeStarted');
  if (new Set(started).size !== started.length) wrong.push('two children have one id');
  if (children('compositeCompleted').sort().join() !== started.sort().join())
    wrong.push('a child did not end');
  return wrong;
}
