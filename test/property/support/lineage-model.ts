import { canMultiply, copiesOf, isActedOn, sumOf } from './lineage-spec.js';
import type {
  BatchSpec,
  ChildSpec,
  LineageSpec,
  NodeSpec,
  SpreadSpec,
  StepSpec,
  StreamSpec,
} from './lineage-spec.js';

/** A node on a way; what came of a composite is filled in later. */
interface Hop {
  readonly path: string;
  readonly inputs: number;
  outputs: number;
  attempts: number;
}

type Outcome = 'dropped' | 'filtered' | 'aggregated' | 'emitted' | 'deadLettered' | 'error';

interface End {
  readonly outcome: Outcome;
  readonly path: string;
  readonly way: readonly Hop[];
}

const byWeight: readonly Outcome[] = [
  'dropped',
  'filtered',
  'aggregated',
  'emitted',
  'deadLettered',
  'error',
];

/** One item, as lineage tells it. */
class Told {
  readonly ends: End[] = [];
  /** True once somebody has asked for the id of the first of perhaps several outputs, or a second one has come. */
  isOwn = false;
  /** The item that a single output still is. */
  same: Told | undefined;

  constructor(
    private readonly ownId: string,
    private readonly madeOf?: readonly string[],
    /** The item that a composite took, of its first output. */
    readonly origin?: Told,
    /** The item that a composite took, of that item in its child. */
    readonly outer?: Told,
  ) {}

  get isInner(): boolean {
    return this.outer !== undefined;
  }

  get id(): string {
    if (this.origin === undefined) return this.outer?.id ?? this.ownId;
    if (this.same !== undefined) return this.same.id;
    this.isOwn = true;
    return `${this.origin.id}.1`;
  }

  get contributors(): readonly string[] | undefined {
    return this.origin === undefined ? this.madeOf : [this.origin.id];
  }

  end(outcome: Outcome, path: string, way: readonly Hop[]): void {
    this.ends.push({ outcome, path, way });
  }

  /** The last one of the weightiest ends. */
  get last(): End | undefined {
    return this.ends.reduce<End | undefined>(
      (heaviest, end) =>
        heaviest === undefined || byWeight.indexOf(end.outcome) >= byWeight.indexOf(heaviest.outcome)
          ? end
          : heaviest,
      undefined,
    );
  }
}

/** One branch of an item; `told` is undefined where nobody follows it. */
interface Branch {
  readonly told: Told | undefined;
  readonly value: number;
  readonly way: readonly Hop[];
}

type Next = (branch: Branch) => void;

/** What a node throws where no policy handles it. */
class Failure extends Error {}

function passed(branch: Branch, path: string, outputs = 1, attempts = 1): Branch {
  return { ...branch, way: [...branch.way, { path, inputs: 1, outputs, attempts }] };
}

const end = ({ told, way }: Branch, outcome: Outcome, path: string): void => told?.end(outcome, path, way);

/** An end as records tell it. */
export interface ToldEnd {
  readonly id: string;
  readonly outcome: string;
  readonly path: string;
  readonly contributors: readonly string[] | undefined;
  readonly hops: readonly string[];
}

/** Says how every item of a run ends in which all failures are handled, and nothing overlaps. */
export function modelledEnds(spec: LineageSpec): readonly ToldEnd[] {
  const run = new RunModel();
  const level = new LevelModel(run, spec.nodes, 'root', true, 'run', (branch) => {
    end(passed(branch, 'root/save', 0), 'emitted', 'root/save');
  });
  for (const value of spec.items) level.at(0, passed({ told: run.next(), value, way: [] }, 'root/read'));
  level.end();
  return run.items.flatMap((told) => {
    const { last } = told;
    if (last === undefined) return [];
    const hops = last.way.map(
      ({ path, inputs, outputs, attempts }) =>
        `${path} ${String(inputs)}>${String(outputs)} x${String(attempts)}`,
    );
    return [{ id: told.id, outcome: last.outcome, path: last.path, contributors: told.contributors, hops }];
  });
}

class RunModel {
  readonly items: Told[] = [];
  readonly calls = new Map<string, number>();
  /** The ids that dead letters have named. */
  readonly named: string[] = [];
  #numbered = 0;

  /** The next item with a number of its own. */
  next(contributors?: readonly string[]): Told {
    this.#numbered += 1;
    return this.add(new Told(`r#${String(this.#numbered)}`, contributors));
  }

  add(told: Told): Told {
    this.items.push(told);
    return told;
  }
}

/** What a stream transform holds. */
class Stream {
  values: number[] = [];
  taken: Branch[] = [];
  madeOf: { readonly ids: readonly string[]; readonly count: number } = { ids: [], count: 0 };
  latest: Branch | undefined;
}

/** The nodes of one execution. */
class LevelModel {
  readonly #streams = new Map<number, Stream>();
  readonly #children = new Map<number, LevelModel>();

