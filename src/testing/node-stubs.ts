import { bindNode } from '../engine/node-replacement.js';
import type { NodeBinding } from '../engine/node-replacement.js';
import { subPipelines } from '../engine/node-replacement.js';
import type { Blueprint, BlueprintNode, ReplaceableNode } from '../engine/node-replacement.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { pathOf, unknownTarget } from './node-target.js';
import type { NodeTarget } from './node-target.js';

/** What a test puts in the place of a node. */
export interface GivenStub {
  readonly which: NodeTarget;
  readonly stub: unknown;
  /** A source of the root, or any node. */
  readonly kind: 'source' | 'node';
}

/** What stands in for single nodes of a pipeline in one test run, and what the root's sinks took. */
export class NodeStubs {
  readonly #root: Blueprint;
  /** By path. */
  readonly #stubs = new Map<string, GivenStub>();
  readonly #sinks = new Map<string, unknown[]>();
  readonly #left: unknown[] = [];
  /** The pipelines that the run has compiled plans of, by path. */
  readonly #compiled = new Map<string, Blueprint[]>();

  /**
   * @param root the pipeline, as the run will describe it.
   * @throws {@link PipelineError} `NODE_UNKNOWN` or `OPTION_INVALID` for a stub whose target can be nowhere, or is no node.
   */
  constructor(root: Blueprint, stubs: readonly GivenStub[]) {
    this.#root = root;
    for (const given of stubs) {
      const { which, kind } = given;
      const path = pathOf(which, root, kind);
      const isSource = root.nodes.some((node) => node.path === path && node.kind === 'source');
      if (kind === 'source' && !isSource) throw unknownTarget(which, root, kind);
      checkTarget(given, root, path);
      this.#stubs.set(path, given);
    }
    for (const { path, kind } of root.nodes) {
      if (kind === 'sink' && !this.#stubs.has(path)) this.#sinks.set(path, []);
    }
  }

  /** What the root's sinks have taken, in the order of arrival. */
  get left(): readonly unknown[] {
    return this.#left;
  }

  /** @throws {@link PipelineError} `NODE_UNKNOWN`. */
  sink(which: NodeTarget): readonly unknown[] {
    const items = this.#sinks.get(pathOf(which, this.#root, 'sink'));
    if (items === undefined) throw unknownTarget(which, this.#root, 'sink');
    return items;
  }

  /** Notes a pipeline that the run uses. */
  compiles(blueprint: Blueprint): void {
    this.#compiled.set(blueprint.path, [...(this.#compiled.get(blueprint.path) ?? []), blueprint]);
  }

  /**
   * After the run: the error of a stub whose node was in no plan of it, unless that may lie in a child that never ran, or
   * whose node has no code of its own.
   */
  unused(): PipelineError | undefined {
    for (const [path, { which }] of this.#stubs) {
      const found = this.#blueprints.flatMap(({ nodes }) => nodes).find((node) => node.path === path);
      if (found === undefined && !this.#undescribed.some((above) => path.startsWith(`${above}/`)))
        return unknownTarget(which, this.#root, 'node');
      const misfit = found && codeless(found);
      if (misfit !== undefined) return misfit;
    }
    return undefined;
  }

  /** Whether the run may describe a child that is not known yet: at its first item, or anew for other parameters. */
  get mayDescribe(): boolean {
    return mayDescribe(this.#root);
  }

  /** After the run: whether it has described every child. */
  get isComplete(): boolean {
    return this.#undescribed.length === 0;
  }

  /** The code that stands in for a node. */
  bindingFor({ path, kind, isStream }: ReplaceableNode): NodeBinding | undefined {
    const items = this.#sinks.get(path);
    if (items !== undefined)
      return { how: 'instance', instance: isStream ? this.#streamSink(items) : this.#itemSink(items) };
    const given = this.#stubs.get(path);
    if (given === undefined) return undefined;
    if (kind !== 'source' && kind !== 'transform' && kind !== 'stream-transform' && kind !== 'sink')
      return undefined;
    const bound = bindNode(kind, given.stub);
    if ('problem' in bound) throw wrongStub(`the stub for '${path}' is no ${kind}: ${bound.problem}`);
    if (kind === 'sink' && bound.isStream !== isStream) throw wrongStub(sinkProblem(path, isStream));
    return bound.binding;
  }

  get #blueprints(): readonly Blueprint[] {
    return [...this.#compiled.values()].flat();
  }

  /** The paths of composites and fallbacks whose sub-pipeline the run has not described. */
  get #undescribed(): readonly string[] {
    return this.#blueprints
      .flatMap(({ nodes }) => nodes.flatMap(subPipelines))
      .filter(({ path }) => !this.#compiled.has(path))
      .map(({ path }) => path);
  }

  #itemSink(items: unknown[]): object {
    return {
      write: (item: unknown) => {
        this.#take(items, item);
      },
    };
  }

  #streamSink(items: unknown[]): object {
    return {
      consume: async (stream: AsyncIterable<unknown>) => {
        for await (const item of stream) this.#take(items, item);
      },
    };
  }

  #take(items: unknown[], item: unknown): void {
    items.push(item);
    this.#left.push(item);
  }
}

function mayDescribe({ nodes }: Blueprint): boolean {
  return nodes
    .flatMap(subPipelines)
    .some(({ composite: { child } }) => child === undefined || child.reads.size > 0 || mayDescribe(child));
}

/** Refuses a stub for what is no node with code of its own, or can be nowhere. */
function checkTarget({ which }: GivenStub, root: Blueprint, path: string): void {
  const found = findNode(root, path.slice(root.path.length + 1).split('/'), false);
  if (found === 'nowhere') throw unknownTarget(which, root, 'node');
  if (found === 'perhaps') return;
  const misfit = codeless(found);
  if (misfit !== undefined) throw misfit;
}

/** The error of a stub for a node that has no code of its own; undefined for one that has. */
function codeless({ kind, binding, path }: BlueprintNode): PipelineError | undefined {
  if (kind === 'composite')
    return wrongStub(`'${path}' is a composite; replace its sub-pipeline with withChild`);
  if (binding?.how === 'bridge')
    return wrongStub(`'${path}' is where a sub-pipeline meets its composite; give it its items with input`);
  return undefined;
}

/**
 * The node at a path; 'perhaps' where a child is described at its first item, or anew for other parameters.
 *
 * @param isChanging whether the pipeline may be described anew during the run; the root is not.
 */
function findNode(
  { nodes }: Blueprint,
  [id, ...rest]: readonly string[],
  isChanging: boolean,
): BlueprintNode | 'nowhere' | 'perhaps' {
  const node = nodes.find((each) => each.id === id);
  if (node !== undefined && rest.length === 0) return node;
  const fallback = node?.fallbacks.find((each) => each.id === rest[0]);
  const composite = fallback?.composite ?? node?.composite;
  if (composite === undefined) return isChanging ? 'perhaps' : 'nowhere';
  const { child } = composite;
  const inside = fallback === undefined ? rest : rest.slice(1);
  return child === undefined ? 'perhaps' : findNode(child, inside, isChanging || child.reads.size > 0);
}

function sinkProblem(path: string, isStream: boolean): string {
  return isStream
    ? `'${path}' takes the whole stream: its stub needs the method 'consume'`
    : `'${path}' takes single items: its stub needs the method 'write', or to be a function`;
}

function wrongStub(problem: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    problem: `Wrong use of replaceNode: ${problem}.`,
    remedy: 'Give a stub of the same kind as the node.',
  });
}
