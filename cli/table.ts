/** Columns padded to their widest cell, two spaces apart; cells that hold a number only are set to the right. No trailing blanks. */
export function renderTable(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map((row) => `${indent}${row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

const pad = (cell: string, width: number): string =>
  /^[\d,.]+( (B|KB|MB|GB|TB|ms|s|%))?$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
