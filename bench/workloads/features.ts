import { currentContext, errorPolicy } from 'heirline';
import type {
  ItemCompositeOptions,
  NodeLifetime,
  NodeOptions,
  OutputHandle,
  PipelineBuilder,
  PipelineContext,
  PipelineDefinition,
  PipelineRunnerOptions,
  StreamCompositeOptions,
} from 'heirline';
import type { Contender, Workload } from '../harness/contender.js';
import { Add, Double } from './class-nodes.js';
import { LatestRunLineage, noLineage, observer, unusedDeadLetters } from './feature-services.js';
import { heirlineRun } from './heirline-run.js';

/** What every feature is compared with. */
const plain = 'as it is';

/** Keeps its records, so it gets fewer items: what is kept would slow the others down. */
const inMemory = 'lineage, a sink in memory';
const shareOf = (name: string): number | undefined => (name === inMemory ? 0.1 : undefined);

/** What is turned on for the whole run, in both pipelines. */
const runnerFeatures: readonly (readonly [name: string, options: PipelineRunnerOptions])[] = [
  ['execution observer, all events', { executionObserver: observer }],
  ['lineage, a sink that drops', { lineageSink: noLineage }],
  [inMemory, { lineageSink: new LatestRunLineage() }],
  ['dead-letter sink, unused', { deadLetterSink: unusedDeadLetters }],
  ['codeGeneration: false', { codeGeneration: false }],
];

/** What is turned on at one node or composite, in both pipelines. */
const itemFeatures: readonly (readonly [
  name: string,
  options: NodeOptions & ItemCompositeOptions<number>,
])[] = [
  ['errorPolicy, unused', { errorPolicy: errorPolicy({ on: SyntaxError, then: 'skip' }) }],
  ['timeoutMs', { timeoutMs: 60_000 }],
  ['concurrency: 16, nothing to wait for', { concurrency: 16 }],
];

/** A node that reads something of its context for every item. */
const readers = {
  'a node reads context.signal': (item: number, { signal }: PipelineContext) =>
    signal.aborted ? Number.NaN : item + 1,
  'a node calls currentContext()': (item: number) => (currentContext() === undefined ? Number.NaN : item + 1),
} as const;

/** What each feature costs an item, in a flat pipeline and in one with a child per item. */
export function features(): Workload[] {
  return [
    { name: 'flat, 2 functions', items: 100_000, contenders: flatContenders() },
    { name: 'a composite per item, 2 class nodes', items: 20_000, contenders: compositeContenders() },
  ];
}

/** One way to run a pipeline, beside the others of its workload. */
interface Variant {
  readonly runnerOptions?: PipelineRunnerOptions | undefined;
  readonly describe: (builder: PipelineBuilder, from: OutputHandle<number>) => OutputHandle<number>;
}

function contender(name: string, { runnerOptions, describe }: Variant): Contender {
  return {
    name,
    role: 'heirline',
    share: shareOf(name),
    prepare: (source) => heirlineRun({ source, describe, runnerOptions }),
  };
}

type AddNode = (item: number, context: PipelineContext) => number;

const add: AddNode = (item) => item + 1;
const double = (item: number): number => item * 2;

function flatContenders(): Contender[] {
  const flat =
    (node: AddNode | typeof Add = add, options: NodeOptions = {}): Variant['describe'] =>
    (builder, from) =>
      builder.addTransform(double, {
        name: 'double',
        from: builder.addTransform(node, { ...options, name: 'add', from }),
      });
  return [
    contender(plain, { describe: flat() }),
    contender('class nodes', {
      describe: (builder, from) =>
        builder.addTransform(Double, { from: builder.addTransform(Add, { from }) }),
    }),
    ...runnerFeatures.map(([name, runnerOptions]) => contender(name, { runnerOptions, describe: flat() })),
    ...itemFeatures.map(([name, options]) => contender(name, { describe: flat(add, options) })),
    ...Object.entries(readers).map(([name, node]) => contender(name, { describe: flat(node) })),
  ];
}

/** The nodes of a child. */
type ChildNodes = (
  builder: PipelineBuilder<number, number>,
  input: OutputHandle<number>,
) => OutputHandle<number>;

class Child implements PipelineDefinition<number, number> {
  readonly #nodes: ChildNodes;

  constructor(nodes: ChildNodes) {
    this.#nodes = nodes;
  }

  define(builder: PipelineBuilder<number, number>): void {
    builder.addCompositeOutput({ from: this.#nodes(builder, builder.addCompositeInput()) });
  }
}

const classNodes =
  (lifetime: NodeLifetime): ChildNodes =>
  (builder, input) =>
    builder.addTransform(Double, { lifetime, from: builder.addTransform(Add, { lifetime, from: input }) });

const functions =
  (first: AddNode, options: NodeOptions = {}): ChildNodes =>
  (builder, input) =>
    builder.addTransform(double, {
      name: 'double',
      from: builder.addTransform(first, { ...options, name: 'add', from: input }),
    });

function compositeContenders(): Contender[] {
  const nested =
    (
      nodes: ChildNodes = classNodes('execution'),
      options: ItemCompositeOptions<number> | StreamCompositeOptions = {},
    ): Variant['describe'] =>
    (builder, from) =>
      builder.addComposite(new Child(nodes), { ...options, name: 'child', from });
  return [
    contender(plain, { describe: nested() }),
    contender("lifetime: 'run'", { describe: nested(classNodes('run')) }),
    contender('functions instead of class nodes', { describe: nested(functions(add)) }),
    contender("granularity: 'stream'", { describe: nested(undefined, { granularity: 'stream' }) }),
    ...runnerFeatures.map(([name, runnerOptions]) => contender(name, { runnerOptions, describe: nested() })),
    ...itemFeatures.map(([name, options]) => contender(name, { describe: nested(undefined, options) })),
    contender('cancellable', { describe: nested(undefined, { cancellable: true }) }),
    contender('with, an object of one key', {
      describe: nested(undefined, { with: { parameters: { a: 1 } } }),
    }),
    contender('with, a function that gives one key', {
      describe: nested(undefined, { with: (item) => ({ parameters: { item } }) }),
    }),
    contender('inheritParentParameters', {
      describe: nested(undefined, { contextConfiguration: { inheritParentParameters: true } }),
    }),
    ...Object.entries(readers).map(([name, node]) =>
      contender(`functions, ${name}`, { describe: nested(functions(node)) }),
    ),
    contender('functions, one with timeoutMs', {
      describe: nested(functions(add, { timeoutMs: 60_000 })),
    }),
  ];
}
