export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

/** `a` without this share of `b`. */
export const minus = (a: readonly number[], b: readonly number[], share: number): number[] =>
  a.map((value, index) => value - share * (b[index] ?? 0));
