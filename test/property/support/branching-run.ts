import {
  errorPolicy,
  PipelineError,
  PipelineRunner,
  SKIP,
  StreamSinkNode,
  type NodeCounts,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineRunnerOptions,
  type TransformHandle,
} from 'heirline';
import {
  definePipeline,
  expectBalanced,
  KeptLetters,
  nextTurn,
  outcomeOf,
  type DefinitionClass,
} from '../../integration/support/harness.js';
import type { BranchingNode, BranchingSpec, Trouble } from './branching-spec.js';

const policies = {
  none: {},
  skip: { errorPolicy: errorPolicy('skip') },
  deadLetter: { errorPolicy: errorPolicy('deadLetter') },
  retryThenSkip: { errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } }) },
};

/** What came of a run: every call in its order, and how it ended. */
export interface BranchingRun {
  readonly calls: readonly string[];
  readonly outcome: string;
  readonly path: string | undefined;
  readonly counts: Readonly<Record<string, NodeCounts>>;
  readonly letters: readonly string[];
  /** The nodes that were called more often at once than they may be. */
  readonly crowded: ReadonlySet<string>;
}

/** Runs it once with some way to make code, or none. */
export async function runBranching(
  spec: BranchingSpec,
  codeGeneration: NonNullable<PipelineRunnerOptions['codeGeneration']>,
): Promise<BranchingRun> {
  const calls = new Calls(spec);
  const letters = new KeptLetters();
  const runner = new PipelineRunner({ codeGeneration, deadLetterSink: letters });
  const running = runner.run(pipelineOf(spec, calls));
  const thrown = await running.then(
    () => undefined,
    (error: unknown) => error,
  );
  const { code, result } = await outcomeOf(running);
  expectBalanced(result);
  return {
    calls: calls.made,
    outcome: `${result.status} ${code}`,
    path: thrown instanceof PipelineError ? thrown.path : undefined,
    counts: Object.fromEntries(result.nodes),
    letters: letters.envelopes.map((letter) => `${letter.path ?? ''} ${String(letter.attempts)}`),
    crowded: calls.crowded,
  };
}

interface Item {
  readonly id: number;
  /** The nodes that it came through. */
  readonly way: string;
}

/** What the nodes of a run do, and which calls there were. */
class Calls {
  readonly made: string[] = [];
  readonly crowded = new Set<string>();
  readonly #tried = new Set<string>();
  readonly #busy = new Map<string, number>();

  constructor(private readonly spec: BranchingSpec) {}

  *source(name: string, items: number): Generator<Item> {
    for (let id = 0; id < items; id += 1) {
      this.made.push(`${name} ${String(id)}`);
      yield { id, way: name };
    }
  }

  call(name: string, node: BranchingNode, item: Item | undefined, context: PipelineContext): unknown {
    const { id, way } = item ?? { id: -1, way: '' };
    const key = `${context.pipelineId} ${name} ${String(id)} ${way}`;
    const isFirst = !this.#tried.has(key);
    this.#tried.add(key);
    this.made.push(`${name} ${String(id)} ${way}`);
    const next: Item = { id, way: `${way}>${name}` };
    const { trouble, oneIn, kind } = node;
    const isDue = oneIn > 0 && hash(this.spec.seed, name, id, way) % oneIn === 0;
    return this.#counted(`${context.pipelineId} ${name}`, kind === 'lanes' ? 2 : 1, () =>
      isDue ? happen(trouble, isFirst, next, context) : next,
    );
  }

  /** Counts the calls of a node that are under way in an execution. */
  #counted(node: string, most: number, call: () => unknown): unknown {
    const add = (calls: number): void => {
      const busy = (this.#busy.get(node) ?? 0) + calls;
      this.#busy.set(node, busy);
      if (busy > most) this.crowded.add(node);
    };
    add(1);
    let result: unknown;
    try {
      result = call();
    } finally {
      if (!(result instanceof Promise)) add(-1);
    }
    return result instanceof Promise
      ? result.finally(() => {
          add(-1);
        })
      : result;
  }
}

function happen(trouble: Trouble, isFirst: boolean, next: Item, context: PipelineContext): unknown {
  const fail = (): never => {
    throw new RangeError(trouble);
  };
  const later = async (turns: number, go: () => unknown): Promise<unknown> => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    return go();
  };
  switch (trouble) {
    case 'skip':
      return SKIP;
    case 'throw':
      return fail();
    case 'throwOnce':
      return isFirst ? fail() : next;
    case 'undefined':
      return undefined;
    case 'turn':
      return later(1, () => next);
    case 'turns':
      return later(3, () => next);
    case 'asyncSkip':
      return later(1, () => SKIP);
    case 'reject':
      return later(1, fail);
    case 'rejectOnce':
      return later(2, isFirst ? fail : () => next);
    case 'cancelRun':
      context.run.cancel();
      return next;
    case 'cancelContext':
      context.cancel();
      return next;
    case 'cancelLater':
      return later(1, () => {
        context.run.cancel();
        return next;
      });
  }
}

