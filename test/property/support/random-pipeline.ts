import fc from 'fast-check';
import {
  errorPolicy,
  fixed,
  SKIP,
  type NoItem,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';

/** An item; every node makes a new one, so that each arrival at a node is an object of its own. */
export interface Item {
  readonly value: number;
}

export type Decision = 'fail' | 'skip' | 'deadLetter' | 'retry' | 'retryThenSkip';
type Output = 'one' | 'optional' | 'many' | 'first' | 'last';

export type Step =
  /** Adds to the value. */
  | { readonly kind: 'map'; readonly add: number; readonly lanes: number }
  /** Leaves out the multiples of a number. */
  | { readonly kind: 'filter'; readonly divisor: number; readonly lanes: number }
  /** Fails for the multiples of a number; under `retry` the second try works. */
  | { readonly kind: 'flaky'; readonly divisor: number; readonly lanes: number; readonly decision: Decision }
  /** Sums up batches, as a stream transform. */
  | { readonly kind: 'batch'; readonly size: number }
  /** Emits each item several times or never, as a stream transform. */
  | { readonly kind: 'spread'; readonly copies: number }
  /** Runs a sub-pipeline per item. */
  | {
      readonly kind: 'child';
      readonly output: Output;
      readonly lanes: number;
      readonly decision: Exclude<Decision, 'retry'>;
      readonly steps: readonly Step[];
    }
  /** Runs a sub-pipeline over the whole stream. */
  | { readonly kind: 'stream'; readonly steps: readonly Step[] }
  /** Fans out into branches and in again. */
  | { readonly kind: 'branches'; readonly branches: readonly (readonly Step[])[] };

export interface Spec {
  readonly items: readonly number[];
  readonly steps: readonly Step[];
}

/* ------------------------------------------------------------------ what is drawn at random */

const divisor = fc.integer({ min: 2, max: 5 });

/** What may be drawn: the decisions about failures, and whether nodes may overlap in time. */
interface Choice {
  readonly decisions: readonly Decision[];
  readonly overlapping: boolean;
}

function step(depth: number, { decisions, overlapping }: Choice): fc.Arbitrary<Step> {
  const decision = fc.constantFrom(...decisions);
  const lanes = overlapping ? fc.constantFrom(1, 1, 2, 4) : fc.constant(1);
  const leaves: fc.Arbitrary<Step>[] = [
    fc.record({ kind: fc.constant('map' as const), add: fc.integer({ min: 0, max: 9 }), lanes }),
    fc.record({ kind: fc.constant('filter' as const), divisor, lanes }),
    fc.record({ kind: fc.constant('flaky' as const), divisor, lanes, decision }),
  ];
  const batch = fc.record({ kind: fc.constant('batch' as const), size: fc.integer({ min: 1, max: 4 }) });
  const spread = fc.record({ kind: fc.constant('spread' as const), copies: fc.integer({ min: 0, max: 3 }) });
  if (overlapping) leaves.push(batch, spread);
  if (depth === 0) return fc.oneof(...leaves);
  const child = fc.record({
    kind: fc.constant('child' as const),
    output: fc.constantFrom<Output>('one', 'optional', 'many', 'many', 'first', 'last'),
    lanes,
    decision: fc.constantFrom(...decisions.filter((each) => each !== 'retry')),
    steps: steps(depth - 1, { decisions: [...decisions, 'fail'], overlapping }),
  });
  if (!overlapping) return fc.oneof(...leaves, child);
  const below = steps(depth - 1, { decisions, overlapping });
  const stream = fc.record({ kind: fc.constant('stream' as const), steps: below });
  const branches = fc.record({
    kind: fc.constant('branches' as const),
    branches: fc.array(below, { minLength: 2, maxLength: 3 }),
  });
  return fc.oneof(...leaves, child, stream, branches);
}

function steps(depth: number, choice: Choice): fc.Arbitrary<readonly Step[]> {
  return fc.array(step(depth, choice), { minLength: 1, maxLength: 4 });
}

/** Specs of pipelines up to three levels deep, whose failures are decided as given. */
export function specs(decisions: readonly Decision[], overlapping = true): fc.Arbitrary<Spec> {
  return fc.record({
    items: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 12 }),
    steps: steps(2, { decisions, overlapping }).map((drawn) => settle(drawn, true).steps),
  });
}

