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

/** Three significant digits at least, and no decimals from 100 on. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
