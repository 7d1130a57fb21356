import type { PipelineContext } from '../context/pipeline-context.js';
import { Heap } from '../data/heap.js';
import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { atOnce } from '../nodes/callbacks.js';
import { foundBy } from '../nodes/flow-key.js';
import type { FoundKey } from '../nodes/flow-key.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import { timeFrom } from '../nodes/item-time.js';
import { capacityExceeded, defaultCapacity } from './capacity.js';
import type { JoinKind, JoinOptions } from './join-options.js';

type AnyJoin = JoinOptions<unknown, unknown, JoinKind, unknown>;

/** The operator of a join: a symmetric hash join (Wilschut and Apers, 1991), with or without a window. */
export function joinOperator(options: AnyJoin): FlowOperator<unknown, unknown, unknown> {
  const { kind, within, capacity = defaultCapacity } = options;
  const shown = { kind, ...(within && { withinMs: within.ms }), capacity };
  return new FlowOperator(
    'join',
    shown,
    (port, context) => new JoinCore(port, context, options, capacity),
    {},
    ['left', 'right'],
  );
}

/** A row that has come. */
interface Row {
  readonly item: unknown;
  readonly origin: Origin;
  readonly key: FoundKey;
  /** Its time, where there is a window; else 0. */
  readonly timeMs: number;
  /** True once it has left with a partner. */
  hasLeft: boolean;
}

/** The rows of one input that wait for partners. */
class Side {
  readonly byKey = new Map<FoundKey, Row[]>();
  /** The rows by time, where there is a window. */
  readonly byTime: Heap<Row> | undefined;
  size = 0;
  /** The latest time that was seen, less the lateness: what is earlier comes too late. */
  watermarkMs = -Infinity;
  isEnded = false;
  /** Lets those go on that wait for room. */
  readonly waiting: (() => void)[] = [];

  constructor(
    /** Whether its rows leave without a partner. */
    readonly isOuter: boolean,
    isTimed: boolean,
  ) {
    this.byTime = isTimed ? new Heap((one, other) => one.timeMs < other.timeMs) : undefined;
  }

  add(row: Row): void {
    const rows = this.byKey.get(row.key);
    if (rows === undefined) this.byKey.set(row.key, [row]);
    else rows.push(row);
    this.byTime?.add(row);
    this.size += 1;
  }

  /** Takes out the rows of before a time. */
  takeBefore(timeMs: number): readonly Row[] {
    const taken: Row[] = [];
    const { byTime } = this;
    for (let row = byTime?.least; row !== undefined && row.timeMs < timeMs; row = byTime?.least) {
      byTime?.take();
      this.#remove(row);
      taken.push(row);
    }
    return taken;
  }

  takeAll(): readonly Row[] {
    const taken = [...this.byKey.values()].flat();
    this.byKey.clear();
    while (this.byTime !== undefined && this.byTime.size > 0) this.byTime.take();
    this.size = 0;
    return taken;
  }

  /** Lets all go on that wait for room. */
  wake(): void {
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  #remove(row: Row): void {
    this.size -= 1;
    const rows = this.byKey.get(row.key);
    if (rows === undefined) return;
    if (rows.length === 1) this.byKey.delete(row.key);
    else rows.splice(rows.indexOf(row), 1);
  }
}

/** What leaves: a pair, or a row without a partner. */
interface Pair {
  readonly left: Row | undefined;
  readonly right: Row | undefined;
  readonly output: unknown;
}

/** Matches each row with those of the other input that have come before it. */
class JoinCore implements OperatorCore {
  readonly #sides: readonly [Side, Side];
  #isStopped = false;

