import {
  CompositeContextConfiguration,
  errorPolicy,
  fixed,
  SourceNode,
  type ErrorPolicy,
  type InputHandle,
  type Items,
  type NoItem,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import type { DefinitionClass } from '../../integration/support/harness.js';
import { definePipeline } from '../../integration/support/harness.js';
import type { CompositeNode, SourceNodeOf, TwinLevel, TwinNode, WorkNode } from './twin-graph.js';
import { sinkOf, transformOf, Worker, type Recorder } from './twin-nodes.js';
import type { ChildStep, Inheritance, Policy, Selection, WorkStep } from './twin-spec.js';
import { explicitEntries, selections, type TwinItem } from './twin-work.js';

/** What the items of a source are given as. */
export const forms = [
  'array',
  'function',
  'generator',
  'asyncGenerator',
  'iterable',
  'asyncIterable',
  'promises',
  'promised',
  'class',
] as const;

export type Form = (typeof forms)[number];

/** How often iterators were opened, and how often they came to an end or were closed. */
export interface Openings {
  opened: number;
  closed: number;
  /** Is called when an item is asked for, with the number of those before it. */
  readonly pulls: (before: number) => void;
}

/** The pipeline of a tree, its nodes noting in a recorder what they see. */
export function twinPipeline(
  root: TwinLevel,
  recorder: Recorder,
  form: Form,
  openings: Openings,
): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    new LevelBuilder(root, recorder, form, openings).build(builder);
  });
}

interface Handles {
  readonly into?: InputHandle<TwinItem>;
  readonly out?: OutputHandle<TwinItem>;
}

class LevelBuilder {
  constructor(
    private readonly level: TwinLevel,
    private readonly recorder: Recorder,
    private readonly form: Form,
    private readonly openings: Openings,
  ) {}