function hash(seed: number, ...parts: readonly (string | number)[]): number {
  let mixed = seed;
  for (const char of parts.join(' ')) mixed = Math.imul(mixed ^ char.charCodeAt(0), 16_777_619);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function pipelineOf(spec: BranchingSpec, calls: Calls): DefinitionClass<never, never> {
  return definePipeline<never, never>('root', (builder) => {
    const sources = spec.sources.map((items, index) => {
      const name = `s${String(index)}`;
      const given = (): Iterable<Item> => calls.source(name, items);
      return builder.addSource<Item>(spec.form === 'array' ? () => [...given()] : given, name);
    });
    if (spec.place === 'root') {
      addEnds(builder, spec, calls, addNodes(builder, spec, calls, sources));
      return;
    }
    const Child = definePipeline<Item, Item>('child', (inner) => {
      const output = inner.addCompositeOutput();
      const ends = addNodes(inner, spec, calls, [inner.addCompositeInput()]);
      for (const end of ends) inner.connect(end, output);
    });
    const child = builder.addComposite(Child, { name: 'child', output: 'many', errorPolicy: 'skip' });
    for (const source of sources) builder.connect(source, child);
    addEnds(builder, spec, calls, [child]);
  });
}

/** Adds the nodes, and gives those that nothing follows yet. */
function addNodes<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  { nodes }: BranchingSpec,
  calls: Calls,
  heads: readonly OutputHandle<Item>[],
): readonly OutputHandle<Item>[] {
  const before = [...heads];
  const open = new Set(before);
  for (const [index, spec] of nodes.entries()) {
    const added = addNode(builder, `n${String(index)}`, spec, calls);
    // The first node takes all that comes in: nothing may be left without a reader.
    const from =
      index === 0 ? heads : spec.from.map((back) => before.at(-back)).filter((each) => each !== undefined);
    for (const each of from.length > 0 ? from : [before[0]]) {
      if (each === undefined) continue;
      builder.connect(each, added);
      open.delete(each);
    }
    before.push(added);
    open.add(added);
  }
  return [...open];
}

function addNode<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  name: string,
  spec: BranchingNode,
  calls: Calls,
): TransformHandle<Item, Item> {
  const { kind, policy } = spec;
  const call = (item: Item, context: PipelineContext) => calls.call(name, spec, item, context) as Item;
  const options = { name, ...policies[policy] };
  switch (kind) {
    case 'plain':
      return builder.addTransform(call, options);
    case 'limited':
      return builder.addTransform(call, { ...options, timeoutMs: 600_000 });
    case 'lanes':
      return builder.addTransform(call, { ...options, concurrency: 2 });
    case 'child': {
      const Child = definePipeline<Item, Item>(name, (inner) => {
        inner.addCompositeOutput({
          from: inner.addTransform(call, { name: 'in', from: inner.addCompositeInput() }),
        });
      });
      return builder.addComposite(Child, { ...options, output: 'optional' });
    }
  }
}

function addEnds<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  { ends, reads, waits }: BranchingSpec,
  calls: Calls,
  open: readonly OutputHandle<Item>[],
): void {
  const work: BranchingNode = {
    kind: 'plain',
    policy: 'none',
    trouble: 'turn',
    oneIn: waits ? 7 : 0,
    from: [],
  };
  const sinkOf = (name: string) =>
    builder.addSink((item: Item, context) => calls.call(name, work, item, context), { name });
  if (ends === 'each') {
    for (const [index, end] of open.entries()) builder.connect(end, sinkOf(`sink${String(index)}`));
    return;
  }
  const last =
    ends === 'one' ? sinkOf('sink') : builder.addSink(new Reader(calls, reads), { name: 'reader' });
  for (const end of open) builder.connect(end, last);
}

class Reader extends StreamSinkNode<Item> {
  constructor(
    private readonly calls: Calls,
    private readonly reads: number,
  ) {
    super();
  }

  override async consume(items: AsyncIterable<Item>): Promise<void> {
    if (this.reads === 0) return;
    let taken = 0;
    for await (const item of items) {
      this.calls.made.push(`reader ${String(item.id)} ${item.way}`);
      taken += 1;
      if (taken === this.reads) return;
    }
  }
}
