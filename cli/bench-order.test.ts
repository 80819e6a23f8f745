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

  it('has a bench of the analysis, of one length', () => {
    const analysis = { hours: 48, processes: 20, requestsPerSecond: 1_000, seed: 1 };
    expect(read(['analysis'])).toEqual({ order: { what: 'analysis', analysis }, problems: [] });
    expect(read(['analysis'], { hours: ['24', '48'] }).problems).toEqual([
      '--hours: given 24,48; it must be one whole number from 1 to 720',
    ]);
  });

  it('has a bench of the verdict', () => {
    const verdict = { hours: [1, 4, 24, 48], series: 20, runs: 2, leaks: 1, seed: 1 };
    expect(read(['verdict'])).toEqual({ order: { what: 'verdict', verdict }, problems: [] });
    const asked = read(['verdict'], { hours: ['24'], series: 0, runs: 300, keep: 'runs.ndjson' });
    const order = { ...verdict, hours: [24], series: 0, runs: 300, keep: 'runs.ndjson' };
    expect(asked).toEqual({ order: { what: 'verdict', verdict: order }, problems: [] });
    expect(read(['verdict'], { hours: ['x'], rows: 10_000 }).problems).toEqual([
      '--rows: soak bench verdict has no such flag; it is of soak bench seed',
      '--hours: given x; lengths are numbers from 0.1 to 8760',
    ]);
  });

  it('has a bench of sampling, which shares some flags with that of load', () => {
    const sampling = { processes: 20, pages: 4, pairs: 10, seconds: 4, connections: 256 };
    expect(read(['sampling'])).toEqual({ order: { what: 'sampling', sampling }, problems: [] });
    expect(read(['sampling'], { seconds: 2, processes: 5, connections: 8 })).toEqual({
      order: { what: 'sampling', sampling: { ...sampling, seconds: 2, processes: 5, connections: 8 } },
      problems: [],
    });
    expect(read(['sampling'], { processes: 3, pages: 5 }).problems).toEqual([
      '--pages: 5 of 3 processes cannot have a page',
    ]);
    expect(read(['sampling'], { pairs: 1, rounds: 3, hours: ['1'] }).problems).toEqual([
      '--rounds: soak bench sampling has no such flag; it is of soak bench seed and load',
      '--hours: soak bench sampling has no such flag; it is of soak bench verdict and analysis',
      '--pairs: given 1; it must be a whole number from 2 to 1000',
    ]);
  });

  it('names everything that is wrong', () => {
    expect(read(['lunch']).problems).toEqual(['WHAT: there is a bench for seed, load, verdict, sampling or analysis']);
    expect(read(['seed'], { seconds: 1 }).problems).toEqual([
      '--seconds: soak bench seed has no such flag; it is of soak bench load and sampling',
    ]);
    expect(read(['load'], { rows: 10_000, rounds: 0, only: ['wrk', 'ab'], endurance: '90s' }).problems).toEqual([
      '--rows: soak bench load has no such flag; it is of soak bench seed',
      '--rounds: given 0; it must be a whole number from 1 to 21',
      expect.stringContaining('--only: given ab; allowed are soakwave, undici, wrk'),
      '--endurance: given 90s; it must be whole minutes from 1m to 24h',
    ]);
  });
});