  constructor(
    private readonly port: OperatorPort,
    private readonly context: PipelineContext,
    private readonly options: AnyJoin,
    private readonly capacity: number,
  ) {
    const { kind, within } = options;
    const isTimed = within !== undefined;
    this.#sides = [
      new Side(kind === 'left' || kind === 'full', isTimed),
      new Side(kind === 'right' || kind === 'full', isTimed),
    ];
  }

  push(item: unknown, origin: Origin, input: number): Emission | Promise<unknown> {
    const [own, other] = this.#seenFrom(input);
    const row = this.#rowOf(item, origin, input);
    return own.size < this.capacity || other.isEnded ? this.#take(row, input) : this.#waitForRoom(row, input);
  }

  endInput(input: number): Emission {
    const [own, other] = this.#seenFrom(input);
    own.isEnded = true;
    // Rows of the other side find no new partner.
    const left = this.#leaveAlone(other.takeAll(), 1 - input);
    other.wake();
    return left;
  }

  end(): undefined {
    return undefined;
  }

  stop(): void {
    this.#isStopped = true;
    for (const side of this.#sides) side.wake();
  }

  /** The side of an input, and the other one. */
  #seenFrom(input: number): readonly [Side, Side] {
    const [left, right] = this.#sides;
    return input === 0 ? [left, right] : [right, left];
  }

  #rowOf(item: unknown, origin: Origin, input: number): Row {
    const { leftKey, rightKey, within } = this.options;
    const isLeft = input === 0;
    const name = isLeft ? "'leftKey' of a join" : "'rightKey' of a join";
    const given: unknown = isLeft ? leftKey(item, this.context) : rightKey(item, this.context);
    if (isThenable(given)) ignoreRejection(given);
    const key = foundBy(given, name);
    const timeOf = isLeft ? within?.leftTime : within?.rightTime;
    const timeName = isLeft ? "'leftTime' of a join" : "'rightTime' of a join";
    const timeMs = timeOf === undefined ? 0 : timeFrom(timeOf(item), timeName);
    return { item, origin, key, timeMs, hasLeft: false };
  }

  #waitForRoom(row: Row, input: number): Emission | Promise<unknown> {
    const [own, other] = this.#seenFrom(input);
    if (this.port.sharesOrigin) throw capacityExceeded('join', this.capacity, 'of one input');
    if (other.size >= this.capacity) throw capacityExceeded('join', this.capacity, 'of either input');
    return new Promise<void>((resolve) => own.waiting.push(resolve)).then(() => {
      // What has not ended when all is over is counted by the engine.
      if (this.#isStopped) return undefined;
      return own.size < this.capacity || other.isEnded
        ? this.#take(row, input)
        : this.#waitForRoom(row, input);
    });
  }

  #take(row: Row, input: number): Emission {
    const [own, other] = this.#seenFrom(input);
    const { within } = this.options;
    const isLate = row.timeMs < own.watermarkMs;
    // Made before anything changes: `combine` may throw.
    const pairs = isLate ? [] : this.#pairsOf(row, input, other);
    const alone =
      pairs.length === 0 && this.#staysAlone(row, isLate, other) ? [this.#aloneOf(row, input)] : undefined;
    if (within !== undefined)
      own.watermarkMs = Math.max(own.watermarkMs, row.timeMs - (within.latenessMs ?? 0));
    const sent = this.#send(pairs);
    if (alone !== undefined) return lastOf(sent, this.#end(alone, own.isOuter));
    if (!other.isEnded && (within === undefined || row.timeMs + within.ms >= other.watermarkMs)) own.add(row);
    else if (!row.hasLeft) return lastOf(sent, this.#end([this.#aloneOf(row, input)], own.isOuter));
    return within === undefined ? sent : lastOf(sent, this.#forget(within.ms, input));
  }

  /** Whether a row that found no partner will find none. */
  #staysAlone({ key }: Row, isLate: boolean, other: Side): boolean {
    return isLate || key === null || key === undefined || other.isEnded;
  }

  #pairsOf(row: Row, input: number, other: Side): readonly Pair[] {
    const { key, timeMs } = row;
    if (key === null || key === undefined) return [];
    const rows = other.byKey.get(key);
    if (rows === undefined) return [];
    const ms = this.options.within?.ms ?? Infinity;
    const pairs: Pair[] = [];
    for (const partner of rows) {
      if (Math.abs(partner.timeMs - timeMs) > ms) continue;
      const [left, right] = input === 0 ? [row, partner] : [partner, row];
      pairs.push({ left, right, output: this.#combined(left.item, right.item) });
    }
    return pairs;
  }

  #aloneOf(row: Row, input: number): Pair {
    const [left, right] = input === 0 ? [row, undefined] : [undefined, row];
    const isOuter = this.#seenFrom(input)[0].isOuter;
    return { left, right, output: isOuter ? this.#combined(left?.item, right?.item) : undefined };
  }

  #combined(left: unknown, right: unknown): unknown {
    const { combine } = this.options;
    if (combine === undefined) return [left, right];
    return atOnce(combine(left, right), "'combine' of a join");
  }

  /** Forgets rows of the other side that are too old for all rows of this one that may still come. */
  #forget(ms: number, input: number): Emission {
    const [own, other] = this.#seenFrom(input);
    const forgotten = other.takeBefore(own.watermarkMs - ms);
    if (forgotten.length === 0) return undefined;
    other.wake();
    return this.#leaveAlone(forgotten, 1 - input);
  }

  /** Ends rows that find no partner any more. */
  #leaveAlone(rows: readonly Row[], input: number): Emission {
    const alone = rows.filter(({ hasLeft }) => !hasLeft).map((row) => this.#aloneOf(row, input));
    return this.#end(alone, this.#seenFrom(input)[0].isOuter);
  }

  #end(alone: readonly Pair[], isOuter: boolean): Emission {
    if (alone.length === 0) return undefined;
    if (isOuter) return this.#send(alone);
    const rows = alone.map(({ left, right }) => left ?? right);
    return this.port.filter(
      rows.map((row) => row?.origin),
      rows.length,
    );
  }

  #send(pairs: readonly Pair[], first = 0): Emission {
    for (let index = first; index < pairs.length; index += 1) {
      const sent = this.#sendOne(pairs[index] as Pair);
      if (sent !== undefined) return sent.then(() => this.#send(pairs, index + 1));
    }
    return undefined;
  }

  #sendOne({ left, right, output }: Pair): Emission {
    const rows = [left, right].filter((row) => row !== undefined);
    const leaving = rows.filter(({ hasLeft }) => !hasLeft);
    for (const row of leaving) row.hasLeft = true;
    return this.port.make(output, {
      items: leaving.length,
      origins: leaving.map(({ origin }) => origin),
      from: { origins: rows.map(({ origin }) => origin), items: rows.length },
      ending: 'joined',
    });
  }
}

/** What is done once both are: what is sent goes through one door, in turn. */
function lastOf(one: Emission, other: Emission): Emission {
  return other ?? one;
}
