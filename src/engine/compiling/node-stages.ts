import type { Blueprint, BlueprintNode, CompositeBlueprint } from '../../builder/blueprint.js';
import type { EdgeIndex } from '../../graph/edge-index.js';
import { isInstanceOf } from '../../data/foreign-value.js';
import { namedPipeline } from '../../composition/describe-root.js';
import type { StreamOperator } from '../../nodes/stream-operator.js';
import { ItemOperator } from '../../nodes/item-operator.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { ChildPlans } from '../plan/child-plans.js';
import { ChildStarter } from '../children/child-starter.js';
import { CompositeStage } from '../children/composite-stage.js';
import { FallbackStage } from '../children/fallback-stage.js';
import { StreamCompositeStage } from '../children/stream-composite-stage.js';
import type { StageSite } from '../execution/stage-site.js';
import { InputStage } from '../passing/input-stage.js';
import { SourceStage } from '../passing/source-stage.js';
import type { ChildPlan, ConstructedStage, Plan } from '../plan/plan.js';
import type { RecentPlans } from '../plan/recent-plans.js';
import { Guard } from '../stages/guard.js';
import { NodeCode } from '../stages/node-code.js';
import { OutputStage } from '../stages/output-stage.js';
import { SinkStage } from '../stages/sink-stage.js';
import type { NodeStage } from '../stages/stage.js';
import { RouteStage } from '../stages/route-stage.js';
import { TapStage } from '../stages/tap-stage.js';
import { TransformStage } from '../stages/transform-stage.js';
import { WorkStage } from '../stages/work-stage.js';
import { ClosingStage } from '../streams/closing-stage.js';
import { engineOperator } from '../streams/foreign-operator.js';
import { OperatorStage } from '../streams/operator-stage.js';
import { StreamSinkStage } from '../streams/stream-sink-stage.js';
import { StreamTransformStage } from '../streams/stream-transform-stage.js';
import { WritableSinkStage } from '../streams/writable-sink-stage.js';
import type { CompileEnvironment } from './compile-environment.js';
import type { StateSlots } from './state-slots.js';

/** What the pipelines around a child decide about it. */
export interface PlanAbove {
  /** What decides where neither a node nor the child has a policy. */
  readonly policy?: ErrorPolicy<unknown> | undefined;
  /** True if one of them tolerates lost items. */
  readonly isTolerated?: boolean;
}

/** Compiles a child's blueprint. */
export type CompileChild = (child: Blueprint, environment: CompileEnvironment, above: PlanAbove) => Plan;

/** Makes the stages of one pipeline's nodes, which are not linked yet. */
export class NodeStages {
  readonly constructed: ConstructedStage[] = [];
  readonly children: RecentPlans<ChildPlan>[] = [];
  readonly fallbacks: FallbackStage[] = [];
  /** True if a stage must be told that the items have ended. */
  needsEnd = false;

  constructor(
    private readonly blueprint: Blueprint,
    private readonly environment: CompileEnvironment,
    private readonly above: PlanAbove,
    private readonly connections: EdgeIndex,
    private readonly slots: StateSlots,
    private readonly compileChild: CompileChild,
  ) {}