/** Takes out what has no single right answer: batches, a first and a last where the order is open. */
function settle(drawn: readonly Step[], ordered: boolean): { steps: readonly Step[]; ordered: boolean } {
  let inOrder = ordered;
  const kept: Step[] = [];
  for (const each of drawn) {
    if (each.kind === 'batch' && !inOrder) continue;
    if (each.kind === 'branches') {
      kept.push({ ...each, branches: each.branches.map((branch) => settleBranch(branch, inOrder)) });
      inOrder = false;
    } else if (each.kind === 'child') {
      const inner = settle(each.steps, true);
      const output =
        inner.ordered || (each.output !== 'first' && each.output !== 'last') ? each.output : 'many';
      kept.push({ ...each, output, steps: inner.steps });
      inOrder = inOrder && inner.ordered;
    } else if (each.kind === 'stream') {
      const inner = settle(each.steps, inOrder);
      kept.push({ ...each, steps: inner.steps });
      inOrder = inner.ordered;
    } else {
      kept.push(each);
    }
  }
  return { steps: kept.length > 0 ? kept : [{ kind: 'map', add: 0, lanes: 1 }], ordered: inOrder };
}

function settleBranch(branch: readonly Step[], ordered: boolean): readonly Step[] {
  return settle(branch, ordered).steps;
}

/** Tells whether the outputs of a spec have one right order. */
export function hasOneOrder(spec: Spec): boolean {
  return settle(spec.steps, true).ordered;
}

/** Tells whether a spec has a step of some kind, at any level. */
export function hasStep(drawn: readonly Step[], wanted: (each: Step) => boolean): boolean {
  return drawn.some((each) => {
    if (wanted(each)) return true;
    if (each.kind === 'child' || each.kind === 'stream') return hasStep(each.steps, wanted);
    return each.kind === 'branches' && each.branches.some((branch) => hasStep(branch, wanted));
  });
}

/* ------------------------------------------------------------------ what must come out of it */

/** The counts that have one right answer; `out` of a composite with many outputs includes what it filtered. */
export interface Expected {
  in: number;
  out: number;
  filtered: number;
  deadLettered: number;
  retried: number;
  emitted: number | undefined;
}

/** Whether a policy inside a child took care of its item. */
type Handled = number;
const NOT_HANDLED = 0;
const PERHAPS_HANDLED = 1;
const HANDLED = 2;

interface Done {
  readonly outputs: number[];
  readonly handled: Handled;
}

/** What a pipeline must do, computed without running one. */
export class Oracle {
  readonly counts = new Map<string, Expected>();
  /** Composites that had a child which failed: how far its nodes got is a matter of timing. */
  readonly cutShort = new Set<string>();
  readonly outputs: number[];
  /** Whether the whole run must fail. */
  readonly fails: boolean;
  /** Whether it is a matter of taste if some item counts as handled: one part was skipped, another filtered. */
  ambiguous = false;

  constructor(spec: Spec) {
    const source = this.at('root/source');
    source.in = source.out = source.emitted = spec.items.length;
    let outputs: number[] = [];
    let fails = false;
    try {
      outputs = this.through(spec.steps, [...spec.items], 'root', '').outputs;
    } catch (error) {
      if (!(error instanceof ItemFailure)) throw error;
      fails = true;
    }
    const sink = this.at('root/sink');
    sink.in = sink.out = outputs.length;
    sink.emitted = undefined;
    this.outputs = outputs;
    this.fails = fails;
  }

  /** The paths whose counts are not a matter of timing. */
  exactPaths(): string[] {
    return [...this.counts.keys()].filter(
      (path) => ![...this.cutShort].some((composite) => path.startsWith(`${composite}/`)),
    );
  }

  private at(path: string): Expected {
    const known = this.counts.get(path);
    if (known !== undefined) return known;
    const fresh = { in: 0, out: 0, filtered: 0, deadLettered: 0, retried: 0, emitted: 0 };
    this.counts.set(path, fresh);
    return fresh;
  }

  private through(drawn: readonly Step[], inputs: number[], path: string, prefix: string): Done {
    let values = inputs;
    let handled: Handled = NOT_HANDLED;
    for (const [index, each] of drawn.entries()) {
      const name = nameOf(each, index, prefix);
      if (each.kind === 'branches') {
        const joined: number[] = [];
        for (const [branch, branchSteps] of each.branches.entries()) {
          const done = this.through(branchSteps, values, path, branchPrefix(name, branch));
          joined.push(...done.outputs);
          handled = Math.max(handled, done.handled);
        }
        this.add(`${path}/${name}`, { in: joined.length, out: joined.length, emitted: joined.length });
        values = joined;
        continue;
      }
      const outputs: number[] = [];
      if (each.kind === 'batch') {
        for (let start = 0; start < values.length; start += each.size) {
          outputs.push(values.slice(start, start + each.size).reduce(sum, 0));
        }
        this.add(`${path}/${name}`, { in: values.length, out: values.length, emitted: outputs.length });
      } else if (each.kind === 'spread') {
        for (const value of values) for (let copy = 0; copy < each.copies; copy += 1) outputs.push(value);
        this.add(`${path}/${name}`, { in: values.length, out: values.length, emitted: outputs.length });
      } else if (each.kind === 'stream') {
        const done = this.through(each.steps, values, `${path}/${name}`, '');
        outputs.push(...done.outputs);
        handled = Math.max(handled, done.handled);
      } else {
        for (const value of values) {
          const done = this.one(each, value, `${path}/${name}`);
          outputs.push(...done.outputs);
          handled = Math.max(handled, done.handled);
        }
      }
      values = outputs;
    }
    return { outputs: values, handled };
  }

