import { describe, expect, it } from 'vitest';
import { readBenchOrder } from './bench-order.ts';

const read = (operands: string[], flags: Record<string, string | number | string[]> = {}) =>
  readBenchOrder({ operands, flags, problems: [] });

describe('what is benched', () => {
  it('has defaults for each subject', () => {
    expect(read(['seed'])).toEqual({
      order: { what: 'seed', seed: { wave: 'enterprise', rows: 4_000_000, rounds: 3 } },
      problems: [],
    });
    expect(read(['load'])).toEqual({
      order: { what: 'load', load: { seconds: 4, rounds: 5, connections: 64, only: [] } },
      problems: [],
    });
    expect(read(['load'], { endurance: '30m' })).toEqual({
      order: { what: 'endurance', endurance: { connections: 64, minutes: 30 } },
      problems: [],
    });
  });

  it('names everything that is wrong', () => {
    expect(read(['lunch']).problems).toEqual(['WHAT: there is a bench for seed and one for load']);
    expect(read(['seed'], { seconds: 1 }).problems).toEqual([
      '--seconds: soak bench seed has no such flag; it is of soak bench load',
    ]);
    expect(read(['load'], { rows: 10_000, rounds: 0, only: ['wrk', 'ab'], endurance: '90s' }).problems).toEqual([
      '--rows: soak bench load has no such flag; it is of soak bench seed',
      '--rounds: given 0; it must be a whole number from 1 to 21',
      expect.stringContaining('--only: given ab; allowed are soakwave, undici, wrk'),
      '--endurance: given 90s; it must be whole minutes from 1m to 24h',
    ]);
  });
});
