import { type Defect, type DefectOptions, repeat } from './defect.ts';
import { createHoard } from './hoard.ts';

const lookMs = 200;
/** A process that has not looked for so long was stopped, and is not only busy. */
const awayMsMin = 1_200;

/** Keeps some bytes each time that the process finds it was stopped for a while, as a recovery that forgets what it replaced does; up to the hoard's bound. */
export function leakPerFault({ amount }: DefectOptions, now: () => number = Date.now): Defect {
  const hoard = createHoard();
  return {
    start() {
      let looked = now();
      return repeat(lookMs, () => {
        const at = now();
        if (at - looked >= awayMsMin) hoard.keep(amount, 'beside-heap');
        looked = at;
      });
    },
  };
}
