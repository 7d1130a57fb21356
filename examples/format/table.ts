/** A column of a text table; numbers read best on the right. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
}

const indent = '  ';

/** Lays rows out in aligned columns, under their titles. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, column) => {
        const cell = cells[column] ?? '';
        const width = widths[column] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(indent)
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  const rules = widths.map((width) => '─'.repeat(width));
  return [titles, rules, ...rows].map((cells) => indent + line(cells)).join('\n');
}

/** A whole number with thousands separators: `20,030`. */
export function whole(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A share in percent with one decimal: `19.4%`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
