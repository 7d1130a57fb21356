import fc from 'fast-check';
import {
  errorPolicy,
  SKIP,
  type ErrorPolicy,
  type NoItem,
  type OutputHandle,
  type PipelineBuilder,
} from 'heirline';
import { definePipeline, nextTurn, type DefinitionClass } from '../../integration/support/harness.js';

/** What a step does with the values for which `value % every === 0`; the others pass. */
type Act = 'pass' | 'skip' | 'throw' | 'throwOnce' | 'cancel';
type StepPolicy = 'none' | 'skip' | 'deadLetter' | 'retry';

export interface StepSpec {
  readonly kind: 'step';
  readonly act: Act;
  readonly every: number;
  readonly policy: StepPolicy;
  /** Whether a sink beside the next node gets the items first. */
  readonly tapped: boolean;
  readonly lanes: number;
}

/** A stream transform that gives a sum for so many values. */
export interface BatchSpec {
  readonly kind: 'batch';
  readonly size: number;
}

/** A stream transform that gives `value % 3` values for a value. */
export interface SpreadSpec {
  readonly kind: 'spread';
}

export interface ChildSpec {
  readonly kind: 'child';
  readonly policy: 'none' | 'skip' | 'retry';
  readonly inherits: boolean;
  readonly nodes: readonly NodeSpec[];
  readonly lanes: number;
}

export interface StreamSpec {
  readonly kind: 'stream';
  readonly inherits: boolean;
  readonly nodes: readonly NodeSpec[];
}

export type NodeSpec = StepSpec | BatchSpec | SpreadSpec | ChildSpec | StreamSpec;

export interface LineageSpec {
  readonly items: readonly number[];
  readonly nodes: readonly NodeSpec[];
}

/** What a tree may have in it. */
interface Kinds {
  readonly acts: readonly Act[];
  readonly policies: readonly StepPolicy[];
  readonly childPolicies: readonly ChildSpec['policy'][];
  readonly lanes: readonly number[];
}

/** Trees in which every failure is handled, and nothing overlaps: all of their lineage has one right answer. */
const handled: Kinds = {
  acts: ['pass', 'skip', 'throw', 'throwOnce'],
  policies: ['skip', 'deadLetter', 'retry'],
  childPolicies: ['none', 'skip', 'retry'],
  lanes: [1],
};

/** Trees in which runs fail and are cancelled while items are under way. */
const wild: Kinds = {
  acts: ['pass', 'skip', 'throw', 'cancel'],
  policies: ['none', 'skip', 'deadLetter'],
  childPolicies: ['none', 'skip', 'retry'],
  lanes: [1, 1, 3],
};

/** @param isSafe whether a composite around handles what fails. */
function nodesOf(kinds: Kinds, depth: number, isPerItem: boolean, isSafe = false): fc.Arbitrary<NodeSpec[]> {
  const step: fc.Arbitrary<NodeSpec> = fc.record({
    kind: fc.constant('step'),
    act: fc.constantFrom(...kinds.acts),
    every: fc.integer({ min: 2, max: 7 }),
    policy: fc.constantFrom(...kinds.policies, ...(isSafe ? (['none'] as const) : [])),
    tapped: fc.boolean(),
    lanes: fc.constantFrom(...kinds.lanes),
  });
  const batch: fc.Arbitrary<NodeSpec> = fc.record({
    kind: fc.constant('batch'),
    size: fc.integer({ min: 1, max: 3 }),
  });
  const spread: fc.Arbitrary<NodeSpec> = fc.constant({ kind: 'spread' });
  if (depth === 0) return fc.array(fc.oneof(step, step, batch, spread), { minLength: 1, maxLength: 2 });
  const child: fc.Arbitrary<NodeSpec> = fc.constantFrom(...kinds.childPolicies).chain((policy) =>
    fc.record({
      kind: fc.constant('child'),
      policy: fc.constant(policy),
      inherits: fc.boolean(),
      nodes: nodesOf(kinds, depth - 1, true, isSafe || policy !== 'none'),
      lanes: fc.constantFrom(...kinds.lanes),
    }),
  );
  const stream: fc.Arbitrary<NodeSpec> = fc.record({
    kind: fc.constant('stream'),
    inherits: isPerItem ? fc.constant(true) : fc.boolean(),
    nodes: nodesOf(kinds, depth - 1, isPerItem, isSafe),
  });
  return fc.array(fc.oneof(step, batch, spread, child, child, stream), { minLength: 1, maxLength: 3 });
}

function specsOf(kinds: Kinds): fc.Arbitrary<LineageSpec> {
  return fc.record({
    items: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
    nodes: nodesOf(kinds, 2, false),
  });
}

