import {
  PipelineError,
  PipelineValidationError,
  type ItemCompositeOptions,
  type NodeOptions,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
  type Skip,
} from 'heirline';

/** A pipeline definition as users give it: its class, or an instance. */
export type Definition<TIn, TOut> =
  (new (...args: never[]) => PipelineDefinition<TIn, TOut>) | PipelineDefinition<TIn, TOut>;

/** Items as users give them to a source: an iterable, or a function of the context. */
export type Items<T> =
  Iterable<T> | AsyncIterable<T> | ((context: PipelineContext) => Iterable<T> | AsyncIterable<T>);

/** A sub-pipeline of one transform: `input → work → output`. */
export function subPipeline<TIn, TOut>(
  work: (item: TIn, context: PipelineContext) => TOut | Skip | Promise<TOut | Skip>,
  options: NodeOptions = {},
): new () => PipelineDefinition<TIn, TOut> {
  return class SubPipeline implements PipelineDefinition<TIn, TOut> {
    define(builder: PipelineBuilder<TIn, TOut>): void {
      const input = builder.addCompositeInput();
      const worked = builder.addTransform(work, { name: 'work', from: input, ...options });
      builder.connect(worked, builder.addCompositeOutput());
    }
  };
}

/** A sub-pipeline that hands its items to the composite `inner` in it: `input → inner → output`. */
export function wrapping<TIn, TOut>(
  inner: Definition<TIn, TOut>,
  options: ItemCompositeOptions<TIn> = {},
): new () => PipelineDefinition<TIn, TOut> {
  return class Wrapping implements PipelineDefinition<TIn, TOut> {
    define(builder: PipelineBuilder<TIn, TOut>): void {
      const input = builder.addCompositeInput();
      const composite = builder.addComposite<TIn, TOut>(inner, { name: 'inner', ...options });
      builder.connect(input, composite).connect(composite, builder.addCompositeOutput());
    }
  };
}

/** A root pipeline `source → child → sink` around one composite, and what its sink received. */
export function throughChild<TIn, TOut>(
  items: Items<TIn>,
  child: Definition<TIn, TOut>,
  options: ItemCompositeOptions<TIn> = {},
): { Root: new () => PipelineDefinition; received: TOut[] } {
  const received: TOut[] = [];
  class Root implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      const source = builder.addSource<TIn>(items, 'source');
      const composite = builder.addComposite<TIn, TOut>(child, { name: 'child', ...options });
      const sink = builder.addSink((item: TOut) => received.push(item), 'sink');
      builder.connect(source, composite).connect(composite, sink);
    }
  }
  return { Root, received };
}

/** The error that a promise rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<PipelineError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('Expected a rejection, but the promise was fulfilled.');
}

/** The error that an action throws at once. */
export function thrownBy(action: () => unknown): PipelineError {
  try {
    action();
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('Expected an error, but the action returned.');
}

/** The single problems of a validation error; any other error is its own only problem. */
export function problemsOf(
  error: PipelineError,
): readonly { code: string; path: string | undefined; message: string }[] {
  if (error instanceof PipelineValidationError) return error.errors;
  return [{ code: error.code, path: error.path, message: error.message }];
}

/** A promise that the test fulfils by hand. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Lets everything that can go on without a timer go on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
