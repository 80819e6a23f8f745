import { collectEvery } from '../collector.ts';
import type { Defect, DefectOptions } from './defect.ts';

/** Collects all garbage over and over, as a heap that is always at its limit does; it keeps nothing. */
export function gcStorm({ amount }: DefectOptions): Defect {
  return { start: () => collectEvery(1_000 / amount) };
}
