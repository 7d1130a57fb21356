import { SKIP } from 'heirline';
import { noCounts, type Counts } from './counts.js';
import type { CompositeNode, SourceNodeOf, TwinLevel, TwinNode, WorkNode } from './twin-graph.js';
import type { Policy } from './twin-spec.js';
import { PlainEntries, Tries, workOn, type TwinItem } from './twin-work.js';

/** What a dead letter says, as far as it is the same in every run. */
export interface Letter {
  readonly path: string | undefined;
  readonly decidedAt: string;
  readonly code: string | undefined;
  readonly value: number;
  readonly tag: string;
  readonly attempts: number;
}

interface Failure {
  readonly code: string;
  readonly path: string;
}

/** A dead letter, and where it was written. */
interface HeldLetter {
  readonly letter: Letter;
  readonly node: TwinNode;
  readonly execution: Execution;
}

/** One execution of a level. */
class Execution {
  failure: Failure | undefined;
  handled = false;
  readonly outputs: TwinItem[] = [];
  readonly calls = new Map<string, number>();
  /** The dead letters that wait for its end; undefined where its try is never repeated. */
  held: HeldLetter[] | undefined;

  constructor(
    readonly level: TwinLevel,
    readonly entries: PlainEntries,
    readonly hasLetters: boolean,
    readonly isObserved: boolean,
    /** Takes an output at once, where outputs leave as they come. */
    readonly emit: ((item: TwinItem) => void) | undefined,
    /** The execution around it, and whether its own end is a cancel for what is below it. */
    readonly parent: Execution | undefined,
    readonly isScope: boolean,
  ) {}

  /** Whether it stands in a scope that has ended: what is still under way in it is given up. */
  get isCancelled(): boolean {
    return (this.isScope && this.failure !== undefined) || this.parent?.isCancelled === true;
  }

  get isHalted(): boolean {
    return this.failure !== undefined || this.isCancelled;
  }

  node(id: string): TwinNode {
    const found = this.level.nodes.find((node) => node.id === id);
    if (found === undefined) throw new TypeError(`no node ${id}`);
    return found;
  }
}

/**
 * What a pipeline does, in plain loops: every item goes depth first as far as it can.
 *
 * For a tree in lockstep all of it is exact. Elsewhere a failed execution (see `cut`) may have got further, or
 * not so far, and so has a failed run.
 */
export class Model {
  readonly counts = new Map<string, Counts>();
  /** What each sink took, by its path. */
  readonly sinks = new Map<string, TwinItem[]>();
  readonly letters: Letter[] = [];
  /** The events of pipelines, composites and failed items, one in a line, for those who are told. */
  readonly events: string[] = [];
  /** How often instances are made, initialised, flushed and disposed, by path and what. */
  readonly lives = new Map<string, number>();
  /** The levels with an execution that failed while other work of it was under way. */
  readonly cut = new Set<string>();
  readonly failure: Failure | undefined;
  readonly #tries = new Tries();
  readonly #sharedCalls = new Map<string, number>();

  constructor(root: TwinLevel, hasLetters: boolean) {
    this.#prepare(root);
    const execution = new Execution(
      root,
      PlainEntries.ofRoot(),
      hasLetters,
      true,
      undefined,
      undefined,
      true,
    );
    this.#tell(execution, 'pipelineStarted', root.path);
    this.#pullAll(execution);
    this.#end(execution);
    this.failure = execution.failure;
  }

