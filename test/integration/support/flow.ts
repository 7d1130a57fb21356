import {
  PipelineError,
  PipelineRunner,
  type Clock,
  type ErrorPolicy,
  type FinalDecision,
  type NodeCounts,
  type PipelineRunnerOptions,
  type RunResult,
  type StreamOperator,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { definePipeline } from './harness.js';

/** What a run of `source` → `operator` → `sink` may be told besides. */
export interface FlowOptions extends PipelineRunnerOptions {
  readonly errorPolicy?: ErrorPolicy<unknown> | FinalDecision;
  /** Takes the outputs; what it gives is awaited. */
  readonly sink?: (output: unknown) => unknown;
  readonly signal?: AbortSignal;
}

/** How such a run has ended. */
export interface FlowOutcome<TOut> {
  readonly outputs: readonly TOut[];
  /** The code of the run's error; `none` where it succeeded. */
  readonly code: string;
  readonly error: PipelineError | undefined;
  readonly result: RunResult;
  /** What the operator has counted. */
  readonly counts: NodeCounts;
}

/** The run of a pipeline of three nodes: `source` → `operator` → `sink`. */
export class FlowRun<TIn, TOut> {
  readonly outputs: TOut[] = [];
  readonly ended: Promise<FlowOutcome<TOut>>;

  constructor(
    items: Iterable<TIn> | AsyncIterable<TIn>,
    operator: StreamOperator<TIn, TOut>,
    { errorPolicy, sink = () => undefined, signal, ...options }: FlowOptions = {},
  ) {
    const Flow = definePipeline('flow', (builder) => {
      const source = builder.addSource(items, 'source');
      const node = builder.addStreamTransform(operator, {
        name: 'operator',
        from: source,
        ...(errorPolicy === undefined ? {} : { errorPolicy }),
      });
      builder.addSink(
        (output) => {
          this.outputs.push(output as TOut);
          return sink(output);
        },
        { name: 'sink', from: node },
      );
    });
    const run = new PipelineRunner(options).run(Flow, signal === undefined ? {} : { signal });
    const ended = run.then(
      (result) => ({ result, error: undefined }),
      (error: unknown) => {
        if (error instanceof PipelineError && error.result !== undefined)
          return { result: error.result, error };
        throw error;
      },
    );
    this.ended = ended.then(({ result, error }) => {
      const code = error?.code ?? 'none';
      const counts = result.nodes.get('flow/operator');
      if (counts === undefined) throw new TypeError('the operator has counted nothing');
      return { outputs: this.outputs, code, error, result, counts };
    });
  }
}

/** Runs items through an operator, and waits for the end. */
export function flowOf<TIn, TOut>(
  items: Iterable<TIn> | AsyncIterable<TIn>,
  operator: StreamOperator<TIn, TOut>,
  options?: FlowOptions,
): Promise<FlowOutcome<TOut>> {
  return new FlowRun(items, operator, options).ended;
}

/** What an operator makes of items, in a run that must succeed. */
export async function outputsOf<TIn, TOut>(
  items: Iterable<TIn> | AsyncIterable<TIn>,
  operator: StreamOperator<TIn, TOut>,
  options?: FlowOptions,
): Promise<readonly TOut[]> {
  const { error, outputs } = await flowOf(items, operator, options);
  if (error !== undefined) throw error;
  return outputs;
}

/** A clock that stands at 0, and the options of a runner that uses it. */
export function manual(): { readonly clock: ManualClock; readonly options: { readonly clock: ManualClock } } {
  const clock = new ManualClock(0);
  return { clock, options: { clock } };
}

/** Waits so many milliseconds of a clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}

/** Gives items at times of a clock; ends at `endMs`. */
export async function* timed<T>(
  clock: Clock,
  items: readonly (readonly [atMs: number, item: T])[],
  endMs = 0,
): AsyncGenerator<T> {
  for (const [atMs, item] of items) {
    if (atMs > clock.now()) await sleep(clock, atMs - clock.now());
    yield item;
  }
  if (endMs > clock.now()) await sleep(clock, endMs - clock.now());
}
