import type { Blueprint, BlueprintNode, CompositeBlueprint } from '../../builder/blueprint.js';
import type { DescribeEnvironment } from '../../builder/describe-definition.js';
import type { NodeBinding } from '../../builder/node-binding.js';
import { pipelineNameOf } from '../../composition/describe-root.js';
import { EdgeIndex } from '../../graph/edge-index.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import type { RunnerCircuits } from '../../resilience/runner-circuits.js';
import { breakersOf } from './breakers-of.js';
import { CallStage } from '../stages/call-stage.js';
import { ChildPlans } from '../plan/child-plans.js';
import { ChildStarter } from '../children/child-starter.js';
import { CompositeStage } from '../children/composite-stage.js';
import { FallbackStage } from '../children/fallback-stage.js';
import { FanOutStage } from '../stages/fan-out-stage.js';
import { Guard } from '../stages/guard.js';
import { GateStage } from '../stages/gate-stage.js';
import { generateChild } from '../plan/generated-child.js';
import type { ChildLine } from '../plan/generated-child.js';
import { InputStage } from '../passing/input-stage.js';
import { childSteps, runChild } from '../children/run-child.js';
import { NodeCode } from '../stages/node-code.js';
import type { RunReplacement } from './run-replacement.js';
import { OutputStage } from '../stages/output-stage.js';
import { flightsOf, LandingStage } from '../stages/landing-stage.js';
import { ParallelStage } from '../stages/parallel-stage.js';
import type { PathLedger } from '../execution/path-ledger.js';
import type { ChildPlan, ConstructedStage, Plan } from '../plan/plan.js';
import type { RecentPlans } from '../plan/recent-plans.js';
import { SegmentStage } from '../passing/segment-stage.js';
import { SinkStage } from '../stages/sink-stage.js';
import { SourceStage } from '../passing/source-stage.js';
import { NOWHERE } from '../stages/stage.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import { SLOTS_PER_NODE } from '../execution/stage-site.js';
import type { StageSite } from '../execution/stage-site.js';
import { isInLine, straightLines } from './straight-lines.js';
import { Toleration } from '../execution/toleration.js';
import { followedNodes } from './followed-nodes.js';
import { StreamCompositeStage } from '../children/stream-composite-stage.js';
import { StreamSinkStage } from '../streams/stream-sink-stage.js';
import { StreamStage } from '../streams/stream-stage.js';
import { StreamTransformStage } from '../streams/stream-transform-stage.js';
import { TransformStage } from '../stages/transform-stage.js';
import { WorkStage } from '../stages/work-stage.js';
import { WritableSinkStage } from '../streams/writable-sink-stage.js';
import { WrittenOut } from '../passing/written-out.js';

/** What all plans of one tree have in common. */
export interface CompileEnvironment {
  readonly ledger: PathLedger;
  readonly describe: DescribeEnvironment;
  /** After how many uses code is generated for a place of a plan. */
  readonly generateAfter: number;
  /** Stands in for nodes under test. */
  readonly replacement: RunReplacement | undefined;
  /** What all runs of the runner share. */
  readonly circuits: RunnerCircuits;
}

/** What the pipelines around a child decide about it. */
interface PlanAbove {
  /** What decides where neither a node nor the child has a policy. */
  readonly policy?: ErrorPolicy<unknown> | undefined;
  /** True if one of them tolerates lost items. */
  readonly isTolerated?: boolean;
}

/**
 * Compiles a blueprint, its children included, into linked stages.
 *
 * @param above what the pipelines around it decide.
 */
export function compilePlan(
  blueprint: Blueprint,
  environment: CompileEnvironment,
  above: PlanAbove = {},
): Plan {
  const { replacement } = environment;
  replacement?.compiles?.(blueprint);
  environment.circuits.check(breakersOf(blueprint));
  return new PlanCompiler(replacement?.blueprint?.(blueprint) ?? blueprint, environment, above).compile();
}

