import type { CircuitState } from '../../../src/resilience/circuit.js';
import type { CircuitNumbers } from '../../../src/resilience/circuit-breaker.js';

interface ModelCall {
  readonly id: number;
  /** How many changes there were before. */
  readonly changes: number;
  isOver: boolean;
}

/** A circuit that remembers all and counts anew each time: slow, and easy to believe. */
export class CircuitModel {
  state: CircuitState = 'closed';
  waiting: number[] = [];
  readonly told: string[] = [];
  readonly #calls: ModelCall[] = [];
  #counted: { readonly atMs: number; readonly hasFailed: boolean }[] = [];
  #changes = 0;
  #openedMs = 0;
  /** The call that tries whether the circuit may close, and since when. */
  #trying: { readonly id: number; readonly sinceMs: number } | undefined;

  constructor(
    private readonly numbers: CircuitNumbers,
    private nowMs: number,
  ) {}

  /** Every call that was ever let through. */
  get granted(): number[] {
    return this.#calls.map(({ id }) => id);
  }

  enter(id: number, waits: boolean): void {
    if (this.state === 'closed') this.#grant(id);
    else if (this.#isFree) this.#try(id);
    else if (waits) this.waiting.push(id);
  }

  end(id: number, how: 'succeeded' | 'failed' | 'withdraw'): void {
    const call = this.#calls.find((each) => each.id === id);
    if (call === undefined || call.isOver) return;
    call.isOver = true;
    if (call.changes !== this.#changes) return;
    if (how === 'withdraw') {
      if (this.#trying?.id === id) this.#trying = undefined;
      this.#letIn();
    } else if (this.state === 'halfOpen') this.#become(id, how === 'failed' ? 'open' : 'closed');
    else {
      this.#counted.push({ atMs: this.nowMs, hasFailed: how === 'failed' });
      if (this.#isTooMuch(how === 'failed')) this.#become(id, 'open');
    }
  }

  stop(id: number): void {
    this.waiting = this.waiting.filter((each) => each !== id);
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1) {
      this.nowMs += 1;
      this.#letIn();
    }
  }

  get #isFree(): boolean {
    const { openMs } = this.numbers;
    if (this.state === 'open') return this.nowMs >= this.#openedMs + openMs;
    return (
      this.state === 'halfOpen' && (this.#trying === undefined || this.nowMs >= this.#trying.sinceMs + openMs)
    );
  }

  #isTooMuch(hasFailed: boolean): boolean {
    const { threshold, ratio, atLeast, windowMs } = this.numbers;
    if (threshold !== undefined) {
      const within = this.#counted.filter((each) => each.hasFailed && each.atMs > this.nowMs - windowMs);
      return hasFailed && within.length >= threshold;
    }
    const tenth = (atMs: number): number => Math.floor((atMs * 10) / windowMs);
    const within = this.#counted.filter(({ atMs }) => tenth(this.nowMs) - tenth(atMs) < 10);
    const failed = within.filter((each) => each.hasFailed).length;
    return within.length >= atLeast && failed / within.length >= ratio;
  }

  #grant(id: number): void {
    this.#calls.push({ id, changes: this.#changes, isOver: false });
  }

  #try(id: number): void {
    if (this.state === 'open') this.#become(id, 'halfOpen');
    this.#trying = { id, sinceMs: this.nowMs };
    this.#grant(id);
  }

  #letIn(): void {
    const [first] = this.waiting;
    if (first === undefined || !this.#isFree) return;
    this.waiting.shift();
    this.#try(first);
  }

  #become(id: number, state: CircuitState): void {
    this.told.push(`${String(id)}: ${this.state} → ${state}`);
    this.state = state;
    this.#changes += 1;
    this.#counted = [];
    this.#trying = undefined;
    if (state === 'open') this.#openedMs = this.nowMs;
    if (state !== 'closed') return;
    for (const each of this.waiting) this.#grant(each);
    this.waiting = [];
  }
}

/** A bulkhead of two plain lists. */
export class BulkheadModel {
  readonly inside: number[] = [];
  waiting: number[] = [];

  constructor(
    private readonly concurrent: number,
    private readonly queue: number,
  ) {}

  enter(id: number): void {
    if (this.inside.length < this.concurrent) this.inside.push(id);
    else if (this.waiting.length < this.queue) this.waiting.push(id);
  }

  leave(id: number): void {
    this.inside.splice(this.inside.indexOf(id), 1);
    const next = this.waiting.shift();
    if (next !== undefined) this.inside.push(next);
  }

  stop(id: number): void {
    this.waiting = this.waiting.filter((each) => each !== id);
  }
}
