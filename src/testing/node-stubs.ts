import { bindNode } from '../builder/node-binding.js';
import type { NodeBinding } from '../builder/node-binding.js';
import type { ReplaceableNode } from '../engine/node-replacement.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { GraphNode, PipelineGraph } from '../graph/graph-shape.js';

/** What stands in for single nodes of a pipeline in one test run, and what the root's sinks took. */
export class NodeStubs {
  readonly #stubs: ReadonlyMap<string, unknown>;
  readonly #sinks = new Map<string, unknown[]>();
  readonly #left: unknown[] = [];

  /** @param stubs by the id of a node, or its path into a child, with or without the root's name. */
  constructor(
    private readonly rootPath: string,
    stubs: ReadonlyMap<string, unknown>,
  ) {
    this.#stubs = new Map([...stubs].map(([name, stub]) => [this.#pathOf(name), stub]));
  }

  /** What the root's sinks have taken, in the order of arrival. */
  get left(): readonly unknown[] {
    return this.#left;
  }

  /** @throws {@link PipelineError} `NODE_UNKNOWN`. */
  sink(name: string): readonly unknown[] {
    const items = this.#sinks.get(this.#pathOf(name));
    if (items === undefined) throw this.#unknown(name, 'sink');
    return items;
  }

  /** @throws {@link PipelineError} `NODE_UNKNOWN` for a stub whose node is not in the graph. */
  check(graph: PipelineGraph): void {
    for (const path of this.#stubs.keys()) {
      const node = findNode(graph, path.split('/').slice(1));
      if (node === undefined) throw this.#unknown(path, 'node');
      if (node !== 'undescribed' && node.kind === 'composite') {
        throw wrongStub(`'${path}' is a composite; replace its sub-pipeline with withChild`);
      }
    }
    for (const { id, kind } of graph.nodes) {
      if (kind === 'sink' && !this.#stubs.has(this.#pathOf(id))) this.#sinks.set(this.#pathOf(id), []);
    }
  }

  /** The code that stands in for a node. */
  bindingFor({ path, kind, isStream }: ReplaceableNode): NodeBinding | undefined {
    const items = this.#sinks.get(path);
    if (items !== undefined)
      return { how: 'instance', instance: isStream ? this.#streamSink(items) : this.#itemSink(items) };
    if (!this.#stubs.has(path)) return undefined;
    if (kind !== 'source' && kind !== 'transform' && kind !== 'stream-transform' && kind !== 'sink')
      return undefined;
    const bound = bindNode(kind, this.#stubs.get(path));
    if ('problem' in bound) throw wrongStub(`the stub for '${path}' is no ${kind}: ${bound.problem}`);
    return bound.binding;
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

  #pathOf(name: string): string {
    return name.startsWith(`${this.rootPath}/`) ? name : `${this.rootPath}/${name}`;
  }

  #unknown(name: string, what: string): PipelineError {
    return new PipelineError('NODE_UNKNOWN', {
      path: this.#pathOf(name),
      problem: `There is no ${what} '${name}'.`,
      remedy: "Use the id of a node of the pipeline, or its path into a child: 'composite/node'.",
    });
  }
}

function wrongStub(problem: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    problem: `Wrong use of replaceNode: ${problem}.`,
    remedy: 'Give a stub of the same kind as the node.',
  });
}

/** The node at a path; a child that is described at its first item cannot be looked into. */
function findNode(graph: PipelineGraph, ids: readonly string[]): GraphNode | 'undescribed' | undefined {
  const [id, ...rest] = ids;
  const node = graph.nodes.find((each) => each.id === id);
  if (node === undefined || rest.length === 0) return node;
  const child = graph.childGraphs.get(node.id);
  if (child === undefined) return node.kind === 'composite' ? 'undescribed' : undefined;
  return findNode(child, rest);
}
