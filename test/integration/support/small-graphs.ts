import {
  runPipeline,
  type ItemCompositeOptions,
  type NodeOptions,
  type NoItem,
  type PipelineContext,
  type PipelineContextOptions,
  type Skip,
} from 'heirline';
import { definePipeline, type DefinitionClass } from './harness.js';

/** What a node does with a number. */
export type NumberWork = (context: PipelineContext, item: number) => unknown;

/** A root pipeline `root/source → root/node` whose node does the work. */
export function rootNode(
  work: NumberWork,
  items: Iterable<number> = [1],
  options: NodeOptions = {},
): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    const source = builder.addSource(items, 'source');
    builder.connect(
      source,
      builder.addSink((item: number, context) => work(context, item), { name: 'node', ...options }),
    );
  });
}

/** A sub-pipeline `input → node → output` whose node does the work and hands its item on. */
export function childNode(work: NumberWork, options: NodeOptions = {}): DefinitionClass<number, number> {
  return definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(
      (item: number, context): number | Skip | Promise<number> => {
        const worked = work(context, item);
        return worked instanceof Promise ? worked.then(() => item) : item;
      },
      { name: 'node', from: builder.addCompositeInput(), ...options },
    );
    builder.connect(node, builder.addCompositeOutput());
  });
}

/** A root pipeline `root/source → root/child → root/sink` around a sub-pipeline. */
export function rootAround(
  child: DefinitionClass<number, number>,
  options: ItemCompositeOptions<number> = {},
  items: Iterable<number> = [1],
  sink: NumberWork = () => undefined,
): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    const source = builder.addSource(items, 'source');
    const composite = builder.addComposite(child, { name: 'child', from: source, ...options });
    builder.connect(
      composite,
      builder.addSink((item: number, context) => sink(context, item), 'sink'),
    );
  });
}

/** A sub-pipeline that hands its items on to the composite `inner`. */
export function childAround(
  inner: DefinitionClass<number, number>,
  options: ItemCompositeOptions<number> = {},
): DefinitionClass<number, number> {
  return definePipeline<number, number>('middle-pipeline', (builder) => {
    const composite = builder.addComposite(inner, {
      name: 'inner',
      from: builder.addCompositeInput(),
      ...options,
    });
    builder.connect(composite, builder.addCompositeOutput());
  });
}

/** A root pipeline whose composite's one node does the work. */
export function rootChild(
  work: NumberWork,
  options: ItemCompositeOptions<number> = {},
  items: Iterable<number> = [1],
): DefinitionClass<NoItem, NoItem> {
  return rootAround(childNode(work), options, items);
}

/** Runs one node and gives what it saw. */
export async function seenBy<T>(
  look: (context: PipelineContext) => T | Promise<T>,
  options: PipelineContextOptions = {},
): Promise<T> {
  const seen: T[] = [];
  await runPipeline(
    rootNode(async (context) => {
      seen.push(await look(context));
    }),
    options,
  );
  const [first] = seen;
  if (first === undefined) throw new TypeError('the node saw nothing');
  return first;
}
