import type { NodeBinding } from '../engine/node-replacement.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { ReplaceableNode } from '../engine/node-replacement.js';
import type { IsolationWatch } from './isolation-watch.js';
import { WatchedItems } from './watched-items.js';

type NodeCall = (...args: readonly unknown[]) => unknown;

/** Puts a watch around each call of the nodes' own code. */
export class WatchedNodes {
  readonly #watch: IsolationWatch;
  readonly #items = new WatchedItems();
  /** An instance that stands in several nodes stays one: it is initialised, flushed and disposed once. */
  readonly #known = { items: new WeakMap<object, object>(), streams: new WeakMap<object, object>() };

  constructor(watch: IsolationWatch) {
    this.#watch = watch;
  }

  /** What stands in the place of a node; undefined for one that has no code. */
  binding({ binding, kind, isStream }: ReplaceableNode): NodeBinding | undefined {
    const around = (instance: object): object => this.#around(instance, isStream);
    switch (binding?.how) {
      case 'class':
        return { ...binding, around };
      case 'instance':
        return { how: 'instance', instance: around(binding.instance) };
      case 'function': {
        const method = kind === 'source' ? 'open' : kind === 'sink' ? 'write' : 'transform';
        return { how: 'instance', instance: around({ [method]: binding.call }) };
      }
      case 'iterable':
        return { how: 'instance', instance: around({ open: () => binding.items }) };
      default:
        return undefined;
    }
  }

  #around(instance: object, isStream: boolean): object {
    const known = isStream ? this.#known.streams : this.#known.items;
    const watched =
      known.get(instance) ?? new WatchedNode(instance, isStream, this.#watch, this.#items).methods();
    known.set(instance, watched);
    return watched;
  }
}

/** What the engine calls in the place of a node. */
class WatchedNode {
  constructor(
    private readonly instance: object,
    private readonly isStream: boolean,
    private readonly watch: IsolationWatch,
    private readonly items: WatchedItems,
  ) {}

  /** The methods that the node has; an object of their own, as the node may be frozen. */
  methods(): object {
    const own: Record<string, NodeCall> = {
      init: (context) => this.#between('init', [context], context as PipelineContext),
      open: async (context) =>
        this.#stream('output', await this.#between('open', [context], context as PipelineContext), context),
      transform: (item, context) =>
        this.isStream
          ? this.#stream(
              'output',
              this.#call('transform', this.#stream('item', item, context), context),
              context,
            )
          : this.#each('transform', item, context as PipelineContext),
      write: (item, context) => this.#each('write', item, context as PipelineContext),
      consume: (items, context) =>
        this.#between('consume', [this.#stream('item', items, context), context], context as PipelineContext),
      flush: (context, outcome) => this.#between('flush', [context, outcome], context as PipelineContext),
      dispose: () => this.#call('dispose'),
    };
    return Object.fromEntries(
      Object.entries(own).filter(([name]) => typeof Reflect.get(this.instance, name) === 'function'),
    );
  }

  #call(name: string, ...args: readonly unknown[]): unknown {
    return Reflect.apply(Reflect.get(this.instance, name) as NodeCall, this.instance, args);
  }

  /** Calls a method for one item. */
  async #each(name: string, item: unknown, context: PipelineContext): Promise<unknown> {
    const run = this.watch.runOf(context);
    const path = pathOf(context);
    const result = await this.#between(name, [item, context], context, () => {
      this.watch.look(run, path, 'item', item);
    });
    if (result !== item) this.watch.look(run, path, 'output', result);
    return result;
  }

  /** Calls a method, with a look before and after. */
  async #between(
    name: string,
    args: readonly unknown[],
    context: PipelineContext,
    look?: () => void,
  ): Promise<unknown> {
    const { watch } = this;
    const path = pathOf(context);
    const run = watch.runOf(context);
    watch.checked += 1;
    await watch.pause(run);
    const lookAll = (): void => {
      watch.lookAround(run, path, context);
      look?.();
    };
    lookAll();
    try {
      const result = await this.#call(name, ...args);
      await watch.pause(run);
      return result;
    } catch (thrown) {
      watch.look(run, path, 'error', thrown);
      throw thrown;
    } finally {
      lookAll();
    }
  }

  /** Looks at the items of a stream on their way into the node, or out of it. */
  #stream(key: string, items: unknown, given: unknown): unknown {
    const { watch } = this;
    const context = given as PipelineContext;
    const path = pathOf(context);
    const run = watch.runOf(context);
    return this.items.around(items, {
      before: () => {
        // Here, unlike behind an await, the current context is that of the node's code.
        watch.lookAtCurrent(run, path);
        return watch.pause(run);
      },
      after: (item) => {
        watch.checked += 1;
        watch.look(run, path, key, item);
        watch.lookAround(run, path, context);
      },
    });
  }
}

/** Where the node stands that a context was given to. */
function pathOf({ path, currentNodeId = '' }: PipelineContext): string {
  return `${path}/${currentNodeId}`;
}
