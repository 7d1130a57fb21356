import { setImmediate } from 'node:timers/promises';
import { checksum } from './checksum.js';
import type { Run, Workload } from './contender.js';
import type { ContenderTimes } from './contender-times.js';
import type { BenchSettings } from './settings.js';

/** A contender that computes what the floor computes, ready to be timed. */
interface Lane extends ContenderTimes {
  readonly run: Run;
  readonly expected: number;
  /** How many runs make a sample: one that lasts no longer than the clock's noise says nothing. */
  repeats: number;
  readonly samples: number[];
}

const WARM_UP_ROUNDS = 2;
/** Each lane gets this much of its own before, so that even the fastest loop is compiled. */
const WARM_UP_NS = 50e6;
const LEAST_SAMPLE_NS = 5e6;
const LEAST_ITEMS = 100;

/**
 * Times the contenders of all workloads in interleaved rounds; gives nanoseconds per item, round by round.
 *
 * Each round goes through all of them, and the next one starts elsewhere, so none always runs after the same other.
 *
 * @throws Error when one computes something else than the floor, also while it is timed.
 */
export async function measureTimes(
  workloads: readonly Workload[],
  { rounds, scale }: BenchSettings,
): Promise<readonly ContenderTimes[]> {
  const lanes: Lane[] = [];
  for (const workload of workloads) lanes.push(...(await lanesOf(workload, scale)));

  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (let index = 0; index < lanes.length; index += 1) {
      const lane = lanes[(index + Math.max(round, 0)) % lanes.length];
      if (lane === undefined) continue;
      const ns = await (lane.workload.state === 'collected' ? timeAfterCollections(lane) : timeRuns(lane));
      if (round >= 0) lane.samples.push(ns / lane.items);
    }
  }
  return lanes;
}

/** The numbers that every contender works on: integers in no simple order. */
export function numbersFor(items: number): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < items; index += 1) numbers.push(checksum(index, 7) & 0xffff);
  return numbers;
}

async function lanesOf(workload: Workload, scale: number): Promise<Lane[]> {
  const [floor] = workload.contenders;
  if (floor === undefined) throw new Error(`Nobody does the work of '${workload.name}'`);
  const lanes: Lane[] = [];
  const scaled = (count: number): number => Math.max(LEAST_ITEMS, Math.round(count * scale));
  for (const contender of workload.contenders) {
    const items =
      workload.isFixed === true ? workload.items : scaled(workload.items * (contender.share ?? 1));
    const numbers = numbersFor(items);
    const expected = await floor.prepare(numbers)();
    const run = contender.prepare(numbers);
    lanes.push({ workload, contender, items, run, expected, repeats: 1, samples: [] });
  }
  for (const lane of lanes) await warmUp(lane);
  return lanes;
}

async function warmUp(lane: Lane): Promise<void> {
  let spent = 0;
  let latest = 0;
  while (spent < WARM_UP_NS) {
    latest = await timeRuns(lane);
    spent += latest;
  }
  lane.repeats = Math.ceil(LEAST_SAMPLE_NS / latest);
}

/** Nanoseconds of one run, as the mean of those that make a sample. */
async function timeRuns(lane: Lane): Promise<number> {
  // What others left behind is not this one's to collect. A full collection would throw away compiled code.
  globalThis.gc?.({ type: 'minor' });
  let ns = 0;
  for (let run = 0; run < lane.repeats; run += 1) ns += await timeOnce(lane);
  return ns / lane.repeats;
}

/**
 * Nanoseconds of one run after full collections, as the mean of those that make a sample.
 *
 * A run that is not timed goes before them. Otherwise the collections of all lanes would lie between two runs of one,
 * and V8 would throw away more the more lanes there are.
 */
async function timeAfterCollections(lane: Lane): Promise<number> {
  let ns = 0;
  for (let run = 0; run < lane.repeats; run += 1) {
    await timeOnce(lane);
    globalThis.gc?.();
    await setImmediate(); // what is dead only since the turn of the event loop has ended goes with the second collection
    globalThis.gc?.();
    ns += await timeOnce(lane);
  }
  return ns / lane.repeats;
}

async function timeOnce({ workload, contender, run, expected }: Lane): Promise<number> {
  const start = process.hrtime.bigint();
  const result = run();
  const sum = typeof result === 'number' ? result : await result;
  const ns = Number(process.hrtime.bigint() - start);
  if (sum === expected) return ns;
  throw new Error(
    `${workload.name}: ${contender.name} computed ${String(sum)} instead of ${String(expected)}`,
  );
}
