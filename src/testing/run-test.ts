import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineContext } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { checkArgument, pipelineNameOf, printed, ReplacedPipeline } from '../engine/node-replacement.js';
import type { PipelineRunnerOptions } from '../engine/pipeline-runner.js';
import { runResult } from '../engine/execution/run-result.js';
import type { RunResult } from '../engine/execution/run-result.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { MemoryDeadLetterSink } from '../resilience/memory-dead-letter-sink.js';
import { definitionRule } from './definition-rule.js';
import { NodeStubs } from './node-stubs.js';
import type { GivenStub } from './node-stubs.js';
import { targetRule } from './node-target.js';
import type { NodeTarget } from './node-target.js';
import { RecordingObserver } from './recording-observer.js';
import type { TestResult } from './test-result.js';
import type { ChildStub } from './tested-child.js';
import { TestedChildren } from './tested-children.js';

/** What a test was told before it runs. */
export interface TestPlan {
  readonly definition: object;
  readonly runnerOptions: PipelineRunnerOptions;
  readonly context: PipelineContextOptions;
  readonly stubs: readonly GivenStub[];
  readonly childStubs: ReadonlyMap<object, ChildStub>;
  /** The items for a sub-pipeline; undefined for a root. */
  readonly input: readonly unknown[] | undefined;
}

/** Runs a pipeline with its stubs; never rejects. */
export async function runTest(plan: TestPlan): Promise<TestResult> {
  const test = new TestRun(plan);
  await test.run();
  return test.result();
}

/** One run of a test. */
class TestRun {
  readonly #plan: TestPlan;
  readonly #name: string;
  readonly #deadLetters = new MemoryDeadLetterSink({ capacity: Number.MAX_SAFE_INTEGER });
  readonly #observer = new RecordingObserver();
  readonly #children: TestedChildren;
  readonly #errors: PipelineError[] = [];
  readonly #outputs: unknown[] = [];
  /** Known once the pipeline is described. */
  #stubs: NodeStubs | undefined;
  #context: PipelineContext | undefined;
  #result: RunResult | undefined;

  constructor(plan: TestPlan) {
    this.#plan = plan;
    this.#name = pipelineNameOf(plan.definition);
    this.#children = new TestedChildren(this.#name, plan.childStubs);
  }

  async run(): Promise<void> {
    try {
      this.#result = await this.#runPipeline();
    } catch (thrown) {
      const error = this.#errorOf(thrown);
      this.#errors.push(error);
      this.#result = error.result;
    }
    if (this.#result === undefined) return;
    const unused =
      this.#stubs?.unused() ?? (this.#stubs?.isComplete === true ? this.#children.unused() : undefined);
    if (unused !== undefined) this.#errors.push(unused);
  }

  result(): TestResult {
    const result = this.#result ?? notStarted(this.#context ?? new PipelineContext(), this.#name);
    return Object.freeze({
      succeeded: this.#errors.length === 0,
      outputs: this.#plan.input === undefined ? (this.#stubs?.left ?? []) : this.#outputs,
      errors: this.#errors,
      deadLetters: this.#deadLetters.envelopes,
      events: this.#observer.events,
      context: result.context,
      result,
      sink: (which: NodeTarget) => this.#sink(which) as never,
      child: (definition: object) => {
        checkArgument('child', definition, definitionRule);
        return this.#children.of(definition) as never;
      },
    });
  }

  async #runPipeline(): Promise<RunResult> {
    const { definition, runnerOptions, input } = this.#plan;
    const context = new PipelineContext({
      ...this.#plan.context,
      deadLetterSink: this.#deadLetters,
      executionObserver: this.#observer,
    });
    this.#context = context;
    const pipeline = new ReplacedPipeline(definition, runnerOptions, {
      definition: (source) => this.#children.standInFor(source),
      node: (node) => this.#stubs?.bindingFor(node),
      compiles: (blueprint) => this.#stubs?.compiles(blueprint),
    });
    this.#stubs = new NodeStubs(pipeline.describe(context), this.#plan.stubs);
    const unused = this.#stubs.mayDescribe ? undefined : this.#children.unused();
    if (unused !== undefined) throw unused;
    const { runner } = pipeline;
    if (input === undefined) return await runner.run(definition as never, context);
    const stream = runner.stream<unknown, unknown>(definition as never, input, context);
    for await (const output of stream) this.#outputs.push(output);
    return await stream.result;
  }

  #sink(which: NodeTarget): readonly unknown[] {
    checkArgument('sink', which, targetRule);
    if (this.#stubs !== undefined) return this.#stubs.sink(which);
    throw new PipelineError('NODE_UNKNOWN', {
      path: this.#name,
      problem: 'The pipeline could not be described, so it has no sinks.',
      remedy: "Look at the test's errors first.",
    });
  }

  #errorOf(thrown: unknown): PipelineError {
    if (isInstanceOf(thrown, PipelineError)) return thrown;
    return new PipelineError('NODE_FAILED', {
      path: this.#name,
      problem: `The run could not be made: ${printed(thrown)}.`,
      remedy: 'Mend what threw; the original error is the cause.',
      cause: thrown,
    });
  }
}

function notStarted(context: PipelineContext, pipelineName: string): RunResult {
  const { runId, pipelineId } = context;
  return runResult({
    ...{ runId, pipelineId, pipelineName, context },
    status: 'failed',
    durationMs: 0,
    nodes: new Map(),
    abandoned: [],
    cost: [],
    failures: { shown: [], total: 0 },
  });
}
