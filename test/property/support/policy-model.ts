// What policies make of failing items, by the rules alone: one item after the other, and nothing of the engine.

const errorNames = ['Busy', 'Stale', 'Broken'] as const;
export type ErrorName = (typeof errorNames)[number];
export type Final = 'fail' | 'skip' | 'deadLetter' | 'collect';

export interface DrawnRule {
  readonly on: ErrorName | undefined;
  readonly then: Final | 'fallback' | 'retry';
  /** For `retry`. */
  readonly attempts: number;
  readonly exhausted: Final | 'fallback' | undefined;
  readonly hasBefore: boolean;
}

export interface DrawnNode {
  readonly kind: 'transform' | 'composite';
  /** Undefined for none of its own: the innermost default decides. */
  readonly policy: readonly DrawnRule[] | undefined;
  readonly concurrency: number;
  readonly isAsync: boolean;
  /** Of the child of a composite. */
  readonly child: DrawnPipeline | undefined;
}

export interface DrawnPipeline {
  readonly nodes: readonly DrawnNode[];
  readonly byDefault: { readonly rules: readonly DrawnRule[]; readonly children: boolean } | undefined;
  readonly tolerance?: DrawnTolerance | undefined;
}

type LossKind = 'failed' | 'deadLettered' | 'skipped';

export interface DrawnTolerance {
  readonly limit: { readonly count: number } | { readonly ratio: number; readonly atLeast: number };
  readonly counts: readonly LossKind[];
}

/** The call in which a node cancels the run. */
export interface DrawnCancel {
  readonly place: string;
  readonly item: number;
}

/** What happens when something is called for an item: nothing, or an error. */
export type Schedule = (place: string, item: number) => ErrorName | undefined;

/** Draws what each call does from its place, its item and its number alone: in whatever order the calls come. */
export function scheduleOf(seed: number, percent: number): Schedule {
  const calls = new Map<string, number>();
  return (place, item) => {
    const key = `${place} ${String(item)}`;
    const call = (calls.get(key) ?? 0) + 1;
    calls.set(key, call);
    // FNV-1a
    let hash = 2166136261 ^ seed;
    for (const character of `${key} ${String(call)}`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    }
    hash = Math.imul(hash ^ (hash >>> 15), 2246822507) >>> 0;
    return hash % 100 < percent ? errorNames[(hash >>> 8) % errorNames.length] : undefined;
  };
}

export interface ModelCounts {
  in: number;
  out: number;
  filtered: number;
  deadLettered: number;
  failed: number;
  cancelled: number;
  retried: number;
  recovered: number;
}

/** The rules that decide, and where they stand: at a node, or at the pipeline that has them as default. */
interface Policy {
  readonly rules: readonly DrawnRule[];
  readonly place: string;
}

type End = 'out' | 'filtered' | 'deadLettered' | 'tolerated' | 'failed' | 'collected' | 'cancelled';
/** How an item left a node; `error` is what its execution failed with, undefined for one that no rule names. */
interface Left {
  readonly end: End;
  readonly error?: ErrorName | undefined;
}

/** One execution of a pipeline: what it has lost, and whether it has failed by that. */
class ModelExecution {
  readonly lost: LossKind[] = [];
  items = 0;
  hasFailed = false;

  constructor(readonly tolerance: DrawnTolerance | undefined) {}

  /** Whether a policy has left out any of the items that count. */
  get hasLostByPolicy(): boolean {
    return this.#counted.some((kind) => kind !== 'failed');
  }

  lose(kind: LossKind): void {
    this.lost.push(kind);
    if (this.#counts(kind)) this.judge(false);
  }

  judge(isLast: boolean): void {
    if (this.tolerance === undefined || this.hasFailed) return;
    const { limit } = this.tolerance;
    const lost = this.#counted.length;
    this.hasFailed =
      'count' in limit
        ? lost > limit.count
        : (isLast || this.items >= limit.atLeast) && lost > limit.ratio * this.items;
  }

  get #counted(): readonly LossKind[] {
    return this.lost.filter((kind) => this.#counts(kind));
  }

  #counts(kind: LossKind): boolean {
    return kind === 'failed' || this.tolerance?.counts.includes(kind) === true;
  }
}

export class PolicyModel {
  readonly counts = new Map<string, ModelCounts>();
  readonly outputs: number[] = [];
  readonly letters: string[] = [];
  /** The items that the source has given. */
  pulled = 0;
  /** What no policy has handled. */
  failures = 0;
  status: 'succeeded' | 'failed' | 'cancelled' = 'succeeded';

  constructor(
    private readonly schedule: Schedule,
    private readonly cancel?: DrawnCancel,
  ) {}

  /** Runs the items through the root, one after the other, until something ends the run. */
  run(root: DrawnPipeline, items: readonly number[]): void {
    const execution = new ModelExecution(root.tolerance);
    let hasCollected = false;
    for (const item of items) {
      this.pulled += 1;
      const left = this.#pass(root, 'root', item, undefined, execution);
      if (left.end === 'out') this.outputs.push(item);
      if (left.end === 'collected' || left.end === 'failed') this.failures += 1;
      hasCollected ||= left.end === 'collected';
      if (this.status === 'cancelled') break;
      if (left.end === 'failed') this.status = 'failed';
      if (left.end === 'failed' || execution.hasFailed) break;
    }
    if (hasCollected && this.status === 'succeeded') this.status = 'failed';
    if (this.status === 'succeeded') execution.judge(true);
    // Failed items that the run has tolerated are listed beside what has ended it.
    this.failures += execution.lost.filter((kind) => kind === 'failed').length;
    if (!execution.hasFailed) return;
    this.status = 'failed';
    // Failed items are listed by themselves; where a policy has left some out, the end is listed too.
    if (execution.hasLostByPolicy) this.failures += 1;
  }

