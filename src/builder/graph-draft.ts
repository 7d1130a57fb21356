import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { canHoldOptions, invalidOption, optionProblems } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import type { PipelineErrorCode } from '../errors/error-code.js';
import { EdgeIndex } from '../graph/edge-index.js';
import type { GraphEdge } from '../graph/graph-shape.js';
import { makeHandle } from '../graph/handles.js';
import type { AnyHandle, NodeHandle, OutputHandle } from '../graph/handles.js';
import { isEnd, isStart } from '../nodes/node-kind.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { CompositeBlueprint, PipelineSettings, ResolvedNodeOptions } from './blueprint.js';
import { nameProblem, nameRemedy } from './node-name.js';
import type { NodeBinding } from './node-binding.js';
import { problemOfError } from './problem-of-error.js';

/** All of a composite but its child, which is described when the graph is built. */
export type DraftComposite = Omit<
  CompositeBlueprint,
  'child' | 'passes' | 'requires' | 'requiredSchemas' | 'requiredSecrets'
>;

/** A node while its pipeline is being described. */
export interface DraftNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly isStream: boolean;
  readonly options: ResolvedNodeOptions;
  /** The options that were given, as data. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly binding: NodeBinding | undefined;
  readonly composite: DraftComposite | undefined;
  readonly fallbacks: readonly { readonly id: string; readonly composite: DraftComposite }[];
  readonly metadata: Map<string, unknown>;
  /** The names of its outputs, of a node that has several. */
  readonly outputs?: readonly string[] | undefined;
}

/** The nodes, edges and problems that a builder collects. */
export class GraphDraft {
  /** By id; a second node of a name, which is a problem, has a place of its own. */
  readonly nodes = new Map<string, DraftNode>();
  /** Between places of nodes, so that what two nodes of one name are connected to is told apart. */
  readonly connections = new EdgeIndex();
  readonly problems: ValidationProblem[] = [];
  /** What was said about the pipeline as a whole. */
  readonly settings: { -readonly [TName in keyof PipelineSettings]: PipelineSettings[TName] } = {};
  /** What is left out of the connections. */
  readonly misfits = { kinds: new Set<NodeKind>(), fed: new Set<string>(), drained: new Set<string>() };
  /** The place of each handle's node; undefined for a misfit. */
  readonly #places = new WeakMap<NodeHandle, string | undefined>();
  /** Which output of its node a handle stands for, of a node that has several. */
  readonly #outputs = new WeakMap<NodeHandle, string>();
  /** The highest number given so far to a name that was made here. */
  readonly #numbers = new Map<string, number>();
  #isSealed = false;

  constructor(readonly path: string) {}

  get edges(): readonly GraphEdge[] {
    return this.connections.edges;
  }

  seal(): void {
    this.#isSealed = true;
  }

  /** @throws {@link PipelineError} `BUILDER_SEALED` once the graph is built. */
  assertOpen(): void {
    if (!this.#isSealed) return;
    throw new PipelineError('BUILDER_SEALED', {
      path: this.path,
      problem: 'The builder was used after its pipeline had been built.',
      remedy: "Describe the whole pipeline inside 'define', before 'build'.",
    });
  }

  report(code: PipelineErrorCode, path: string, problem: string, remedy: string): void {
    this.problems.push(validationProblem(code, path, problem, remedy));
  }

  /** Records what a function throws as a problem; undefined then. */
  attempt<T>(path: string, fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      if (!isInstanceOf(error, PipelineError)) throw error;
      const shown = error.path === undefined ? `${path}: ${error.message}` : error.message;
      this.problems.push(problemOfError(error, path, shown));
      return undefined;
    }
  }

  /** A name, or options, as options; what is neither is a problem. */
  readOptions<TOptions extends object>(
    given: string | TOptions | undefined,
    kind: NodeKind,
  ): TOptions & { readonly name?: string | undefined; readonly from?: OutputHandle<unknown> | undefined } {
    if (typeof given !== 'string' && given !== undefined && !canHoldOptions(given)) {
      this.reportOption(kind, 'a name or an object with options was expected');
      return {} as TOptions;
    }
    return (typeof given === 'string' ? { name: given } : (given ?? {})) as TOptions;
  }

  /** Records options that are unknown or wrong. */
  checkOptions(id: string, options: object, rules: OptionRules): void {
    const problems = optionProblems(options, rules);
    if (problems.length > 0) this.reportOption(id, problems.join('; '));
  }

  reportOption(id: string, problem: string): void {
    const path = `${this.path}/${id}`;
    this.problems.push(problemOfError(invalidOption(`'${id}'`, problem, path), path));
  }

  /** The id of a new node: the given name, else one made of a class name, or of the kind and a number. */
  idFor(kind: string, given: unknown, className: string | undefined): string {
    if (given !== undefined) {
      const id = typeof given === 'string' ? given : typeof given;
      const problem = nameProblem(given);
      if (problem !== undefined) this.report('NODE_NAME_INVALID', `${this.path}/${id}`, problem, nameRemedy);
      return id;
    }
    if (className === undefined) return this.#numbered(kind, 1);
    return this.nodes.has(className) ? this.#numbered(className, 2) : className;
  }

