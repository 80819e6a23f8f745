/**
 * The candidate that `given` was probably meant to be: at most two edits away (insert, delete, replace, swap neighbours)
 * and no more than a third of its length, rounded; undefined when nothing is near. Case does not count.
 */
export function nearestWord(given: string, candidates: readonly string[]): string | undefined {
  const wanted = given.toLowerCase().slice(0, lengthMax);
  let nearest: { word: string; edits: number } | undefined;
  for (const word of candidates) {
    const edits = editDistance(wanted, word.toLowerCase());
    if (edits > Math.min(2, Math.max(1, Math.floor((word.length + 1) / 3)))) continue;
    if (nearest === undefined || edits < nearest.edits) nearest = { word, edits };
  }
  return nearest?.word;
}

const lengthMax = 64;

/** Optimal string alignment: Levenshtein, with a swap of two neighbours as one edit. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    const edits = [row];
    rows.push(edits);
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = cell(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1] && row > 1 && column > 1;
      const swapped = isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      edits.push(Math.min(cell(row - 1, column) + 1, cell(row, column - 1) + 1, replaced, swapped));
    }
  }
  return cell(from.length, to.length);
}
