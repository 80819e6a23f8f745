import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { type Defect, type DefectOptions, repeat } from './defect.ts';

/** Half of what a process may usually have open. */
const descriptorsMax = 500;

/** Opens files and never closes them; at most five hundred, so that the process can go on accepting connections. */
export function descriptorLeak({ amount }: DefectOptions): Defect {
  return {
    start() {
      const open: number[] = [];
      const end = repeat(60_000 / amount, () => {
        if (open.length < descriptorsMax) open.push(openSync(devNull, 'r'));
      });
      return () => {
        end();
        for (const descriptor of open.splice(0)) closeSync(descriptor);
      };
    },
  };
}
