import { isInstanceOf } from '../data/foreign-value.js';
import { captureAmbient } from '../context/ambient-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import {
  checkArgument,
  checkOptions,
  handOut,
  invalidOption,
  ReplacedPipeline,
  reportFailure,
  rule,
} from '../engine/node-replacement.js';
import type { Definition } from '../engine/pipeline-runner.js';
import type { RunResult } from '../engine/execution/run-result.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { NodeContainer } from '../ports/node-container.js';
import { IsolationError } from './isolation-error.js';
import { IsolationWatch } from './isolation-watch.js';
import { definitionRule } from './definition-rule.js';
import { isolatedRun } from './isolated-run.js';
import type { IsolatedRun } from './isolated-run.js';
import { WatchedNodes } from './watched-nodes.js';

/** How {@link expectIsolation} runs a pipeline. */
export interface IsolationOptions<TIn = unknown> {
  /** How many runs there are at once, 2 or more. Default 50. */
  readonly runs?: number | undefined;
  /**
   * What each run starts with; as a function, of the number of the run, from 0.
   *
   * Texts of 4 or more characters that only one run is given are looked for in all others: give values that occur
   * nowhere else in the pipeline's data. Objects that several runs are given count as shared by choice.
   */
  readonly context?: PipelineContextOptions | ((run: number) => PipelineContextOptions) | undefined;
  /** Gives the nodes and definitions that are bound in it. */
  readonly container?: NodeContainer | undefined;
  /** The items for a sub-pipeline; as a function, of each run. */
  readonly input?: Iterable<TIn> | ((run: number) => Iterable<TIn>) | undefined;
  /** Decides which calls let other runs go first; an error names it. Default: another one each time. */
  readonly seed?: number | undefined;
}

/** What was proven. */
export interface IsolationReport {
  /** How many there were at once. */
  readonly runs: number;
  /** How many calls of nodes, and items of streams, were looked at. */
  readonly checked: number;
  /** To repeat the test with. */
  readonly seed: number;
}

/**
 * Runs a pipeline many times at once, and proves that nothing crosses from one run to another.
 *
 * Each run has a tenant, a parameter and a property `isolationMarker`, ids and secrets that are marked as its own. They
 * are looked for before and after each call of a node, at every level: in items and outputs, in the context, in the
 * session, and at the end in costs, dead letters, log lines and errors. The nodes are the pipeline's own, sinks included,
 * so give them test services through `context` or `container`.
 *
 * @throws {@link IsolationError} `ISOLATION_BROKEN` with each crossing's key and path, or with a run's failure as `cause`.
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options; else what is wrong with the definition.
 *
 * @example
 * {@includeCode ../../examples/api/expect-isolation.ts}
 */
export function expectIsolation<TIn, TOut>(
  definition: Definition<TIn, TOut>,
  options: IsolationOptions<NoInfer<TIn>> = {},
): Promise<IsolationReport> {
  return handOut(prove(definition, options), (error) => {
    reportFailure(undefined, error, 'expectIsolation failed, and nobody awaited it');
  });
}

async function prove<TIn, TOut>(
  definition: Definition<TIn, TOut>,
  options: IsolationOptions<NoInfer<TIn>>,
): Promise<IsolationReport> {
  checkArgument('expectIsolation', definition, definitionRule);
  checkOptions('expectIsolation', options, optionRules);
  const { runs: count = 50, context = {}, seed = 1 + Math.floor(Math.random() * 2 ** 31), input } = options;
  const watch = new IsolationWatch(seed);
  const watchedNodes = new WatchedNodes(watch);
  const pipeline = new ReplacedPipeline(
    definition,
    { container: options.container },
    {
      definition: () => undefined,
      node: (node) => watchedNodes.binding(node),
    },
  );
  const runs = Array.from({ length: count }, (_, run) =>
    isolatedRun(run, typeof context === 'function' ? context(run) : context, watch),
  );
  watch.comparesSecrets = new Set(runs.map(({ secrets }) => secrets)).size === count;
  const shared = typeof input === 'function' || input === undefined ? undefined : itemsOf(input);
  const inputs = runs.map(({ run }) => {
    if (typeof input !== 'function') return shared;
    const items = itemsOf(input(run));
    watch.given(run, 'input', items, false);
    return items;
  });
  watch.begin();
  if (runs[0] !== undefined) refuseWrongInput(pipeline, runs[0], input !== undefined);

  const start = async ({ run, context: template }: IsolatedRun): Promise<RunResult> => {
    const items = inputs[run];
    if (items === undefined) return await pipeline.runner.run(definition as never, template);
    const stream = pipeline.runner.stream(definition as never, items as never, template);
    for await (const output of stream) watch.look(run, pipeline.name, 'output', output);
    return await stream.result;
  };
  // Outside of what is current here: a run that is started inside another one has the root's id of that.
  const endings = await captureAmbient(undefined)(() => Promise.allSettled(runs.map(start)));
  for (const [run, ending] of endings.entries()) lookAtEnding(run, ending, watch);

  const { crossings, checked } = watch;
  const failedRun = endings.findIndex(({ status }) => status === 'rejected');
  const failedEnding = endings[failedRun];
  const failed =
    failedEnding?.status === 'rejected'
      ? { run: failedRun, error: failedEnding.reason as unknown }
      : undefined;
  if (crossings.length > 0 || failed !== undefined)
    throw new IsolationError({ crossings, name: pipeline.name, runs: count, seed, failed });
  return Object.freeze({ runs: count, checked, seed });
}

const iterableRule = (value: unknown): string | undefined =>
  typeof value === 'function' || Symbol.iterator in Object(value)
    ? undefined
    : 'an iterable, or a function that gives one';

const optionRules = {
  runs: (value: unknown) => (value === 1 ? 'a whole number above 1' : rule.positiveInteger(value)),
  context: (value: unknown) => (typeof value === 'function' ? undefined : rule.object(value)),
  container: rule.having('isBound', 'get'),
  input: iterableRule,
  seed: rule.positiveInteger,
};

/** Copies items, so that all runs can have them. */
function itemsOf<T>(items: Iterable<T>): readonly T[] {
  const expected = typeof items === 'function' ? 'an iterable' : iterableRule(items);
  if (expected !== undefined) throw invalidOption('expectIsolation', `'input' must give ${expected}`);
  return [...items];
}

function refuseWrongInput(pipeline: ReplacedPipeline, { context }: IsolatedRun, hasInput: boolean): void {
  const needsInput = pipeline.describe(context).nodes.some(({ kind }) => kind === 'composite-input');
  if (needsInput === hasInput) return;
  if (hasInput) throw invalidOption('expectIsolation', "'input' is for sub-pipelines", pipeline.name);
  throw new PipelineError('SUB_PIPELINE_NEEDS_INPUT', {
    path: pipeline.name,
    problem: `'${pipeline.name}' is a sub-pipeline: it needs items from outside.`,
    remedy: "Give expectIsolation its items as 'input'.",
  });
}

/** Looks at what a run has left behind. */
function lookAtEnding(run: number, ending: PromiseSettledResult<RunResult>, watch: IsolationWatch): void {
  const error: unknown = ending.status === 'rejected' ? ending.reason : undefined;
  const known = isInstanceOf(error, PipelineError) ? error : undefined;
  const result = ending.status === 'fulfilled' ? ending.value : known?.result;
  watch.look(run, known?.path ?? '', 'error', error);
  if (result === undefined) return;
  const { context } = result;
  watch.lookAround(run, context.path, context);
  for (const { path, callId, model } of context.run.cost.entries)
    watch.look(run, path, 'cost', { callId, model });
}