  constructor(
    private readonly run: RunModel,
    private readonly nodes: readonly NodeSpec[],
    private readonly path: string,
    /** Whether the execution keeps lineage. */
    private readonly isKept: boolean,
    /** Whether it runs once for all items, or for each item. */
    private readonly scope: 'run' | 'item',
    private readonly next: Next,
  ) {}

  /** Takes an item of a composite. */
  enter(branch: Branch): void {
    this.at(0, this.#passed(branch, `${this.path}/input`));
  }

  at(index: number, branch: Branch): void {
    const node = this.nodes[index];
    if (node === undefined) {
      this.next(branch);
      return;
    }
    const path = `${this.path}/n${String(index)}`;
    const next: Next = (given) => {
      this.at(index + 1, given);
    };
    switch (node.kind) {
      case 'step':
        this.#step(node, path, branch, next);
        return;
      case 'batch':
      case 'spread':
        this.#take(node, index, path, branch, next);
        return;
      case 'child':
        this.#child(node, path, branch, next);
        return;
      case 'stream':
        this.#stream(node, index, path, branch, next);
    }
  }

  /** No item follows. */
  end(): void {
    for (const [index, node] of this.nodes.entries()) {
      const path = `${this.path}/n${String(index)}`;
      const stream = this.#streams.get(index);
      if (stream !== undefined && stream.values.length > 0 && node.kind === 'batch')
        this.#give(stream, path, sumOf(stream.values.splice(0)), (given) => {
          this.at(index + 1, given);
        });
      // The end of the stream counts for what no output has named.
      for (const branch of stream?.taken.splice(0) ?? []) this.#consumed(branch, path);
      this.#children.get(index)?.end();
    }
  }

  #passed(branch: Branch, path: string, outputs = 1, attempts = 1): Branch {
    return this.isKept ? passed(branch, path, outputs, attempts) : branch;
  }

  #step(node: StepSpec, path: string, branch: Branch, next: Next): void {
    const tries = node.policy === 'retry' ? 2 : 1;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      if (this.#throws(node, path, branch.value)) continue;
      if (node.act === 'skip' && isActedOn(node, branch.value)) {
        end(this.#passed(branch, path, 0, attempt), 'filtered', path);
        return;
      }
      const given = this.#passed(branch, path, 1, attempt);
      if (node.tapped) end(this.#passed(given, `${path}-tap`, 0), 'emitted', `${path}-tap`);
      next(given);
      return;
    }
    if (node.policy === 'none') throw new Failure();
    // A dead letter names its item.
    if (node.policy === 'deadLetter' && branch.told !== undefined) this.run.named.push(branch.told.id);
    end(branch, node.policy === 'deadLetter' ? 'deadLettered' : 'filtered', path);
  }

  #throws(node: StepSpec, path: string, value: number): boolean {
    if (!isActedOn(node, value) || node.act === 'pass' || node.act === 'skip') return false;
    const key = `${path} ${String(value)}`;
    const number = (this.run.calls.get(key) ?? 0) + 1;
    this.run.calls.set(key, number);
    return node.act === 'throw' || number % 2 === 1;
  }

  #take(node: BatchSpec | SpreadSpec, index: number, path: string, branch: Branch, next: Next): void {
    const stream = this.#streams.get(index) ?? new Stream();
    this.#streams.set(index, stream);
    const taken = this.#passed(branch, path);
    stream.latest = taken;
    stream.taken.push(taken);
    if (node.kind === 'spread') {
      for (const copy of copiesOf(branch.value)) this.#give(stream, path, copy, next);
      return;
    }
    stream.values.push(branch.value);
    if (stream.values.length === node.size) this.#give(stream, path, sumOf(stream.values.splice(0)), next);
  }

  #give(stream: Stream, path: string, value: number, next: Next): void {
    const { latest } = stream;
    if (this.scope === 'item') {
      stream.taken = [];
      next({ told: latest?.told, value, way: latest?.way ?? [] });
      return;
    }
    if (!this.isKept) {
      next({ told: undefined, value, way: [] });
      return;
    }
    if (stream.taken.length > 0) {
      const ids = stream.taken.flatMap(({ told }) => (told === undefined ? [] : [told.id]));
      stream.madeOf = { ids, count: stream.taken.length };
    }
    const { ids, count } = stream.madeOf;
    const told = this.run.next(ids);
    for (const branch of stream.taken.splice(0)) this.#consumed(branch, path);
    next({ told, value, way: [{ path, inputs: count, outputs: 1, attempts: 1 }] });
  }

  #consumed(branch: Branch, path: string): void {
    if (branch.told?.isInner === false) end(branch, 'aggregated', path);
  }

  #stream(node: StreamSpec, index: number, path: string, branch: Branch, next: Next): void {
    const isFollowed = this.isKept && node.inherits;
    let level = this.#children.get(index);
    if (level === undefined) {
      level = new LevelModel(this.run, node.nodes, path, isFollowed, this.scope, (given) => {
        if (isFollowed || !this.isKept) next(isFollowed ? passed(given, `${path}/output`) : given);
        else next(passed({ told: this.run.next(), value: given.value, way: [] }, path));
      });
      this.#children.set(index, level);
    }
    const entered = this.#passed(branch, path);
    level.enter(isFollowed ? entered : { told: undefined, value: branch.value, way: [] });
    if (!isFollowed) end(entered, 'aggregated', path);
  }

  #child(node: ChildSpec, path: string, branch: Branch, next: Next): void {
    const tries = node.policy === 'retry' ? 2 : 1;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const child = new ChildModel(this.run, node, path, this.isKept, branch, next);
      try {
        child.run();
      } catch (thrown) {
        if (!(thrown instanceof Failure) || node.policy === 'none') throw thrown;
        continue;
      }
      child.succeed(attempt);
      return;
    }
    end(branch, 'filtered', path);
  }
}

