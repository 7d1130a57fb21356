import type { BenchReport, Figure, Measurement, WorkloadReport } from '../harness/report.js';

const titles = ['ns/item', 'to floor', 'to best peer', 'bytes/item', 'least to most ns'];
const nothing = '–';

/** A report as text: a table per workload, and the figures below. */
export function formatReport({ workloads, figures }: BenchReport): string {
  return [...workloads.map(formatWorkload), ...(figures.length === 0 ? [] : [formatFigures(figures)])].join(
    '\n\n',
  );
}

function formatWorkload({ workload, measurements }: WorkloadReport): string {
  return alignColumns([[workload, ...titles], ...measurements.map(cellsOf)]);
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
  return alignColumns(
    figures.map(({ name, value, unit, note }) => [
      name,
      `${rounded(value)}${unit === '' || unit === '%' ? unit : ` ${unit}`}`,
      ...(note === undefined ? [] : [note]),
    ]),
  );
}

/** Aligns the first column left and the others right; a third column of a note stays as it is. */
function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three significant digits at least, and no decimals above 100. */
function rounded(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
