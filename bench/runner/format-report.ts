import type { BenchReport, Figure, Measurement, WorkloadReport } from '../harness/report.js';
import { alignColumns, rounded } from './columns.js';

const titles = ['ns/item', 'to floor', 'to best peer', 'bytes/item', 'least to most ns'];
const nothing = '–';

/** A report as text: a table per workload, and the figures below. */
export function formatReport({ workloads, figures }: BenchReport): string {
  return [...workloads.map(formatWorkload), ...(figures.length === 0 ? [] : [formatFigures(figures)])].join(
    '\n\n',
  );
}

function formatWorkload({ workload, measurements }: WorkloadReport): string {
  return alignColumns([[workload, ...titles], ...measurements.map(cellsOf)], 'lrrrrr');
}

function cellsOf(measurement: Measurement): string[] {
  const { contender, role, nsPerItem, ratioToFloor, ratioToBestPeer, bytesPerItem, samples } = measurement;
  return [
    `  ${contender}${role === 'floor' ? ' (by hand)' : ''}`,
    rounded(nsPerItem),
    `${rounded(ratioToFloor)}×`,
    ratioToBestPeer === null ? nothing : `${rounded(ratioToBestPeer)}×`,
    bytesPerItem === null ? nothing : rounded(bytesPerItem),
    `${rounded(Math.min(...samples))} to ${rounded(Math.max(...samples))}`,
  ];
}

function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, note = '' }) => [
    name,
    unit === '' ? String(value) : rounded(value),
    unit,
    note,
  ]);
  return alignColumns(rows, 'lrll');
}