  /** The item's way through the nodes of a pipeline, until one of them ends it. */
  #pass(
    { nodes, byDefault }: DrawnPipeline,
    path: string,
    item: number,
    above: Policy | undefined,
    execution: ModelExecution,
  ): Left {
    execution.items += 1;
    const own = byDefault && { rules: byDefault.rules, place: path };
    const below = byDefault?.children === true ? own : above;
    for (const [index, node] of nodes.entries()) {
      const place = `${path}/${String(index)}`;
      const policy = node.policy === undefined ? (own ?? above) : { rules: node.policy, place };
      const left = this.#node(node, place, item, policy ?? { rules: [], place }, below, execution);
      if (left.end !== 'out') return left;
    }
    return { end: 'out' };
  }

  #node(
    node: DrawnNode,
    path: string,
    item: number,
    { rules, place }: Policy,
    below: Policy | undefined,
    execution: ModelExecution,
  ): Left {
    const counts = this.#at(path);
    counts.in += 1;
    let from = 0;
    /** `outside` is what the execution would fail with: of two errors together no rule names it. */
    let failure: { name: ErrorName | undefined; outside: ErrorName | undefined } | undefined;
    for (let attempt = 1; ;) {
      if (failure === undefined) {
        const tried = this.#try(node, path, item, below, execution);
        if (tried.end === 'out' || tried.end === 'filtered' || tried.end === 'cancelled') {
          counts[tried.end] += 1;
          return tried;
        }
        failure = { name: tried.error, outside: tried.error };
        from = 0;
      }
      const { name, outside }: NonNullable<typeof failure> = failure;
      const at = rules.findIndex(
        (rule, index) =>
          index >= from &&
          (rule.on === undefined || rule.on === name) &&
          (rule.then !== 'retry' || attempt < rule.attempts || rule.exhausted !== undefined),
      );
      const rule = rules[at];
      const isRetry = rule?.then === 'retry' && attempt < rule.attempts;
      if (isRetry) {
        counts.retried += 1;
        const thrown = rule.hasBefore ? this.schedule(`${place} before`, item) : undefined;
        failure = thrown === undefined ? undefined : { name: thrown, outside: undefined };
        if (thrown === undefined) attempt += 1;
        from = at + 1;
        continue;
      }
      const decided = rule === undefined ? 'fail' : rule.then === 'retry' ? rule.exhausted : rule.then;
      if (decided === 'fallback') {
        const thrown = this.schedule(`${place} fallback`, item);
        if (thrown === undefined) {
          counts.out += 1;
          counts.recovered += 1;
          return { end: 'out' };
        }
        failure = { name: thrown, outside: undefined };
        from = at + 1;
        continue;
      }
      return this.#conclude(counts, path, item, decided ?? 'fail', outside, execution);
    }
  }

  #try(
    node: DrawnNode,
    path: string,
    item: number,
    below: Policy | undefined,
    execution: ModelExecution,
  ): Left {
    if (node.child === undefined) {
      if (this.cancel?.place === path && this.cancel.item === item) this.status = 'cancelled';
      if (this.status === 'cancelled') return { end: 'cancelled' };
      const thrown = this.schedule(path, item);
      return thrown === undefined ? { end: 'out' } : { end: 'failed', error: thrown };
    }
    const child = new ModelExecution(node.child.tolerance);
    const left = this.#pass(node.child, path, item, below, child);
    if (left.end === 'cancelled') return left;
    // An item that was collected, or lost though too many are, is an error that no rule names.
    if (left.end === 'collected') return { end: 'failed' };
    if (left.end === 'failed') return left;
    child.judge(true);
    if (child.hasFailed) return { end: 'failed' };
    for (const kind of child.lost) execution.lose(kind);
    return { end: left.end === 'out' ? 'out' : 'filtered' };
  }

  #conclude(
    counts: ModelCounts,
    path: string,
    item: number,
    decided: Final,
    error: ErrorName | undefined,
    execution: ModelExecution,
  ): Left {
    switch (decided) {
      case 'skip':
        counts.filtered += 1;
        execution.lose('skipped');
        return { end: 'filtered' };
      case 'deadLetter':
        counts.deadLettered += 1;
        this.letters.push(`${path} ${String(item)}`);
        execution.lose('deadLettered');
        return { end: 'deadLettered' };
      case 'collect':
        counts.failed += 1;
        return { end: 'collected' };
      case 'fail':
        counts.failed += 1;
        if (execution.tolerance === undefined) return { end: 'failed', error };
        execution.lose('failed');
        return { end: 'tolerated' };
    }
  }

  #at(path: string): ModelCounts {
    let counts = this.counts.get(path);
    if (counts === undefined) {
      counts = {
        in: 0,
        out: 0,
        filtered: 0,
        deadLettered: 0,
        failed: 0,
        cancelled: 0,
        retried: 0,
        recovered: 0,
      };
      this.counts.set(path, counts);
    }
    return counts;
  }
}
