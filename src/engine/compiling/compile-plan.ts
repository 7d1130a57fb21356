import type { Blueprint, BlueprintNode } from '../../builder/blueprint.js';
import { takesStream } from '../../builder/node-binding.js';
import { EdgeIndex } from '../../graph/edge-index.js';
import { breakersOf } from './breakers-of.js';
import { CallStage } from '../stages/call-stage.js';
import { FanOutStage } from '../stages/fan-out-stage.js';
import { GateStage } from '../stages/gate-stage.js';
import { generateChild } from '../plan/generated-child.js';
import type { ChildLine } from '../plan/generated-child.js';
import { InputStage } from '../passing/input-stage.js';
import { childSteps, runChild } from '../children/run-child.js';
import type { RunReplacement } from './run-replacement.js';
import { flightsOf, LandingStage } from '../stages/landing-stage.js';
import { ParallelStage } from '../stages/parallel-stage.js';
import type { CompileEnvironment } from './compile-environment.js';
import { NodeStages } from './node-stages.js';
import type { PlanAbove } from './node-stages.js';
import { StateSlots } from './state-slots.js';
import type { Plan } from '../plan/plan.js';
import { SegmentStage } from '../passing/segment-stage.js';
import { SinkStage } from '../stages/sink-stage.js';
import { SourceStage } from '../passing/source-stage.js';
import { NOWHERE } from '../stages/stage.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import { SLOTS_PER_NODE } from '../execution/stage-site.js';
import { isInLine, straightLines } from './straight-lines.js';
import { Toleration } from '../execution/toleration.js';
import { followedNodes } from './followed-nodes.js';
import { StreamCompositeStage } from '../children/stream-composite-stage.js';
import { ClosingStage } from '../streams/closing-stage.js';
import { RouteStage } from '../stages/route-stage.js';
import { OperatorStage } from '../streams/operator-stage.js';
import { StreamStage } from '../streams/stream-stage.js';
import { WorkStage } from '../stages/work-stage.js';
import { WritableSinkStage } from '../streams/writable-sink-stage.js';
import { WrittenOut } from '../passing/written-out.js';

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
  const compiled = withReplacements(replacement?.blueprint?.(blueprint) ?? blueprint, replacement);
  return new PlanCompiler(compiled, environment, above).compile();
}

/** Whether a stage may lose interest in the stream. */
function mayClose(stage: NodeStage): boolean {
  if (stage instanceof OperatorStage) return stage.endsStream;
  return closers.some((closer) => stage instanceof closer);
}

const closers = [StreamStage, StreamCompositeStage, ClosingStage] as const;

/** The blueprint with the code that a test puts in the place of its nodes. */
function withReplacements(blueprint: Blueprint, replacement: RunReplacement | undefined): Blueprint {
  if (replacement === undefined) return blueprint;
  const nodes = blueprint.nodes.map((node) => {
    const binding = replacement.node(node);
    if (binding === undefined) return node;
    const isStream = node.kind === 'stream-transform' ? takesStream(node.kind, binding) : node.isStream;
    return { ...node, binding, isStream };
  });
  return { ...blueprint, nodes };
}

class PlanCompiler {
  readonly #connections: EdgeIndex;
  readonly #lines: readonly (readonly BlueprintNode[])[];
  /** The flight of each node, by id: items land between two flights. */
  readonly #flightOf: (id: string) => number;
  /** Each node's place in the states, by id. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #stages = new Map<string, NodeStage>();
  /** What items for a node pass first. */
  readonly #entries = new Map<string, Stage>();
  /** The stages at the inputs of nodes that have several, by the id of the node. */
  readonly #inputs = new Map<string, readonly OperatorStage[]>();
  /** The segments by the id of their last node. */
  readonly #segments = new Map<string, SegmentStage>();
  readonly #slots = new StateSlots();
  readonly #nodes: NodeStages;
  #fansOut = false;