  #prepare(level: TwinLevel): void {
    for (const node of level.nodes) {
      this.counts.set(node.path, noCounts());
      if (node.kind === 'sink') this.sinks.set(node.path, []);
      if (node.kind === 'child') this.#prepare(node.level);
    }
  }

  #tell(execution: Execution, type: string, path: string, more: string | number = ''): void {
    if (execution.isObserved) this.events.push(`${type} ${path} ${more}`.trim());
  }

  #end(execution: Execution): void {
    const { failure, isCancelled, level } = execution;
    const outcome = failure !== undefined ? 'failed' : isCancelled ? 'cancelled' : 'succeeded';
    const type = outcome === 'succeeded' ? 'pipelineCompleted' : 'pipelineFailed';
    this.#tell(execution, type, level.path, outcome);
    for (const node of level.nodes) {
      if ((node.kind !== 'node' && node.kind !== 'sink') || node.step.binding === 'function') continue;
      if (node.kind === 'sink') this.#live(`${node.path} flush ${outcome}`);
      // A shared instance is its owner's; one of the run is made once.
      const isMade = node.step.binding === 'class' || !this.lives.has(`${node.path} made`);
      if (node.step.binding === 'instance' || !isMade) continue;
      for (const what of ['made', 'init', 'disposed']) this.#live(`${node.path} ${what}`);
    }
  }

  #live(key: string): void {
    this.lives.set(key, (this.lives.get(key) ?? 0) + 1);
  }

  #at({ path }: TwinNode): Counts {
    const counts = this.counts.get(path);
    if (counts === undefined) throw new TypeError(`no counts at ${path}`);
    return counts;
  }

  #pullAll(execution: Execution): void {
    const sources = execution.level.nodes.filter((node): node is SourceNodeOf => node.kind === 'source');
    for (const source of sources) {
      for (const value of source.items) {
        if (execution.isHalted) break;
        this.#passOn(execution, source, { value, tag: source.tag });
      }
    }
  }

  /** An item that comes in, or goes through a node that only hands it on. */
  #passOn(execution: Execution, node: TwinNode, item: TwinItem): void {
    const counts = this.#at(node);
    counts.in += 1;
    counts.out += 1;
    counts.emitted += 1;
    this.#pushAll(execution, node, item);
  }

  #pushAll(execution: Execution, { next }: TwinNode, item: TwinItem): void {
    for (const id of next) this.#push(execution, execution.node(id), item);
  }

  #push(execution: Execution, node: TwinNode, item: TwinItem): void {
    const counts = this.#at(node);
    counts.in += 1;
    if (execution.isHalted) {
      counts.cancelled += 1;
    } else if (node.kind === 'node' || node.kind === 'sink') {
      this.#work(execution, node, item);
    } else if (node.kind === 'child') {
      this.#compose(execution, node, item);
    } else {
      counts.out += 1;
      counts.emitted += 1;
      if (execution.emit !== undefined) execution.emit(item);
      execution.outputs.push(item);
    }
  }

  #work(execution: Execution, node: WorkNode, item: TwinItem): void {
    const { work, binding, policy } = node.step;
    const counts = this.#at(node);
    const callsOf = binding === 'class' ? execution.calls : this.#sharedCalls;
    for (let attempt = 1; ; attempt += 1) {
      const calls = (callsOf.get(node.path) ?? 0) + 1;
      callsOf.set(node.path, calls);
      if (work.writes !== 'nothing') execution.entries.set(work.writes, work.key, item.value);
      let result: TwinItem | typeof SKIP;
      try {
        result = workOn(work, node.tag, item, this.#tries.next(node.path, item), calls, execution.entries);
      } catch {
        const failure = { code: 'NODE_FAILED', path: node.path };
        if (this.#decide(execution, node, policy, failure, attempt, item)) continue;
        return;
      }
      if (node.kind === 'sink') {
        counts.out += 1;
        this.sinks.get(node.path)?.push(item);
      } else if (result === SKIP) {
        counts.filtered += 1;
      } else {
        counts.out += 1;
        counts.emitted += 1;
        this.#pushAll(execution, node, result);
      }
      return;
    }
  }

  #compose(parent: Execution, node: CompositeNode, item: TwinItem): void {
    const { output, policy, inherits, cancellable, limited } = node.step;
    const counts = this.#at(node);
    const isLive =
      output === 'many' && (policy === undefined || (policy.tries === 1 && policy.then === 'fail'));
    for (let attempt = 1; ; attempt += 1) {
      const emit = (each: TwinItem): void => {
        counts.emitted += 1;
        this.#pushAll(parent, node, each);
      };
      const child = new Execution(
        node.level,
        parent.entries.derive(inherits, item),
        parent.hasLetters && inherits.deadLetters,
        parent.isObserved && inherits.observer,
        isLive ? emit : undefined,
        parent,
        cancellable || limited,
      );
      if (policy !== undefined && policy.tries > 1) child.held = [];
      this.#tell(parent, 'compositeStarted', node.path, attempt);
      this.#tell(child, 'pipelineStarted', node.level.path);
      this.#pullAll(child);
      if (!child.isHalted) this.#passOn(child, child.node('input'), item);
      if (child.failure !== undefined && !node.level.lockstep) this.cut.add(node.level.path);
      this.#end(child);
      const failure = child.failure ?? wrongCount(node, child);
      const outcome = parent.isCancelled ? 'cancelled' : failure === undefined ? 'succeeded' : 'failed';
      this.#tell(parent, 'compositeCompleted', node.path, `${outcome} ${attempt}`);
      const isLost = parent.isCancelled || failure !== undefined;
      for (const letter of child.held ?? []) {
        if (isLost) this.#at(letter.node).cancelled += 1;
        else this.#writeLetter(parent, letter);
      }
      if (parent.isCancelled) {
        counts.cancelled += 1;
        return;
      }
      if (failure !== undefined) {
        if (this.#decide(parent, node, policy, failure, attempt, item)) continue;
        return;
      }
      const { outputs } = child;
      if (outputs.length === 0) {
        counts.filtered += 1;
        parent.handled ||= child.handled;
        return;
      }
      counts.out += 1;
      if (isLive) return;
      const chosen =
        output === 'many' ? outputs : output === 'last' ? outputs.slice(-1) : outputs.slice(0, 1);
      counts.emitted += chosen.length;
      for (const each of chosen) this.#pushAll(parent, node, each);
      return;
    }
  }

  /** What becomes of a failed try; tells whether there is another one. */
  #decide(
    execution: Execution,
    node: WorkNode | CompositeNode,
    policy: Policy | undefined,
    failure: Failure,
    attempt: number,
    item: TwinItem,
  ): boolean {
    const counts = this.#at(node);
    if (execution.isCancelled) {
      counts.cancelled += 1;
      return false;
    }
    this.#tell(execution, 'itemFailed', node.path, attempt);
    if (policy !== undefined && attempt < policy.tries) {
      counts.retried += 1;
      this.#tell(execution, 'itemRetried', node.path, attempt + 1);
      return true;
    }
    // Without a rule behind a retry, its item fails.
    const then = policy === undefined || policy.then === 'default' ? 'fail' : policy.then;
    if (then === 'skip') {
      counts.filtered += 1;
      execution.handled = true;
      this.#tell(execution, 'itemSkipped', node.path);
    } else if (then === 'fail' || !execution.hasLetters) {
      counts.failed += 1;
      execution.failure ??= failure;
    } else {
      execution.handled = true;
      const { value, tag } = item;
      const letter = { ...failure, decidedAt: node.path, value, tag, attempts: attempt };
      this.#writeLetter(execution, { letter, node, execution });
    }
    return false;
  }

  /** A letter that is written in a try which may be repeated leaves when that try has succeeded. */
  #writeLetter(around: Execution, held: HeldLetter): void {
    for (let at: Execution | undefined = around; at !== undefined; at = at.parent) {
      if (at.held === undefined) continue;
      at.held.push(held);
      return;
    }
    this.#at(held.node).deadLettered += 1;
    this.#tell(held.execution, 'itemDeadLettered', held.node.path);
    this.letters.push(held.letter);
  }
}

function wrongCount({ step: { output }, path }: CompositeNode, child: Execution): Failure | undefined {
  const count = child.outputs.length;
  if (count === 0 && !child.handled && output !== 'optional' && output !== 'many') {
    return { code: 'COMPOSITE_NO_OUTPUT', path };
  }
  if (count > 1 && (output === 'one' || output === 'optional'))
    return { code: 'COMPOSITE_MULTIPLE_OUTPUTS', path };
  return undefined;
}
