import { type Defect, type DefectOptions, repeat } from './defect.ts';
import { createHoard } from './hoard.ts';

/** Keeps some bytes on the heap each second, whatever is asked of it, as a register of everything that ever was does; up to the hoard's bound. */
export function leakByTimer({ amount }: DefectOptions): Defect {
  const hoard = createHoard();
  return {
    start: () =>
      repeat(1_000, () => {
        hoard.keep(amount, 'on-heap');
      }),
  };
}
