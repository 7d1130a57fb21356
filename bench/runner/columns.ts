/** Aligns rows in columns: a letter for each column, `l` for left and `r` for right. */
export function alignColumns(rows: readonly (readonly string[])[], sides: string): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const aligned = (cell: string, column: number): string =>
    sides[column] === 'r' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(aligned).join('  ').trimEnd()).join('\n');
}

/** A ratio with its goal beside it, for those that have one. */
export function ratioText(ratio: number, goal: number | undefined): string {
  return `${rounded(ratio)}×${goal === undefined ? '' : ` (goal ${goalText(goal)})`}`;
}

/** A goal as it was set, without decimals that say nothing. */
export function goalText(goal: number): string {
  return String(Number(goal.toPrecision(3)));
}

/** Three significant digits at least, and no decimals from 100 on. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