  private one(
    each: Extract<Step, { kind: 'map' | 'filter' | 'flaky' | 'child' }>,
    value: number,
    path: string,
  ): Done {
    this.add(path, { in: 1 });
    if (each.kind === 'map') return this.passed(path, [sum(value, each.add)]);
    if (each.kind === 'filter') {
      if (value % each.divisor !== 0) return this.passed(path, [value]);
      this.add(path, { filtered: 1 });
      return { outputs: [], handled: NOT_HANDLED };
    }
    if (each.kind === 'flaky') {
      if (value % each.divisor !== 0) return this.passed(path, [value]);
      if (each.decision === 'retry') {
        this.add(path, { retried: 1 });
        return this.passed(path, [value]);
      }
      return this.decided(each.decision, path);
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.child(each, value, path);
      } catch (error) {
        if (!(error instanceof ItemFailure)) throw error;
        this.cutShort.add(path);
        if (each.decision === 'retryThenSkip' && attempt === 1) continue;
        return this.decided(each.decision, path);
      }
    }
  }

  private child(each: Extract<Step, { kind: 'child' }>, value: number, path: string): Done {
    const { outputs, handled } = this.through(each.steps, [value], path, '');
    if (each.output === 'many') {
      this.add(path, { out: 1, emitted: outputs.length });
      return { outputs, handled: outputs.length === 0 ? handled : Math.min(handled, PERHAPS_HANDLED) };
    }
    if (outputs.length === 0) {
      if (handled === PERHAPS_HANDLED) this.ambiguous = true;
      if (handled === NOT_HANDLED && each.output !== 'optional') throw new ItemFailure();
      this.add(path, { filtered: 1 });
      return { outputs: [], handled };
    }
    if (outputs.length > 1 && (each.output === 'one' || each.output === 'optional')) throw new ItemFailure();
    const [first = 0] = outputs;
    return this.passed(path, [each.output === 'last' ? (outputs.at(-1) ?? 0) : first]);
  }

  private decided(decision: Decision, path: string): Done {
    if (decision === 'fail') throw new ItemFailure();
    if (decision === 'deadLetter') this.add(path, { deadLettered: 1 });
    else this.add(path, { filtered: 1, retried: decision === 'retryThenSkip' ? 1 : 0 });
    return { outputs: [], handled: HANDLED };
  }

  private passed(path: string, outputs: number[]): Done {
    this.add(path, { out: 1, emitted: outputs.length });
    return { outputs, handled: NOT_HANDLED };
  }

  private add(path: string, more: Partial<Expected>): void {
    const counts = this.at(path);
    counts.in += more.in ?? 0;
    counts.out += more.out ?? 0;
    counts.filtered += more.filtered ?? 0;
    counts.deadLettered += more.deadLettered ?? 0;
    counts.retried += more.retried ?? 0;
    counts.emitted = (counts.emitted ?? 0) + (more.emitted ?? 0);
  }
}

class ItemFailure extends Error {}

function sum(left: number, right: number): number {
  return (left + right) % 1_009;
}

function nameOf(each: Step, index: number, prefix: string): string {
  return `${prefix}${String(index)}-${each.kind}`;
}

function branchPrefix(name: string, branch: number): string {
  return `${name}.${String(branch)}.`;
}

/* ------------------------------------------------------------------ the pipeline itself */

/** How the nodes of a pipeline behave, whatever its graph. */
export interface Behaviour {
  /** Waits before a node gives its result; `undefined` gives it synchronously. */
  readonly pause: () => Promise<unknown> | undefined;
  /** Is called when a node is called with an item. */
  readonly enter?: (() => void) | undefined;
  /** Is called when a stream transform has taken an item. */
  readonly take?: (() => void) | undefined;
  readonly outputs: number[];
  /** What the source iterates over, where not the items of the spec. */
  readonly source?: (() => Iterable<Item> | AsyncIterable<Item>) | undefined;
}

type Definition<TIn, TOut> = new () => PipelineDefinition<TIn, TOut>;