/** One child of a composite, for one item. */
class ChildModel {
  readonly #told: Told;
  readonly #hop: Hop;
  readonly #way: readonly Hop[];
  readonly #isFollowed: boolean;
  readonly #isLive: boolean;
  readonly #outputs: Branch[] = [];
  #first: { readonly told: Told; readonly way: readonly Hop[] } | undefined;

  constructor(
    private readonly above: RunModel,
    private readonly node: ChildSpec,
    private readonly path: string,
    isKept: boolean,
    private readonly taken: Branch,
    private readonly next: Next,
  ) {
    this.#told = new Told('', undefined, undefined, taken.told ?? new Told('', undefined));
    this.#hop = { path, inputs: 1, outputs: 1, attempts: 1 };
    this.#way = [...taken.way, this.#hop];
    this.#isFollowed = isKept && node.inherits;
    this.#isLive = canMultiply(node.nodes) && node.policy === 'none';
  }

  run(): void {
    const { above, node, path, taken } = this;
    const level = new LevelModel(above, node.nodes, path, this.#isFollowed, 'item', (given) => {
      const output = this.#isFollowed ? passed(given, `${path}/output`) : given;
      this.#outputs.push({ ...output, way: this.#isFollowed ? output.way : this.#way });
      if (this.#isLive) this.#leave(this.#outputs.length);
    });
    const told = taken.told === undefined || !this.#isFollowed ? undefined : this.#told;
    level.enter({ told, value: taken.value, way: this.#way });
    level.end();
  }

  succeed(attempt: number): void {
    const { path, taken } = this;
    const count = this.#outputs.length;
    this.#hop.outputs = count;
    this.#hop.attempts = attempt;
    const { last } = this.#told;
    if (last !== undefined) taken.told?.end(last.outcome, last.path, last.way);
    else if (count === 0) taken.told?.end('filtered', path, this.#way);
    if (count === 0) return;
    if (!this.#isLive) for (let number = 1; number <= count; number += 1) this.#leave(number, count);
    this.#endTaken(count);
  }

  /** @param count how many outputs there are, where that is known. */
  #leave(number: number, count?: number): void {
    const { told } = this.taken;
    const output = this.#outputs[number - 1] as Branch;
    if (told === undefined || told.isInner || count === 1) {
      this.next({ told, value: output.value, way: output.way });
      return;
    }
    const own = number === 1 && count === undefined ? this.#tentative(told) : this.#own(told, number);
    this.next({
      told: own,
      value: output.value,
      way: [{ path: this.path, inputs: 1, outputs: 1, attempts: 1 }],
    });
  }

  #own(told: Told, number: number): Told {
    if (this.#first !== undefined) this.#first.told.isOwn = true;
    return this.above.add(new Told(`${told.id}.${String(number)}`, [told.id]));
  }

  /** The first of perhaps several outputs. */
  #tentative(told: Told): Told {
    const first = this.above.add(new Told('', undefined, told));
    this.#first = { told: first, way: (this.#outputs[0] as Branch).way };
    return first;
  }

  #endTaken(count: number): void {
    const { told } = this.taken;
    if (told === undefined || told.isInner) return;
    const first = this.#first;
    if (first !== undefined && !first.told.isOwn) {
      // It is the item that was taken, and whatever ends it later ends that.
      const same = first.told;
      same.same = told;
      this.above.items.splice(this.above.items.indexOf(same), 1);
      for (const { outcome, path, way } of same.ends)
        told.end(outcome, path, [...first.way, ...way.slice(1)]);
      same.end = (outcome, path, way) => {
        told.end(outcome, path, [...first.way, ...way.slice(1)]);
      };
      return;
    }
    if (first !== undefined || count > 1)
      told.end('emitted', this.path, (this.#outputs.at(-1) as Branch).way);
  }
}
