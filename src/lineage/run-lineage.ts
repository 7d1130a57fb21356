import type { ContextFrame } from '../context/context-frame.js';
import type { LineageOptions } from '../ports/lineage-options.js';
import type { LineageOutcome, LineageRecord } from '../ports/lineage-sink.js';
import type { ItemPayload } from './item-payload.js';
import { ItemTrace } from './item-trace.js';
import { KnownSteps } from './known-steps.js';
import type { RecordWriter, Work } from './record-writer.js';
import { TracedItem } from './traced-item.js';
import type { Contributors, ItemKeeper, PassedNode } from './traced-item.js';
import type { ItemEnd } from './item-end.js';
import type { TracedPlace, TracedSite } from './traced-place.js';
import { Way } from './way.js';

/** What the lineage of a run takes from the run. */
export interface LineageRun {
  readonly runId: string;
  readonly clock: { now(): number };
  readonly payload: ItemPayload;
  readonly writer: RecordWriter;
}

/** The lineage of one run: chooses the items that are followed, numbers them, and makes their records. */
export class RunLineage implements ItemKeeper {
  readonly every: number;
  readonly steps = new KnownSteps();
  readonly start = Way.start();
  readonly writesPassed: boolean;
  readonly isBrief: boolean;
  readonly payload: ItemPayload;
  readonly writer: RecordWriter;
  readonly #clock: LineageRun['clock'];
  readonly #idPrefix: string;
  readonly #offset: number;
  /** The number of the latest item. */
  #latest = 0;
  /** The item before all that have not ended; each knows the next one. */
  readonly #open: TracedItem;

  constructor({ sampleEvery = 1, capture }: LineageOptions, { runId, clock, payload, writer }: LineageRun) {
    this.every = sampleEvery;
    this.writesPassed = capture === 'all';
    this.isBrief = !this.writesPassed && !payload.isKept;
    this.payload = payload;
    this.writer = writer;
    this.#clock = clock;
    this.#idPrefix = `${runId}#`;
    this.#offset = sampleEvery === 1 ? 0 : hashOf(runId) % sampleEvery;
    this.#open = new TracedItem(this, '', undefined);
  }

  /** How many items are left out before the next one that is followed, where so many have come from a source. */
  untilNext(taken: number): number {
    if (this.every === 1) return 0;
    return (this.every - ((taken + this.#offset) % this.every)) % this.every;
  }

  /**
   * Numbers an item that enters the run, and follows it if it is one of those that are followed.
   *
   * @param taken how many items came before it from its source.
   */
  follow(item: unknown, taken: number): ItemTrace | undefined {
    this.#latest += 1;
    return this.untilNext(taken) === 0 ? this.#follow(item, undefined) : undefined;
  }

  /** Numbers an item that was made of others, and follows it if one of those is followed, or all items are. */
  followMade(item: unknown, contributors: Contributors): ItemTrace | undefined {
    this.#latest += 1;
    return this.every === 1 || contributors.ids.length > 0 ? this.#follow(item, contributors) : undefined;
  }

  /** Numbers items that entered the run and are not followed. */
  leaveOut(items: number): void {
    this.#latest += items;
  }

  #follow(value: unknown, contributors: Contributors | undefined): ItemTrace {
    const item = new TracedItem(this, this.#idPrefix + String(this.#latest), contributors);
    this.opened(item);
    if (this.payload.isKept) item.input = this.payload.shown(value);
    return new ItemTrace(item, this.start, value);
  }

  now(): number {
    return this.#clock.now();
  }

  opened(item: TracedItem): void {
    const { after } = this.#open;
    item.before = this.#open;
    item.after = after;
    if (after !== undefined) after.before = item;
    this.#open.after = item;
  }

  left(item: TracedItem): void {
    const { before, after } = item;
    if (before !== undefined) before.after = after;
    if (after !== undefined) after.before = before;
    item.before = undefined;
    item.after = undefined;
  }

  passed(item: TracedItem, { step, at, input, output }: PassedNode): Work {
    const { place, attempts, hop } = step;
    const record = recordOf(item, place, 'passed', Object.freeze([hop]), attempts, at);
    if (input !== undefined) record.input = input;
    if (output !== undefined) record.output = output;
    return this.writer.write(Object.freeze(record));
  }

  closed(item: TracedItem, end: ItemEnd): Work {
    this.left(item);
    const { outcome, place, way, attempts, error, shown } = end;
    const record = recordOf(item, place, outcome, way.traversal, attempts, this.now());
    const { contributors, input } = item;
    const { hopsLost } = way;
    if (hopsLost > 0) record.hopsLost = hopsLost;
    if (contributors !== undefined) {
      record.contributors = contributors.ids;
      record.contributorCount = contributors.count;
    }
    if (error !== undefined) record.error = error;
    if (shown?.key !== undefined) record.key = shown.key;
    if (input !== undefined) record.input = input;
    if (shown?.output !== undefined) record.output = shown.output;
    return this.writer.write(Object.freeze(record));
  }

  /** Ends all items that have not ended, the eldest first: the run is over. */
  async dropAll(site: TracedSite, frame: ContextFrame): Promise<void> {
    const open: TracedItem[] = [];
    for (let item = this.#open.after; item !== undefined; item = item.after) open.push(item);
    for (const item of open.reverse()) {
      const dropped = item.isClosed ? undefined : item.latest?.drop(site, frame);
      if (dropped !== undefined) await dropped;
    }
  }

  /** Whether there are items that have not ended. */
  get hasOpen(): boolean {
    return this.#open.after !== undefined;
  }
}

type WrittenRecord = { -readonly [TField in keyof LineageRecord]: LineageRecord[TField] };

function recordOf(
  { id }: TracedItem,
  place: TracedPlace,
  outcome: LineageOutcome,
  traversal: LineageRecord['traversal'],
  attempts: number,
  at: number,
): WrittenRecord {
  const { tenantId, pipelineVersion } = place;
  const record: WrittenRecord = {
    correlationId: id,
    path: place.site.path,
    pipelineId: place.pipelineId,
    pipelineName: place.pipelineName,
    runId: place.runId,
    outcome,
    terminal: outcome !== 'passed',
    traversal,
    attempts,
    at,
  };
  if (tenantId !== undefined) record.tenantId = tenantId;
  if (pipelineVersion !== undefined) record.pipelineVersion = pipelineVersion;
  return record;
}

/** A number of 32 bits that stands for a text: FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