  /** @param slot the node's place in the states. */
  stageOf(node: BlueprintNode, slot: number): NodeStage {
    const { id, kind, path, metadata } = node;
    const index = this.#numberOf(path, id, node.composite !== undefined);
    const site: StageSite = { id, kind, path, metadata, index, slot };
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
        return this.#streamTransform(node, site);
      case 'route':
        return this.#route(node, site);
      case 'merge':
      case 'join':
        return this.#meeting(node, site);
      case 'tap':
        return this.#tap(node, site);
      default:
        return this.#constructing(
          node,
          (code) =>
            new TransformStage(site, this.#policyOf(node), code, timeoutMs, this.#guardOf(node, site)),
          'transform',
        );
    }
  }

  #streamTransform(node: BlueprintNode, site: StageSite): NodeStage {
    const { binding, isStream } = node;
    const policy = this.#policyOf(node);
    if (!isStream)
      return this.#constructing(
        node,
        (code) => new TransformStage(site, policy, code, undefined),
        'transform',
      );
    if (binding?.how !== 'operator')
      return this.#constructing(
        node,
        (code) => new StreamTransformStage(site, code, this.#streamSlot()),
        'transform',
      );
    const { operator } = binding;
    if (isInstanceOf(operator, ItemOperator))
      return this.#constructing(
        node,
        (code) => new ClosingStage(site, policy, code, this.#streamSlot()),
        'transform',
      );
    return this.#operator(node, site, operator);
  }

  #operator(node: BlueprintNode, site: StageSite, operator: StreamOperator<unknown, unknown>): OperatorStage {
    const ours = engineOperator(operator);
    return new OperatorStage(site, this.#policyOf(node), ours, {
      slot: this.#streamSlot(),
      isTolerated: this.isTolerated,
      sharesOrigin: ours.inputs !== undefined && this.#sharesOrigin(node.id),
    });
  }

  /** Whether two inputs of a node get items that come from one node before them. */
  #sharesOrigin(id: string): boolean {
    const into = this.connections.edges.filter(({ to }) => to === id);
    return this.connections.haveCommonOrigin(into.map(({ from }) => from));
  }

  #tap(node: BlueprintNode, site: StageSite): NodeStage {
    const { timeoutMs } = node.options;
    const guard = this.#guardOf(node, site);
    const ignoresErrors = node.binding?.how === 'tap' && node.binding.ignoresErrors;
    const policy = ignoresErrors ? undefined : this.#policyOf(node);
    const type = ignoresErrors ? TapStage : TransformStage;
    return this.#constructing(node, (code) => new type(site, policy, code, timeoutMs, guard), 'transform');
  }

  #route(node: BlueprintNode, site: StageSite): NodeStage {
    const { binding } = node;
    if (binding?.how !== 'route') throw new TypeError(`'${node.path}' is a route without conditions`);
    this.needsEnd = true;
    return new RouteStage(site, this.#policyOf(node), binding.route);
  }

  /** The stage of a node with several inputs, or one to which all inputs are the same. */
  #meeting(node: BlueprintNode, site: StageSite): NodeStage {
    const { binding } = node;
    if (binding?.how === 'operator') return this.#operator(node, site, binding.operator);
    return this.#constructing(
      node,
      (code) => new TransformStage(site, this.#policyOf(node), code, undefined),
      'transform',
    );
  }

  #itemSink(node: BlueprintNode, site: StageSite): NodeStage {
    const { timeoutMs } = node.options;
    const { binding } = node;
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
    this.needsEnd = true;
    return this.slots.take(1);
  }

  #compositeStage(node: BlueprintNode, site: StageSite, composite: CompositeBlueprint): NodeStage {
    const { timeoutMs } = node.options;
    const starter = this.#starterOf(node.path, node.id, composite);
    if (composite.granularity === 'stream') {
      this.needsEnd = true;
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
    const child = { nodeId, inheritance: composite.inheritance };
    const site = { path, ...namedPipeline(composite.definition), child };
    const { errorPolicy } = this.blueprint.settings;
    const policy = errorPolicy?.children === true ? errorPolicy.policy : this.above.policy;
    const plans = new ChildPlans(composite, site, this.environment.describe, (child) =>
      this.compileChild(child, this.environment, { policy, isTolerated: this.isTolerated }),
    );
    this.children.push(plans.recent);
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
      this.fallbacks.push(stage);
      return [composite.definition, stage] as const;
    });
    return new Map(stages);
  }

  #numberOf(path: string, nodeId: string, isComposite: boolean): number {
    return this.environment.ledger.indexOf({ path, nodeId, pipelineName: this.blueprint.name, isComposite });
  }

  /** Whether this pipeline, or one around it, tolerates lost items. */
  get isTolerated(): boolean {
    return this.blueprint.settings.tolerate !== undefined || this.above.isTolerated === true;
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

  #constructing<TStage extends NodeStage>(
    node: BlueprintNode,
    make: (code: NodeCode) => TStage,
    ...methods: readonly string[]
  ): TStage {
    const code = NodeCode.of(node.binding, node.options.lifetime, ...methods);
    const stage = make(code);
    if (code.type === undefined) this.slots.states[stage.slot + 1] = code.shared;
    else this.constructed.push({ stage, code });
    return stage;
  }
}