class PlanCompiler {
  readonly #connections: EdgeIndex;
  readonly #lines: readonly (readonly BlueprintNode[])[];
  /** The flight of each node, by id: items land between two flights. */
  readonly #flightOf: (id: string) => number;
  /** Each node's place in the states, by id. */
  readonly #slots: ReadonlyMap<string, number>;
  readonly #stages = new Map<string, NodeStage>();
  /** What items for a node pass first. */
  readonly #entries = new Map<string, Stage>();
  /** The segments by the id of their last node. */
  readonly #segments = new Map<string, SegmentStage>();
  readonly #constructed: ConstructedStage[] = [];
  readonly #children: RecentPlans<ChildPlan>[] = [];
  readonly #fallbacks: FallbackStage[] = [];
  readonly #states: unknown[] = [];
  #needsEnd = false;
  #fansOut = false;

  constructor(
    private readonly blueprint: Blueprint,
    private readonly environment: CompileEnvironment,
    private readonly above: PlanAbove,
  ) {
    this.#connections = new EdgeIndex(blueprint.graph.edges);
    this.#flightOf = flightsOf(
      blueprint.nodes.map(({ id }) => id),
      this.#connections,
    );
    // The nodes of a line have their places one after the other.
    this.#lines = straightLines(blueprint.nodes, this.#connections);
    this.#slots = new Map(this.#lines.flat().map((node) => [node.id, this.#take(slotsOf(node))]));
  }

  compile(): Plan {
    for (const node of this.blueprint.nodes) this.#stages.set(node.id, this.#stageOf(node));
    for (const line of this.#lines) this.#enter(line);
    for (const [id, stage] of this.#stages) stage.next = this.#nextOf(id);
    for (const [last, segment] of this.#segments) segment.next = this.#nextOf(last);
    const stages = [...this.#stages.values()];
    const sources = stages.filter((stage) => stage instanceof SourceStage);
    const isChild = this.blueprint.path.includes('/');
    // Only a node that takes the whole stream can lose interest in it: here, or behind the composite around a child.
    const canClose =
      isChild ||
      stages.some((stage) => stage instanceof StreamStage || stage instanceof StreamCompositeStage);
    const toleration = this.#tolerationOf(stages);
    // A loop that is written out adds up its counts when it is left; a ratio is judged by counts that are up to date.
    const generateAfter = toleration?.isRatio === true ? Infinity : this.environment.generateAfter;
    for (const source of sources)
      source.lead({ segment: this.#segmentAt(source.next), canClose, generateAfter });
    const sinks = stages.filter((stage) => stage instanceof SinkStage);
    const writables = stages.filter((stage) => stage instanceof WritableSinkStage);
    const input = sources.find((stage) => stage instanceof InputStage);
    return {
      blueprint: this.blueprint,
      nodes: stages,
      fallbacks: this.#fallbacks,
      input,
      sources: sources.filter((stage) => !(stage instanceof InputStage)),
      constructed: this.#constructed,
      asChild: new WrittenOut(runChild, generateAfter, () =>
        // To listen to a stream takes time.
        writables.length > 0
          ? undefined
          : generateChild(
              {
                constructed: this.#constructed,
                walk: walkOf(input, sources),
                endsWithItem: sinks.length === 0 && !this.#needsEnd,
              },
              childSteps,
            ),
      ),
      sinks,
      unflushed: stages.filter((stage) => !(stage instanceof SinkStage)),
      writables,
      children: this.#children,
      states: this.#states,
      toleration,
      isTolerated: this.#isTolerated,
      isConcurrent:
        // What is lost in a child may end the pipeline around it.
        toleration !== undefined ||
        this.#needsEnd ||
        this.#fansOut ||
        sources.length > 1 ||
        (isChild && sources.some((stage) => !(stage instanceof InputStage))),
      needsEnd: this.#needsEnd,
    };
  }

  /** Makes what items for a line of nodes pass first: where they can be passed in one loop, that is a segment. */
  #enter(line: readonly BlueprintNode[]): void {
    const [first, last] = [line[0], line.at(-1)];
    const stages = line.map(({ id }) => this.#stages.get(id));
    const [stage] = stages;
    if (first === undefined || last === undefined || stage === undefined) return;
    const calls = stages.filter((each) => each instanceof CallStage);
    const segment = isInLine(first) ? this.#segmentOf(calls) : undefined;
    if (segment !== undefined) this.#segments.set(last.id, segment);
    this.#entries.set(first.id, this.#entryOf(first, segment ?? stage));
  }

  #stageOf(node: BlueprintNode): NodeStage {
    const { id, kind, path, metadata } = node;
    const index = this.#numberOf(path, id, node.composite !== undefined);
    const site: StageSite = { id, kind, path, metadata, index, slot: this.#slots.get(id) ?? -1 };
    const stage =
      node.composite === undefined
        ? this.#nodeStage(node, site)
        : this.#compositeStage(node, site, node.composite);
    if (stage instanceof WorkStage) stage.fallbacks = this.#fallbacksOf(node, site);
    return stage;
  }

  #nodeStage(node: BlueprintNode, site: StageSite): NodeStage {
    const { timeoutMs, idleTimeoutMs } = node.options;
    switch (node.kind) {
      case 'composite-input':
        return new InputStage(site);
      case 'composite-output':
        return new OutputStage(site);
      case 'source':
        return this.#constructing(node, (code) => new SourceStage(site, code, idleTimeoutMs), 'open');
      case 'sink':
        if (!node.isStream) {
          return this.#itemSink(node, site);
        }
        return this.#constructing(
          node,
          (code) => new StreamSinkStage(site, code, this.#streamSlot()),
          'consume',
        );
      case 'stream-transform':
        return this.#constructing(
          node,
          (code) => new StreamTransformStage(site, code, this.#streamSlot()),
          'transform',
        );
      default:
        return this.#constructing(
          node,
          (code) =>
            new TransformStage(site, this.#policyOf(node), code, timeoutMs, this.#guardOf(node, site)),
          'transform',
        );
    }
  }

  #itemSink(node: BlueprintNode, site: StageSite): NodeStage {
    const { timeoutMs } = node.options;
    const binding = this.#bindingOf(node);
    if (binding?.how !== 'writable')
      return this.#constructing(
        node,
        (code) => new SinkStage(site, this.#policyOf(node), code, timeoutMs, this.#guardOf(node, site)),
        'write',
      );
    return new WritableSinkStage(site, NodeCode.of(undefined, 'execution', 'write'), binding.stream);
  }

  /** Where a node keeps its stream; it must be told that the stream has ended. */
  #streamSlot(): number {
    this.#needsEnd = true;
    return this.#take(1);
  }

  #compositeStage(node: BlueprintNode, site: StageSite, composite: CompositeBlueprint): NodeStage {
    const { timeoutMs } = node.options;
    const starter = this.#starterOf(node.path, node.id, composite);
    if (composite.granularity === 'stream') {
      this.#needsEnd = true;
      return new StreamCompositeStage(site, starter, composite.budget);
    }
    return new CompositeStage(
      site,
      this.#policyOf(node),
      timeoutMs,
      composite,
      starter,
      this.#guardOf(node, site),
      this.blueprint.settings.tolerate !== undefined,
    );
  }

  /** Compiles what starts the children of a composite, or the fallbacks of a node. */
  #starterOf(path: string, nodeId: string, composite: CompositeBlueprint): ChildStarter {
    const pipelineName = pipelineNameOf(composite.definition);
    const site = { path, pipelineName, child: { nodeId, inheritance: composite.inheritance } };
    const { errorPolicy } = this.blueprint.settings;
    const policy = errorPolicy?.children === true ? errorPolicy.policy : this.above.policy;
    const plans = new ChildPlans(composite, site, this.environment.describe, (child) =>
      compilePlan(child, this.environment, { policy, isTolerated: this.#isTolerated }),
    );
    this.#children.push(plans.recent);
    return new ChildStarter(composite, plans);
  }

  /** The sub-pipelines that run in place of what fails at a node, by their definitions. */
  #fallbacksOf(
    { id: nodeId, fallbacks }: BlueprintNode,
    { index: ofNode }: StageSite,
  ): WorkStage['fallbacks'] {
    const stages = fallbacks.map(({ id, path, composite }) => {
      const index = this.#numberOf(path, id, true);
      const site: StageSite = { id, kind: 'composite', path, metadata: {}, index, slot: -1 };
      const stage = new FallbackStage(site, composite, this.#starterOf(path, nodeId, composite), ofNode);
      this.#fallbacks.push(stage);
      return [composite.definition, stage] as const;
    });
    return new Map(stages);
  }

  #numberOf(path: string, nodeId: string, isComposite: boolean): number {
    return this.environment.ledger.indexOf({ path, nodeId, pipelineName: this.blueprint.name, isComposite });
  }

  /** Whether this pipeline, or one around it, tolerates lost items. */
  get #isTolerated(): boolean {
    return this.blueprint.settings.tolerate !== undefined || this.above.isTolerated === true;
  }

  #tolerationOf(stages: readonly NodeStage[]): Toleration | undefined {
    const { tolerate } = this.blueprint.settings;
    return tolerate && new Toleration(tolerate, followedNodes(stages, this.#connections));
  }

  /** What stands before the calls of a node; undefined for one without a breaker and a bulkhead. */
  #guardOf({ path, options }: BlueprintNode, site: StageSite): Guard | undefined {
    const { circuitBreaker, bulkhead } = options;
    if (circuitBreaker === undefined && bulkhead === undefined) return undefined;
    const { circuits } = this.environment;
    return new Guard(
      site,
      circuitBreaker,
      circuitBreaker && circuits.circuitAt(path, circuitBreaker),
      bulkhead && circuits.bulkheadAt(path, bulkhead),
    );
  }

  /** The node's own policy, else the innermost default. */
  #policyOf({ options }: BlueprintNode): ErrorPolicy<unknown> | undefined {
    return options.errorPolicy ?? this.blueprint.settings.errorPolicy?.policy ?? this.above.policy;
  }

  #bindingOf(node: BlueprintNode): NodeBinding | undefined {
    return this.environment.replacement?.node(node) ?? node.binding;
  }

  #constructing<TStage extends NodeStage>(
    node: BlueprintNode,
    make: (code: NodeCode) => TStage,
    ...methods: readonly string[]
  ): TStage {
    const binding = this.#bindingOf(node);
    const code = NodeCode.of(binding, node.options.lifetime, ...methods);
    const stage = make(code);
    if (code.type === undefined) this.#states[stage.slot + 1] = code.shared;
    else this.#constructed.push({ stage, code });
    return stage;
  }

  /** What items for a node pass first: a gate where inputs meet, then its lanes where it works on several at once. */
  #entryOf({ id, options }: BlueprintNode, stage: Stage): Stage {
    let entry: Stage = stage;
    if (options.concurrency > 1 && stage instanceof WorkStage) {
      this.#needsEnd = true;
      entry = new ParallelStage(stage, options, this.#take(1));
    }
    const inputs = this.#connections.inputsOf(id);
    return inputs > 1 ? new GateStage(entry, inputs, this.#take(1)) : entry;
  }

  #segmentOf(stages: readonly CallStage<object>[]): SegmentStage {
    const nodes = stages.map(({ index }) => index);
    const hasSink = stages.at(-1) instanceof SinkStage;
    const index = this.environment.ledger.segmentOf({ nodes, hasSink });
    return new SegmentStage(stages, { index, hasSink, generateAfter: this.environment.generateAfter });
  }

  /** The segment that a stage is, or an empty one before it. */
  #segmentAt(next: Stage): SegmentStage {
    if (next instanceof SegmentStage) return next;
    const segment = this.#segmentOf([]);
    segment.next = next;
    return segment;
  }

  #nextOf(id: string): Stage {
    const ids = [...this.#connections.targetsOf(id)];
    const flight = this.#flightOf(id);
    const targets = ids.map((to) => {
      const entry = this.#entries.get(to) ?? NOWHERE;
      return this.#flightOf(to) > flight ? new LandingStage(entry) : entry;
    });
    const [only] = targets;
    if (only === undefined) return NOWHERE;
    if (targets.length === 1) return only;
    this.#fansOut = true;
    return new FanOutStage(targets);
  }

  #take(count: number): number {
    const first = this.#states.length;
    for (let index = 0; index < count; index += 1) this.#states.push(undefined);
    return first;
  }
}

/** How many places a node needs: none where nothing is kept for it, and nobody sees its view of the context. */
function slotsOf({ kind, composite }: BlueprintNode): number {
  if (kind === 'composite-input' || kind === 'composite-output') return 0;
  if (composite === undefined || composite.granularity === 'stream') return SLOTS_PER_NODE;
  const { valuesOf, input, combine } = composite;
  return (valuesOf ?? input ?? combine) === undefined ? 0 : SLOTS_PER_NODE;
}

/** What an item of a child passes first, where that can be written out: the child begins with nothing else. */
function walkOf(input: InputStage | undefined, sources: readonly SourceStage[]): ChildLine['walk'] {
  if (input === undefined || sources.length > 1 || !input.segment.isWalked) return undefined;
  return { input, segment: input.segment, next: input.segment.next };
}