  constructor(
    private readonly blueprint: Blueprint,
    private readonly environment: CompileEnvironment,
    above: PlanAbove,
  ) {
    this.#connections = new EdgeIndex(blueprint.graph.edges);
    this.#nodes = new NodeStages(blueprint, environment, above, this.#connections, this.#slots, compilePlan);
    this.#flightOf = flightsOf(
      blueprint.nodes.map(({ id }) => id),
      this.#connections,
    );
    // The nodes of a line have their places one after the other.
    this.#lines = straightLines(blueprint.nodes, this.#connections);
    this.#places = new Map(this.#lines.flat().map((node) => [node.id, this.#slots.take(slotsOf(node))]));
  }

  compile(): Plan {
    for (const node of this.blueprint.nodes) {
      const slot = this.#places.get(node.id) ?? -1;
      this.#stages.set(node.id, this.#nodes.stageOf(node, slot));
    }
    for (const line of this.#lines) this.#enter(line);
    for (const [id, stage] of this.#stages) this.#link(id, stage);
    for (const [last, segment] of this.#segments) segment.next = this.#nextOf(last);
    const stages = [...this.#stages.values()];
    const sources = stages.filter((stage) => stage instanceof SourceStage);
    const isChild = this.blueprint.path.includes('/');
    // Only a node that takes the whole stream can lose interest in it: here, or behind the composite around a child.
    const canClose = isChild || stages.some(mayClose);
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
      fallbacks: this.#nodes.fallbacks,
      input,
      sources: sources.filter((stage) => !(stage instanceof InputStage)),
      constructed: this.#nodes.constructed,
      asChild: new WrittenOut(runChild, generateAfter, () =>
        // To listen to a stream takes time.
        writables.length > 0
          ? undefined
          : generateChild(
              {
                constructed: this.#nodes.constructed,
                states: this.#slots.states,
                walk: walkOf(input, sources),
                endsWithItem: sinks.length === 0 && !this.#nodes.needsEnd,
              },
              childSteps,
            ),
      ),
      sinks,
      unflushed: stages.filter((stage) => !(stage instanceof SinkStage)),
      writables,
      children: this.#nodes.children,
      states: this.#slots.states,
      toleration,
      isTolerated: this.#nodes.isTolerated,
      isConcurrent:
        // What is lost in a child may end the pipeline around it.
        toleration !== undefined ||
        this.#nodes.needsEnd ||
        this.#fansOut ||
        sources.length > 1 ||
        (isChild && sources.some((stage) => !(stage instanceof InputStage))),
      needsEnd: this.#nodes.needsEnd,
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
    if (stage instanceof OperatorStage && stage.inputs.length > 0) {
      const inputs = stage.inputs.map((_, input) => stage.at(input));
      this.#inputs.set(first.id, inputs);
      for (const [index, input] of inputs.entries())
        this.#entries.set(doorOf(first.id, stage.inputs[index]), input);
    } else this.#entries.set(first.id, this.#entryOf(first, segment ?? stage));
  }

  /** Sets what follows a stage. */
  #link(id: string, stage: NodeStage): void {
    if (stage instanceof RouteStage) {
      stage.ways = stage.outputs.map((output) => this.#nextOf(id, output));
      stage.next = new FanOutStage(stage.ways);
      this.#fansOut = true;
      return;
    }
    const next = this.#nextOf(id);
    if (!(stage instanceof OperatorStage)) {
      stage.next = next;
      return;
    }
    // What a timer sends may come while an item is being sent.
    const gate = new GateStage(next, 1, this.#slots.take(1));
    for (const input of [stage, ...this.#inputsOf(id)]) input.next = gate;
  }

  /** The stages at the inputs of a node that has several. */
  #inputsOf(id: string): readonly OperatorStage[] {
    return this.#inputs.get(id) ?? [];
  }

  #tolerationOf(stages: readonly NodeStage[]): Toleration | undefined {
    const { tolerate } = this.blueprint.settings;
    return tolerate && new Toleration(tolerate, followedNodes(stages, this.#connections));
  }

  /** What items for a node pass first: a gate where inputs meet, then its lanes where it works on several at once. */
  #entryOf({ id, options }: BlueprintNode, stage: Stage): Stage {
    let entry: Stage = stage;
    if (options.concurrency > 1 && stage instanceof WorkStage) {
      this.#nodes.needsEnd = true;
      entry = new ParallelStage(stage, options, this.#slots.take(1));
    }
    const inputs = this.#connections.inputsOf(id);
    return inputs > 1 ? new GateStage(entry, inputs, this.#slots.take(1)) : entry;
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

  /** @param output the output of a node that has several. */
  #nextOf(id: string, output?: string): Stage {
    const edges = this.#connections.edgesOf(id).filter((edge) => edge.output === output);
    const flight = this.#flightOf(id);
    const targets = edges.map(({ to, input }) => {
      const entry = this.#entries.get(doorOf(to, input)) ?? NOWHERE;
      return this.#flightOf(to) > flight ? new LandingStage(entry) : entry;
    });
    const [only] = targets;
    if (only === undefined) return NOWHERE;
    if (targets.length === 1) return only;
    this.#fansOut = true;
    return new FanOutStage(targets);
  }
}

/** What stands for a node, or for an input of one that has several; no id holds a slash. */
function doorOf(id: string, input: string | undefined): string {
  return input === undefined ? id : `${id}/${input}`;
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
