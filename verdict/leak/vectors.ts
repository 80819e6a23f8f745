export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

/** Leaves of `a` what this share of `b` is not; in place. */
export function takeOut(a: Float64Array, b: ArrayLike<number>, share: number): void {
  for (let index = 0; index < a.length; index += 1) a[index] = (a[index] ?? 0) - share * (b[index] ?? 0);
}