export const handledSpecs = specsOf(handled);
export const wildSpecs = specsOf(wild);

/** Whether a value is one of those that a step acts on. */
export function isActedOn({ every }: StepSpec, value: number): boolean {
  return value % every === 0;
}

/** The pipeline of a spec: `read`, the nodes `n0`, `n1` and so on, and `save`. */
export function lineagePipeline(spec: LineageSpec): DefinitionClass<NoItem, NoItem> {
  const calls = new Map<string, number>();
  return definePipeline('root', (builder) => {
    const read = builder.addSource(spec.items, 'read');
    builder.addSink(() => undefined, {
      name: 'save',
      from: addNodes(builder, 'root', spec.nodes, read, calls),
    });
  });
}

function addNodes<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  path: string,
  nodes: readonly NodeSpec[],
  from: OutputHandle<number>,
  calls: Map<string, number>,
): OutputHandle<number> {
  return nodes.reduce(
    (handle, node, index) => addNode(builder, path, `n${String(index)}`, node, handle, calls),
    from,
  );
}

function addNode<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  path: string,
  name: string,
  node: NodeSpec,
  from: OutputHandle<number>,
  calls: Map<string, number>,
): OutputHandle<number> {
  switch (node.kind) {
    case 'step': {
      const key = `${path}/${name}`;
      const step = builder.addTransform(
        async (value: number, context) => {
          if (node.lanes > 1 && value % 2 === 0) await nextTurn();
          if (!isActedOn(node, value) || node.act === 'pass') return value;
          if (node.act === 'skip') return SKIP;
          if (node.act === 'cancel') context.run.cancel();
          const number = (calls.get(`${key} ${String(value)}`) ?? 0) + 1;
          calls.set(`${key} ${String(value)}`, number);
          if (node.act === 'throw' || (node.act === 'throwOnce' && number % 2 === 1))
            throw new RangeError(key);
          return value;
        },
        { name, from, concurrency: node.lanes, ...policyOf(node.policy) },
      );
      if (node.tapped) builder.addSink(() => undefined, { name: `${name}-tap`, from: step });
      return step;
    }
    case 'batch':
      return builder.addStreamTransform((values: AsyncIterable<number>) => sums(values, node.size), {
        name,
        from,
      });
    case 'spread':
      return builder.addStreamTransform(spread, { name, from });
    case 'child':
    case 'stream': {
      const below = `${path}/${name}`;
      const Child = definePipeline<number, number>('child', (child) => {
        const last = addNodes(child, below, node.nodes, child.addCompositeInput(), calls);
        child.addCompositeOutput({ from: last });
      });
      const contextConfiguration = { inheritLineageSink: node.inherits };
      if (node.kind === 'stream')
        return builder.addComposite(Child, { name, from, contextConfiguration, granularity: 'stream' });
      const policy = policyOf(node.policy);
      return builder.addComposite(Child, {
        name,
        from,
        contextConfiguration,
        concurrency: node.lanes,
        output: canMultiply(node.nodes) ? 'many' : 'optional',
        ...policy,
      });
    }
  }
}

function policyOf(policy: StepPolicy | ChildSpec['policy']): { errorPolicy?: ErrorPolicy } {
  if (policy === 'none') return {};
  if (policy === 'retry')
    return { errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } }) };
  return { errorPolicy: errorPolicy(policy) };
}

async function* sums(values: AsyncIterable<number>, size: number): AsyncIterable<number> {
  let held: number[] = [];
  for await (const value of values) {
    held.push(value);
    if (held.length < size) continue;
    yield sumOf(held);
    held = [];
  }
  if (held.length > 0) yield sumOf(held);
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** The values that a spread gives for one. */
export const copiesOf = (value: number): readonly number[] =>
  Array.from({ length: value % 3 }, (_, at) => value * 2 + at);

async function* spread(values: AsyncIterable<number>): AsyncIterable<number> {
  for await (const value of values) yield* copiesOf(value);
}

/** Whether there may be two outputs for one item. */
export function canMultiply(nodes: readonly NodeSpec[]): boolean {
  return nodes.some((node) => node.kind === 'spread' || ('nodes' in node && canMultiply(node.nodes)));
}

/** Whether items end where a child takes them that keeps no lineage, whatever becomes of them there. */
export function hidesItems(nodes: readonly NodeSpec[]): boolean {
  return nodes.some(
    (node) => 'nodes' in node && ((node.kind === 'stream' && !node.inherits) || hidesItems(node.nodes)),
  );
}
