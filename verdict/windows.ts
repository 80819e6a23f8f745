/** A stretch of time, [from, to), in milliseconds since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export const overlaps = (window: Window, from: number, to: number): boolean => window.from < to && window.to > from;

/** Length of the union: what two windows share counts once. */
export function unionMs(windows: readonly Window[]): number {
  let total = 0;
  let reached = -Infinity;
  for (const { from, to } of [...windows].sort((a, b) => a.from - b.from)) {
    const begins = Math.max(from, reached);
    if (to > begins) total += to - begins;
    reached = Math.max(reached, to);
  }
  return total;
}

/** The parts of the windows that lie in none of `others`. */
export function subtractWindows<T extends Window>(windows: readonly T[], others: readonly Window[]): T[] {
  return others.reduce<T[]>(
    (rest, { from, to }) =>
      rest.flatMap((window) => [
        ...clipWindows([window], { from: -Infinity, to: from }),
        ...clipWindows([window], { from: to, to: Infinity }),
      ]),
    [...windows],
  );
}

/** The parts of the windows that lie within `bounds`; what lies outside is cut off. */
export function clipWindows<T extends Window>(windows: readonly T[], bounds: Window): T[] {
  return windows
    .map((window) => ({ ...window, from: Math.max(window.from, bounds.from), to: Math.min(window.to, bounds.to) }))
    .filter(({ from, to }) => to > from);
}
