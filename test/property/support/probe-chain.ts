import fc from 'fast-check';
import {
  currentContext,
  errorPolicy,
  SKIP,
  TransformNode,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineContext,
  type TransformHandle,
} from 'heirline';
import { definePipeline, nextTurn, type DefinitionClass } from '../../integration/support/harness.js';

/** What may happen to an item at a stage. */
export const happenings = [
  // It goes on as it is, after some wait or none.
  ...(['promise', 'turn', 'thenable', 'promiseOfPromise', 'nested'] as const),
  // It goes on as another value.
  ...([
    'null',
    'undefined',
    'minusZero',
    'nan',
    'text',
    'thenIsNoMethod',
    'asyncNull',
    'asyncUndefined',
  ] as const),
  // It is filtered out.
  ...(['skip', 'asyncSkip'] as const),
  // It fails: in every try, or in the first one only.
  ...(['throw', 'throwNothing', 'reject', 'thenableThrows', 'thenableRejects'] as const),
  ...(['throwOnce', 'rejectOnce'] as const),
  // It cancels the run, or the scope that it stands in.
  ...([
    'cancelRun',
    'cancelContext',
    'cancelLater',
    'cancelAndThrow',
    'cancelAndReject',
    'cancelAndSkip',
  ] as const),
] as const;

export type Happening = (typeof happenings)[number];
export type StagePolicy = 'none' | 'skip' | 'deadLetter' | 'retryThenSkip' | 'retryThenFail';

interface StageSpec {
  readonly policy: StagePolicy;
  readonly binding: 'function' | 'instance' | 'class';
  /** Whether it has a limit of time, which is far away. */
  readonly limited: boolean;
}

/** What happens to one item: at each stage at most one thing; the stage after the last is the sink. */
export type Script = Readonly<Record<number, Happening>>;

export interface ChainSpec {
  /** Where the chain stands: at the root, in a child, or in a child that is a scope of its own. */
  readonly place: 'root' | 'child' | 'scope';
  readonly output: 'one' | 'optional';
  /** What becomes of an item whose child fails. */
  readonly childPolicy: 'none' | 'skip';
  readonly stages: readonly StageSpec[];
  readonly sinkPolicy: StagePolicy;
  readonly scripts: readonly Script[];
  /** How the source gives its items. */
  readonly form: 'array' | 'generator' | 'asyncGenerator' | 'promises';
}

const policy = fc.constantFrom<StagePolicy>(
  'none',
  'none',
  'skip',
  'deadLetter',
  'retryThenSkip',
  'retryThenFail',
);

const stage: fc.Arbitrary<StageSpec> = fc.record({
  policy,
  binding: fc.constantFrom('function', 'function', 'instance', 'class'),
  limited: fc.integer({ min: 0, max: 7 }).map((drawn) => drawn === 7),
});

/** Chains of transforms, and what happens to each item on its way. */
export function chains(happening: fc.Arbitrary<Happening>, mostItems: number): fc.Arbitrary<ChainSpec> {
  return fc.array(stage, { maxLength: 12 }).chain((stages) =>
    fc.record({
      place: fc.constantFrom('root' as const, 'root', 'child', 'scope'),
      output: fc.constantFrom('one' as const, 'optional'),
      childPolicy: fc.constantFrom('none' as const, 'skip', 'skip'),
      stages: fc.constant(stages),
      sinkPolicy: policy,
      scripts: fc.array(script(stages.length, happening), { maxLength: mostItems }),
      form: fc.constantFrom('array' as const, 'generator', 'asyncGenerator', 'promises'),
    }),
  );
}

function script(stages: number, happening: fc.Arbitrary<Happening>): fc.Arbitrary<Script> {
  return fc
    .array(fc.tuple(fc.integer({ min: 0, max: stages }), happening), { maxLength: 3 })
    .map((drawn) => Object.fromEntries(drawn));
}

/** What a run works on, and what it notes. */
export class Job {
  readonly outputs: unknown[] = [];
  readonly wrong: string[] = [];
  readonly probes: readonly Probe[];

  constructor(
    scripts: readonly Script[],
    readonly form: ChainSpec['form'],
    /** Runs the same pipeline again, for a node that starts it from within. */
    readonly runNested: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.probes = scripts.map((each, index) => new Probe(index, each, this));
  }

  *generate(): Generator<Probe> {
    for (const probe of this.probes) {
      if (currentContext()?.path !== 'root') this.wrong.push('pulled in another context');
      yield probe;
    }
  }

  async *generateLater(): AsyncGenerator<Probe> {
    for (const probe of this.generate()) yield probe;
  }

  items(): Iterable<Probe> | AsyncIterable<Probe> {
    if (this.form === 'array') return this.probes;
    if (this.form === 'generator') return this.generate();
    if (this.form === 'asyncGenerator') return this.generateLater();
    return this.probes.map((probe) => Promise.resolve(probe)) as unknown as Iterable<Probe>;
  }
}

/** An item that knows what happens to it, until it becomes something else. */
export class Probe {
  readonly #tried = new Set<number>();

  constructor(
    readonly index: number,
    readonly script: Script,
    readonly job: Job,
  ) {}

  isFirstTry(stageIndex: number): boolean {
    const isFirst = !this.#tried.has(stageIndex);
    this.#tried.add(stageIndex);
    return isFirst;
  }
}

/** An item that looks like a promise and is none. */
const thenIsNoMethod = Object.freeze({ then: 'is no method' });

/** What an item becomes, for those happenings that change it. */
export const becoming: ReadonlyMap<Happening, unknown> = new Map<Happening, unknown>([
  ['null', null],
  ['undefined', undefined],
  ['minusZero', -0],
  ['nan', Number.NaN],
  ['text', 'then'],
  ['thenIsNoMethod', thenIsNoMethod],
  ['asyncNull', null],
  ['asyncUndefined', undefined],
]);