  /** A name with the lowest number that is free; numbers given before are not tried again. */
  #numbered(name: string, first: number): string {
    for (let number = this.#numbers.get(name) ?? first; ; number += 1) {
      const id = `${name}-${String(number)}`;
      if (this.nodes.has(id)) continue;
      this.#numbers.set(name, number + 1);
      return id;
    }
  }

  /** Adds a node and gives its handle; a second one of a name is a problem. */
  add(node: DraftNode): AnyHandle {
    const handle = makeHandle(node.id);
    let place = node.id;
    if (this.nodes.has(place)) {
      this.report(
        'DUPLICATE_NODE',
        `${this.path}/${node.id}`,
        `Two nodes are called '${node.id}'.`,
        'Give one of them another name.',
      );
      // No name can hold a slash.
      place = `${node.id}/${String(this.nodes.size)}`;
    }
    this.nodes.set(place, node);
    this.#places.set(handle, place);
    return handle;
  }

  /** A handle of a node that has more beside its id. */
  sameNode<TMore extends object>(node: NodeHandle, more: TMore): AnyHandle & TMore {
    const handle = Object.freeze({ id: node.id, ...more }) as AnyHandle & TMore;
    this.#places.set(handle, this.#places.get(node));
    return handle;
  }

  /** A handle for one output of a node that has several. */
  addOutput(node: NodeHandle, output: string): AnyHandle {
    const handle = makeHandle(node.id);
    this.#places.set(handle, this.#places.get(node));
    this.#outputs.set(handle, output);
    return handle;
  }

  /** A handle for a node that could not be understood; connections of it are left out. */
  addMisfit(id: string, kind?: NodeKind): AnyHandle {
    const handle = makeHandle(id);
    if (kind !== undefined) this.misfits.kinds.add(kind);
    this.#places.set(handle, undefined);
    return handle;
  }

  /**
   * Connects two nodes; a connection that is impossible by direction throws at once.
   *
   * @param input the input of a node that has several.
   */
  connect(from: NodeHandle, to: NodeHandle, input?: string): void {
    const refusal = this.refusal(from, to);
    if (refusal !== undefined) throw refusal;
    const source = this.#places.get(from);
    const target = this.#places.get(to);
    if (source === undefined || target === undefined) {
      if (source !== undefined) this.misfits.drained.add(source);
      if (target !== undefined) this.misfits.fed.add(target);
      return;
    }
    const place = `${this.path}/${from.id}`;
    const edge = this.#edge(from, source, target, input);
    if (source === target) {
      this.report('SELF_LOOP', place, `'${from.id}' is connected to itself.`, 'Remove this connection.');
    } else if (this.connections.has(edge)) {
      const problem = `'${from.id}' is connected to '${to.id}' twice; each item would arrive twice.`;
      this.report('DUPLICATE_EDGE', place, problem, 'Remove one of the two connections.');
    } else {
      this.connections.add(edge);
    }
  }

  /** Why two nodes cannot be connected now, in words; undefined when they can. */
  objection(from: NodeHandle, to: NodeHandle): string | undefined {
    const refusal = this.refusal(from, to);
    if (refusal !== undefined) return refusal.message;
    const source = this.#places.get(from);
    const target = this.#places.get(to);
    if (source === undefined || target === undefined) return undefined;
    if (source === target) return `'${from.id}' cannot be connected to itself.`;
    return this.connections.has(this.#edge(from, source, target))
      ? `'${from.id}' is connected to '${to.id}' already.`
      : undefined;
  }

  #edge(from: NodeHandle, source: string, target: string, input?: string): GraphEdge {
    const output = this.#outputs.get(from);
    return {
      from: source,
      to: target,
      ...(output === undefined ? {} : { output }),
      ...(input === undefined ? {} : { input }),
    };
  }

  /** Why a connection is impossible, undefined when it is not. */
  refusal(from: NodeHandle, to: NodeHandle): PipelineError | undefined {
    for (const handle of [from, to]) {
      if (!this.#knows(handle)) return this.#foreign(handle);
    }
    const source = this.nodeOf(from);
    const target = this.nodeOf(to);
    if (source !== undefined && isEnd(source.kind)) {
      return this.#impossible(
        source.id,
        `Nothing can be connected from the ${source.kind} '${source.id}'; it ends the stream.`,
      );
    }
    const output = this.#outputs.get(from);
    if (source?.outputs !== undefined && output === undefined) {
      return this.#impossible(
        source.id,
        `The ${source.kind} '${source.id}' has several outputs: connect ${source.outputs.map((name) => `'${name}'`).join(' or ')} of its 'to'.`,
      );
    }
    if (target !== undefined && isStart(target.kind)) {
      return this.#impossible(
        target.id,
        `Nothing can be connected into the ${target.kind} '${target.id}'; it starts the stream.`,
      );
    }
    return undefined;
  }

  /** @throws {@link PipelineError} `HANDLE_FOREIGN` for a handle of another builder. */
  ownNode(handle: NodeHandle): DraftNode | undefined {
    if (!this.#knows(handle)) throw this.#foreign(handle);
    return this.nodeOf(handle);
  }

  nodeOf(handle: NodeHandle): DraftNode | undefined {
    const place = this.#places.get(handle);
    return place === undefined ? undefined : this.nodes.get(place);
  }

  #knows(handle: unknown): boolean {
    return typeof handle === 'object' && handle !== null && this.#places.has(handle as NodeHandle);
  }

  #impossible(id: string, problem: string): PipelineError {
    return new PipelineError('CONNECTION_INVALID', {
      path: `${this.path}/${id}`,
      problem,
      remedy: 'Swap the two sides, or connect another node.',
    });
  }

  #foreign(handle: unknown): PipelineError {
    const id = readProperty(handle, 'id');
    return new PipelineError('HANDLE_FOREIGN', {
      path: this.path,
      problem: `${typeof id === 'string' ? `The handle of '${id}'` : 'A value'} is no handle of this builder.`,
      remedy:
        'Connect handles that this builder returned; nodes of a child are reached through its composite.',
    });
  }
}