/** The pipeline that a spec describes: `root/source`, its steps, `root/sink`. */
export function pipelineOf(spec: Spec, behaviour: Behaviour): Definition<NoItem, NoItem> {
  return class implements PipelineDefinition {
    static readonly pipeline = { name: 'root' };

    define(builder: PipelineBuilder): void {
      const items = () => spec.items.map((value) => ({ value }));
      const source = builder.addSource<Item>(behaviour.source ?? items, 'source');
      const last = new Drawing(builder, behaviour, 'root').draw(spec.steps, source, '');
      const sink = builder.addSink((item: Item) => {
        behaviour.enter?.();
        behaviour.outputs.push(item.value);
        return behaviour.pause();
      }, 'sink');
      builder.connect(last, sink);
    }
  };
}

function childOf(drawn: readonly Step[], behaviour: Behaviour, path: string): Definition<Item, Item> {
  return class implements PipelineDefinition<Item, Item> {
    static readonly pipeline = { name: 'child' };

    define(builder: PipelineBuilder<Item, Item>): void {
      const last = new Drawing(builder, behaviour, path).draw(drawn, builder.addCompositeInput(), '');
      builder.connect(last, builder.addCompositeOutput());
    }
  };
}

const policies = {
  fail: errorPolicy('fail'),
  skip: errorPolicy('skip'),
  deadLetter: errorPolicy('deadLetter'),
  retry: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(0) } } }),
  retryThenSkip: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(0), exhausted: 'skip' } } }),
} as const;

class Drawing<TIn, TOut> {
  constructor(
    private readonly builder: PipelineBuilder<TIn, TOut>,
    private readonly behaviour: Behaviour,
    private readonly path: string,
  ) {}

  draw(drawn: readonly Step[], input: OutputHandle<Item>, prefix: string): OutputHandle<Item> {
    let from = input;
    for (const [index, each] of drawn.entries()) from = this.step(each, from, nameOf(each, index, prefix));
    return from;
  }

  private step(each: Step, from: OutputHandle<Item>, name: string): OutputHandle<Item> {
    const { builder } = this;
    const take = this.behaviour.take ?? (() => undefined);
    const path = `${this.path}/${name}`;
    switch (each.kind) {
      case 'map':
        return builder.addTransform(
          this.paced(({ value }) => ({ value: sum(value, each.add) })),
          {
            name,
            from,
            concurrency: each.lanes,
          },
        );
      case 'filter':
        return builder.addTransform(
          this.paced(({ value }) => (value % each.divisor === 0 ? SKIP : { value })),
          { name, from, concurrency: each.lanes },
        );
      case 'flaky': {
        const tried = new WeakSet<Item>();
        const work = (item: Item): Item => {
          if (item.value % each.divisor !== 0) return { value: item.value };
          if (each.decision === 'retry' && tried.delete(item)) return { value: item.value };
          tried.add(item);
          throw new RangeError(`${String(item.value)} does not work`);
        };
        const errorPolicy = policies[each.decision];
        return builder.addTransform(this.paced(work), {
          name,
          from,
          concurrency: each.lanes,
          errorPolicy,
        });
      }
      case 'batch':
        return builder.addStreamTransform(
          async function* (items: AsyncIterable<Item>) {
            let batch: number[] = [];
            for await (const { value } of items) {
              take();
              batch.push(value);
              if (batch.length < each.size) continue;
              yield { value: batch.reduce(sum, 0) };
              batch = [];
            }
            if (batch.length > 0) yield { value: batch.reduce(sum, 0) };
          },
          { name, from },
        );
      case 'spread':
        return builder.addStreamTransform(
          async function* (items: AsyncIterable<Item>) {
            for await (const { value } of items) {
              take();
              for (let copy = 0; copy < each.copies; copy += 1) yield { value };
            }
          },
          { name, from },
        );
      case 'child':
        return builder.addComposite(childOf(each.steps, this.behaviour, path), {
          name,
          from,
          output: each.output,
          concurrency: each.lanes,
          errorPolicy: policies[each.decision],
        });
      case 'stream':
        return builder.addComposite(childOf(each.steps, this.behaviour, path), {
          name,
          from,
          granularity: 'stream',
        });
      case 'branches': {
        const join = builder.addTransform(
          this.paced(({ value }) => ({ value })),
          name,
        );
        for (const [branch, branchSteps] of each.branches.entries()) {
          builder.connect(this.draw(branchSteps, from, branchPrefix(name, branch)), join);
        }
        return join;
      }
    }
  }

  /** A transform that does its work at once or after a pause. */
  private paced(work: (item: Item) => Item | typeof SKIP) {
    const { pause, enter } = this.behaviour;
    return (item: Item): Item | typeof SKIP | Promise<Item | typeof SKIP> => {
      enter?.();
      const paused = pause();
      return paused === undefined ? work(item) : paused.then(() => work(item));
    };
  }
}