/** What a stage does with an item: what its script says, or nothing. */
function visit(stageIndex: number, id: string, item: unknown, context: PipelineContext): unknown {
  if (!(item instanceof Probe)) return item;
  const { job } = item;
  const look = (): void => {
    if (context.currentNodeId !== id) job.wrong.push(`${id} is told to be ${String(context.currentNodeId)}`);
    if (currentContext()?.pipelineId !== context.pipelineId) job.wrong.push(`${id} runs in another context`);
  };
  look();
  const later = async <T>(wait: Promise<unknown>, go: () => T): Promise<Awaited<T>> => {
    await wait;
    look();
    return await go();
  };
  const happening = item.script[stageIndex];
  const isFirst = item.isFirstTry(stageIndex);
  const failing = new RangeError(`${String(happening)} at ${id}`);
  const fail = (): never => {
    throw failing;
  };
  switch (happening) {
    case undefined:
      return item;
    case 'promise':
      return later(Promise.resolve(), () => item);
    case 'turn':
      return later(nextTurn(), () => item);
    case 'thenable':
      return { then: (fulfilled: (value: unknown) => void) => fulfilled(item) };
    case 'promiseOfPromise':
      return Promise.resolve(later(Promise.resolve(), () => Promise.resolve(item)));
    case 'nested':
      return later(job.runNested(), () => item);
    case 'null':
    case 'undefined':
    case 'minusZero':
    case 'nan':
    case 'text':
    case 'thenIsNoMethod':
      return becoming.get(happening);
    case 'asyncNull':
    case 'asyncUndefined':
      return later(Promise.resolve(), () => becoming.get(happening));
    case 'skip':
      return SKIP;
    case 'asyncSkip':
      return later(Promise.resolve(), () => SKIP);
    case 'throw':
      return fail();
    case 'throwNothing':
      throw undefined;
    case 'reject':
      return later(Promise.resolve(), fail);
    case 'thenableThrows':
      return { then: fail };
    case 'thenableRejects':
      return { then: (_fulfilled: unknown, rejected: (reason: unknown) => void) => rejected(failing) };
    case 'throwOnce':
      return isFirst ? fail() : item;
    case 'rejectOnce':
      return later(nextTurn(), isFirst ? fail : () => item);
    case 'cancelRun':
      context.run.cancel();
      return item;
    case 'cancelContext':
      context.cancel();
      return item;
    case 'cancelLater':
      return later(nextTurn(), () => {
        context.run.cancel();
        return item;
      });
    case 'cancelAndThrow':
      context.run.cancel();
      return fail();
    case 'cancelAndReject':
      context.run.cancel();
      return later(Promise.resolve(), fail);
    case 'cancelAndSkip':
      context.run.cancel();
      return SKIP;
  }
}

const policies = {
  skip: errorPolicy('skip'),
  deadLetter: errorPolicy('deadLetter'),
  retryThenSkip: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } }),
  retryThenFail: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'fail' } } }),
};

function handling(chosen: StagePolicy) {
  return chosen === 'none' ? {} : { errorPolicy: policies[chosen] };
}

/** The pipeline of a chain; what it works on is the context item `job` of its run. */
export function chainPipeline(spec: ChainSpec): DefinitionClass<never, never> {
  return definePipeline<never, never>('root', (builder) => {
    const source = builder.addSource((context) => jobOf(context).items() as Iterable<unknown>, 'source');
    let last: OutputHandle<unknown>;
    if (spec.place === 'root') {
      last = addStages(builder, spec, source);
    } else {
      const Child = definePipeline<unknown, unknown>('child', (inner) => {
        inner.connect(addStages(inner, spec, inner.addCompositeInput()), inner.addCompositeOutput());
      });
      const child = builder.addComposite(Child, {
        name: 'child',
        output: spec.output,
        ...(spec.place === 'scope' ? { cancellable: true } : {}),
        ...(spec.childPolicy === 'skip' ? { errorPolicy: 'skip' } : {}),
      });
      builder.connect(source, child);
      last = child;
    }
    const sink = builder.addSink(
      (item: unknown, context) => {
        const { outputs } = jobOf(context);
        const result = visit(spec.stages.length, 'sink', item, context);
        if (typeof result !== 'object' || result === null || result === item) return outputs.push(item);
        return Promise.resolve(result).then(() => outputs.push(item));
      },
      { name: 'sink', ...handling(spec.sinkPolicy) },
    );
    builder.connect(last, sink);
  });
}

function jobOf(context: PipelineContext): Job {
  const job = context.items.require('job');
  if (!(job instanceof Job)) throw new TypeError('no job');
  return job;
}

function addStages<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  { stages }: ChainSpec,
  from: Parameters<PipelineBuilder<TIn, TOut>['connect']>[0],
) {
  let last = from as TransformHandle<unknown, unknown>;
  for (const [index, { policy: chosen, binding, limited }] of stages.entries()) {
    const name = `t${index}`;
    class Visit extends TransformNode<unknown, unknown> {
      override transform(item: unknown, context: PipelineContext): unknown {
        return visit(index, name, item, context);
      }
    }
    const options = { name, from: last, ...handling(chosen), ...(limited ? { timeoutMs: 600_000 } : {}) };
    if (binding === 'function') {
      last = builder.addTransform((item: unknown, context) => visit(index, name, item, context), options);
    } else {
      last = builder.addTransform(binding === 'class' ? Visit : new Visit(), options);
    }
  }
  return last;
}
