import type { Goals } from '../harness/goals.js';
import type { BenchReport, Figure, Measurement, WorkloadReport } from '../harness/report.js';
import { alignColumns, goalText, ratioText, rounded } from './columns.js';

const titles = ['ns/item', 'to floor', 'to best peer', 'bytes/item', 'least to most ns'];
const nothing = '–';

/** A report as text: a table per workload, and the figures below. */
export function formatReport({ workloads, figures }: BenchReport): string {
  return [...workloads.map(formatWorkload), ...(figures.length === 0 ? [] : [formatFigures(figures)])].join(
    '\n\n',
  );
}

function formatWorkload({ workload, goals, measurements }: WorkloadReport): string {
  const rows = measurements.map((measurement) =>
    cellsOf(measurement, measurement.contender === 'heirline' ? goals : {}),
  );
  return alignColumns([[workload, ...titles], ...rows], 'lrrrrr');
}

function cellsOf(measurement: Measurement, goals: Goals): string[] {
  const { contender, role, nsPerItem, ratioToFloor, ratioToBestPeer, bytesPerItem, samples } = measurement;
  return [
    `  ${contender}${role === 'floor' ? ' (by hand)' : ''}`,
    rounded(nsPerItem),
    ratioText(ratioToFloor, goals.toFloor),
    ratioToBestPeer === null ? nothing : ratioText(ratioToBestPeer, goals.toBestPeer),
    bytesPerItem === null ? nothing : rounded(bytesPerItem),
    `${rounded(Math.min(...samples))} to ${rounded(Math.max(...samples))}`,
  ];
}

function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, goal, note = '' }) => [
    name,
    unit === '' ? String(value) : rounded(value),
    unit,
    goal === undefined ? '' : `goal ${goalText(goal)}`,
    note,
  ]);
  return alignColumns(rows, 'lrlll');
}