  build<TIn, TOut>(builder: PipelineBuilder<TIn, TOut>): void {
    const added = new Map(this.level.nodes.map((node) => [node.id, this.#add(builder, node)] as const));
    for (const { id, next } of this.level.nodes) {
      for (const target of next) {
        const from = added.get(id)?.out;
        const to = added.get(target)?.into;
        if (from !== undefined && to !== undefined) builder.connect(from, to);
      }
    }
  }

  #add<TIn, TOut>(builder: PipelineBuilder<TIn, TOut>, node: TwinNode): Handles {
    switch (node.kind) {
      case 'source':
        return { out: this.#addSource(builder, node) };
      case 'input':
        return { out: builder.addCompositeInput() as unknown as OutputHandle<TwinItem> };
      case 'output':
        return { into: builder.addCompositeOutput() as unknown as InputHandle<TwinItem> };
      case 'node': {
        const handle = builder.addTransform(transformOf(this.#worker(node)), nodeOptions(node.id, node.step));
        return { into: handle, out: handle };
      }
      case 'sink':
        return { into: builder.addSink(sinkOf(this.#worker(node)), nodeOptions(node.id, node.step)) };
      case 'child': {
        const handle = builder.addComposite(this.#definition(node), this.#compositeOptions(node));
        return { into: handle, out: handle };
      }
    }
  }

  #worker(node: WorkNode): Worker {
    return new Worker(this.recorder, this.level, node);
  }

  #definition({
    level,
  }: CompositeNode): DefinitionClass<TwinItem, TwinItem> | PipelineDefinition<TwinItem, TwinItem> {
    const { recorder, form, openings } = this;
    const Child = definePipeline<TwinItem, TwinItem>(level.name, (builder) => {
      new LevelBuilder(level, recorder, form, openings).build(builder);
    });
    // Both ways of giving a definition.
    return level.nodes.length % 2 === 0 ? Child : new Child();
  }

  #compositeOptions({ id, step }: CompositeNode) {
    const { level, recorder } = this;
    const { inherits } = step;
    const perItem = (item: TwinItem, parent: PipelineContext) => {
      recorder.check(level, id, parent, 'with');
      return explicitEntries(inherits, item);
    };
    return {
      ...handlingOf(id, step),
      output: step.output,
      ...(step.cancellable ? { cancellable: true } : {}),
      contextConfiguration: configurationOf(inherits),
      ...(inherits.with === 'perItem' ? { with: perItem } : {}),
      ...(inherits.with === 'fixed' ? { with: explicitEntries(inherits, { value: 0, tag: '' }) } : {}),
    };
  }

  #addSource<TIn, TOut>(builder: PipelineBuilder<TIn, TOut>, node: SourceNodeOf): OutputHandle<TwinItem> {
    const { level, recorder } = this;
    const fresh = (): TwinItem[] => node.items.map((value) => ({ value, tag: node.tag }));
    const made = (): Items<TwinItem> => this.#itemsOf(fresh(), `${node.path} is pulled`);
    const open = (context: PipelineContext): Items<TwinItem> => {
      recorder.check(level, node.id, context, 'opened');
      return made();
    };
    class Source extends SourceNode<TwinItem> {
      override open(context: PipelineContext): Items<TwinItem> {
        return open(context);
      }
    }
    switch (this.form) {
      case 'class':
        return builder.addSource(Source, node.id);
      case 'promised':
        return builder.addSource(async (context: PipelineContext) => {
          recorder.check(level, node.id, context, 'opened');
          await Promise.resolve();
          return open(context);
        }, node.id);
      case 'array':
        return builder.addSource(fresh(), node.id);
      default:
        return builder.addSource(open, node.id);
    }
  }

  #itemsOf(items: readonly TwinItem[], what: string): Items<TwinItem> {
    const { level, recorder, openings } = this;
    const look = (): void => {
      recorder.checkAmbient(level.path, what);
    };
    switch (this.form) {
      case 'generator':
      case 'class':
        return watched(items, look, openings);
      case 'asyncGenerator':
        return watchedAsync(items, look, openings);
      case 'iterable':
        return { [Symbol.iterator]: () => new Steps(items, look, openings) };
      case 'asyncIterable':
        return {
          [Symbol.asyncIterator]: () => {
            const steps = new Steps(items, look, openings);
            return { next: async () => steps.next(), return: async () => steps.return() };
          },
        };
      case 'promises':
        // The iterable holds promises, which a source awaits.
        return items.map((item) => Promise.resolve(item)) as unknown as Items<TwinItem>;
      default:
        return items;
    }
  }
}

/** An iterator by hand. */
class Steps implements Iterator<TwinItem, undefined> {
  #index = 0;
  #isOpen = true;

  constructor(
    private readonly items: readonly TwinItem[],
    private readonly look: () => void,
    private readonly openings: Openings,
  ) {
    openings.opened += 1;
  }

  next(): IteratorResult<TwinItem, undefined> {
    this.look();
    this.openings.pulls(this.#index);
    const item = this.items[this.#index];
    this.#index += 1;
    return item === undefined ? this.return() : { done: false, value: item };
  }

  return(): IteratorResult<TwinItem, undefined> {
    if (this.#isOpen) this.openings.closed += 1;
    this.#isOpen = false;
    return { done: true, value: undefined };
  }
}

function* watched(items: readonly TwinItem[], look: () => void, openings: Openings): Generator<TwinItem> {
  openings.opened += 1;
  try {
    for (const [index, item] of items.entries()) {
      look();
      openings.pulls(index);
      yield item;
    }
  } finally {
    openings.closed += 1;
  }
}

async function* watchedAsync(
  items: readonly TwinItem[],
  look: () => void,
  openings: Openings,
): AsyncGenerator<TwinItem> {
  openings.opened += 1;
  try {
    for (const [index, item] of items.entries()) {
      look();
      openings.pulls(index);
      if (item.value % 2 === 0) await Promise.resolve();
      look();
      yield item;
    }
  } finally {
    openings.closed += 1;
  }
}

/** A limit that no test reaches. */
const FAR_AWAY_MS = 600_000;

function handlingOf(name: string, { lanes, limited, policy }: WorkStep | ChildStep) {
  return {
    name,
    ...(lanes === 1 ? {} : { concurrency: lanes }),
    ...(limited ? { timeoutMs: FAR_AWAY_MS } : {}),
    ...(policy === undefined ? {} : { errorPolicy: policyOf(policy) }),
  };
}

function nodeOptions(name: string, step: WorkStep) {
  return { ...handlingOf(name, step), ...(step.binding === 'run' ? { lifetime: 'run' as const } : {}) };
}

function policyOf({ tries, then }: Policy): ErrorPolicy {
  if (tries === 1 && then !== 'default') return errorPolicy(then);
  const exhausted = then === 'default' ? undefined : then;
  return errorPolicy({
    then: { retry: { attempts: tries, exhausted, ...(tries === 2 ? { delay: fixed(0) } : {}) } },
  });
}

const presets = [
  CompositeContextConfiguration.default,
  CompositeContextConfiguration.inheritAll,
  CompositeContextConfiguration.isolated,
];

function configurationOf(inherits: Inheritance): CompositeContextConfiguration {
  const created = CompositeContextConfiguration.create({
    inheritParentParameters: selectionOf(inherits.parameters),
    inheritParentItems: selectionOf(inherits.items),
    inheritParentProperties: selectionOf(inherits.properties),
    inheritRunIdentity: inherits.identity,
    inheritLineageSink: inherits.lineage,
    inheritExecutionObserver: inherits.observer,
    inheritDeadLetterDecorator: inherits.deadLetters,
  });
  return presets.find((preset) => JSON.stringify(preset) === JSON.stringify(created)) ?? created;
}

function selectionOf(selection: Selection) {
  return typeof selection === 'boolean' ? selection : selections[selection];
}
