import type { Contender, Workload } from './contender.js';
import type { ContenderTimes } from './contender-times.js';
import { numbersFor } from './measure-times.js';
import { runBenchFile } from './run-bench-file.js';
import { argumentsFor } from './settings.js';
import type { BenchSettings } from './settings.js';

/** What a contender did in a process that had done nothing before. */
export interface FirstRun {
  readonly ns: number;
  readonly sum: number;
}

/**
 * Times first runs, each in a fresh process; gives nanoseconds per item, round by round.
 *
 * A round has one process of each contender, and the next one starts with another contender.
 *
 * @throws Error when one computes something else than the floor.
 */
export async function measureFirstRuns(
  workloads: readonly Workload[],
  { processes }: BenchSettings,
): Promise<readonly ContenderTimes[]> {
  const lanes = workloads.flatMap((workload) =>
    workload.contenders.map((contender) => ({
      workload,
      contender,
      items: workload.items,
      samples: [] as number[],
    })),
  );
  const expected = new Map<Workload, number>();
  for (const workload of workloads) expected.set(workload, await sumOf(workload));
  for (let round = 0; round < processes; round += 1) {
    for (let index = 0; index < lanes.length; index += 1) {
      const lane = lanes[(index + round) % lanes.length];
      if (lane === undefined) continue;
      const { workload, contender, samples } = lane;
      const { ns, sum } = await runInFreshProcess(workload, contender);
      if (sum !== expected.get(workload)) {
        throw new Error(
          `${workload.name}: ${contender.name} computed ${String(sum)}, not what the floor does`,
        );
      }
      samples.push(ns / workload.items);
    }
  }
  return lanes;
}

/** The first run of a contender, in the process that has to do this only; what is made once is part of it. */
export async function timeFirstRun({ items }: Workload, { prepare }: Contender): Promise<FirstRun> {
  const numbers = numbersFor(items);
  const start = process.hrtime.bigint();
  const sum = await prepare(numbers)();
  return { ns: Number(process.hrtime.bigint() - start), sum };
}

async function sumOf({ name, items, contenders: [floor] }: Workload): Promise<number> {
  if (floor === undefined) throw new Error(`Nobody does the work of '${name}'`);
  return await floor.prepare(numbersFor(items))();
}

async function runInFreshProcess(workload: Workload, { name }: Contender): Promise<FirstRun> {
  const args = argumentsFor('first-run-of', { workload: workload.name, contender: name });
  return (await runBenchFile([], args)) as FirstRun;
}
