import { measureInChild } from './allocation-child.js';
import type { Contender, Workload } from './contender.js';
import { measureAllocation } from './measure-allocation.js';
import { measureTimes } from './measure-times.js';
import type { BenchReport, Figure, WorkloadReport } from './report.js';
import { readSettings } from './settings.js';
import type { BenchSettings } from './settings.js';
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
 * The same file is the process that measures what one contender allocates, if the arguments say so.
 */
export async function runBench({ name, workloads, figures }: Bench): Promise<void> {
  const settings = readSettings();
  const all = await workloads(settings);
  if (settings.allocationOf !== undefined) {
    const [workload, contender] = contenderOf(all, settings.allocationOf);
    write(await measureAllocation(workload, contender));
    return;
  }
  const times = await measureTimes(all, settings);
  const reports: WorkloadReport[] = [];
  for (const workload of all) reports.push(await reportOf(workload, times, settings));
  const report: BenchReport = {
    bench: name,
    workloads: reports,
    figures: (await figures?.(reports, settings)) ?? [],
  };
  write(report);
}

async function reportOf(
  workload: Workload,
  times: Awaited<ReturnType<typeof measureTimes>>,
  settings: BenchSettings,
): Promise<WorkloadReport> {
  const samplesOf = (contender: Contender | undefined): readonly number[] =>
    (contender && times.get(contender)?.samples) ?? [];
  const [floor] = workload.contenders;
  const [bestPeer] = workload.contenders
    .filter(({ role }) => role === 'peer')
    .sort((one, other) => median(samplesOf(one)) - median(samplesOf(other)));

  const measurements = [];
  for (const contender of workload.contenders) {
    const samples = samplesOf(contender);
    const isWanted = workload.allocation ?? settings.allocation;
    measurements.push({
      contender: contender.name,
      role: contender.role,
      items: times.get(contender)?.items ?? 0,
      samples,
      nsPerItem: median(samples),
      ratioToFloor: pairedRatio(samples, samplesOf(floor)),
      ratioToBestPeer: bestPeer === undefined ? null : pairedRatio(samples, samplesOf(bestPeer)),
      bytesPerItem: isWanted ? await measureInChild(workload.name, contender.name, settings) : null,
    });
  }
  return { workload: workload.name, measurements };
}

function contenderOf(
  workloads: readonly Workload[],
  wanted: { readonly workload: string; readonly contender: string },
): [Workload, Contender] {
  const workload = workloads.find(({ name }) => name === wanted.workload);
  const contender = workload?.contenders.find(({ name }) => name === wanted.contender);
  if (workload !== undefined && contender !== undefined) return [workload, contender];
  throw new Error(`Nobody is called '${wanted.contender}' in '${wanted.workload}'`);
}

function write(result: BenchReport | number | null): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
