import { measureInChild } from './allocation-child.js';
import type { Contender, State, Workload } from './contender.js';
import type { ContenderTimes } from './contender-times.js';
import { measureAllocation } from './measure-allocation.js';
import { measureFirstRuns, timeFirstRun } from './measure-first-runs.js';
import type { FirstRun } from './measure-first-runs.js';
import { measureTimes } from './measure-times.js';
import type { BenchReport, Figure, WorkloadReport } from './report.js';
import { readSettings } from './settings.js';
import type { BenchSettings, ContenderName } from './settings.js';
import { median, pairedRatio } from './statistics.js';

/** What a bench file measures. */
export interface Bench {
  readonly name: string;
  readonly workloads: (settings: BenchSettings) => Promise<readonly Workload[]> | readonly Workload[];
  /** Numbers beside the times, or made of them. */
  readonly figures?: (
    workloads: readonly WorkloadReport[],
    settings: BenchSettings,
  ) => Promise<readonly Figure[]> | readonly Figure[];
}

/**
 * Measures in this process and writes a {@link BenchReport} as JSON to standard output.
 *
 * The same file is the process that measures what one contender allocates, or its first run, if the arguments say so.
 */
export async function runBench({ name, workloads, figures }: Bench): Promise<void> {
  const settings = readSettings();
  const all = await workloads(settings);
  if (settings.allocationOf !== undefined) {
    const [workload, contender] = contenderOf(all, settings.allocationOf);
    write(await measureAllocation(workload, contender));
    return;
  }
  if (settings.firstRunOf !== undefined) {
    const [workload, contender] = contenderOf(all, settings.firstRunOf);
    write(await timeFirstRun(workload, contender));
    return;
  }
  const times = await measure(all, settings);
  const reports: WorkloadReport[] = [];
  for (const workload of all) reports.push(await reportOf(workload, times, settings));
  const report: BenchReport = {
    bench: name,
    workloads: reports,
    figures: (await figures?.(reports, settings)) ?? [],
  };
  write(report);
}

/** Times the workloads of one state after those of another: a full collection makes those cold that are to be warm. */
async function measure(
  all: readonly Workload[],
  settings: BenchSettings,
): Promise<readonly ContenderTimes[]> {
  const inState = (wanted: State): Workload[] => all.filter(({ state = 'warm' }) => state === wanted);
  return [
    ...(await measureTimes(inState('warm'), settings)),
    ...(await measureTimes(inState('collected'), settings)),
    ...(await measureFirstRuns(inState('first run'), settings)),
  ];
}

async function reportOf(
  workload: Workload,
  times: readonly ContenderTimes[],
  settings: BenchSettings,
): Promise<WorkloadReport> {
  const timesOf = (wanted: Contender | undefined): ContenderTimes | undefined =>
    times.find(({ workload: done, contender }) => done === workload && contender === wanted);
  const samplesOf = (contender: Contender | undefined): readonly number[] =>
    timesOf(contender)?.samples ?? [];
  const [floor] = workload.contenders;
  const [bestPeer] = workload.contenders
    .filter(({ role }) => role === 'peer')
    .sort((one, other) => median(samplesOf(one)) - median(samplesOf(other)));

  const { state = 'warm', goals = {} } = workload;
  const isAllocationWanted =
    workload.allocation ??
    (settings.allocation && state === 'warm' && settings.allocationIn?.includes(workload.name) !== false);
  const measurements = [];
  for (const contender of workload.contenders) {
    const samples = samplesOf(contender);
    measurements.push({
      contender: contender.name,
      role: contender.role,
      items: timesOf(contender)?.items ?? 0,
      samples,
      nsPerItem: median(samples),
      ratioToFloor: pairedRatio(samples, samplesOf(floor)),
      ratioToBestPeer: bestPeer === undefined ? null : pairedRatio(samples, samplesOf(bestPeer)),
      bytesPerItem: isAllocationWanted
        ? await measureInChild({ workload: workload.name, contender: contender.name })
        : null,
    });
  }
  return { workload: workload.name, state, goals, measurements };
}

function contenderOf(workloads: readonly Workload[], wanted: ContenderName): [Workload, Contender] {
  const workload = workloads.find(({ name }) => name === wanted.workload);
  const contender = workload?.contenders.find(({ name }) => name === wanted.contender);
  if (workload !== undefined && contender !== undefined) return [workload, contender];
  throw new Error(`Nobody is called '${wanted.contender}' in '${wanted.workload}'`);
}

function write(result: BenchReport | FirstRun | number | null): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
