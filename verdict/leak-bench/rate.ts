/** A share that was counted, and where the true one is, with 95 %: Wilson (1927). */
export interface Rate {
  readonly count: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
}

const z = 1.959_963_984_540_054;

export function rateOf(count: number, of: number): Rate {
  if (of === 0) return { count, of, low: 0, high: 1 };
  const share = count / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const reach = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { count, of, low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}
