import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueIterations, plannedRate, type Stage, totalLoadMs } from './load-plan.ts';
import { headOf, offerProbe, offersRate } from './probe-stages.ts';
import { pauseLoad, resumeLoad } from './schedule.ts';

const resting: Stage[] = [
  { name: 'rest', durationMs: 300_000, usersFrom: 200, usersTo: 200, ratePerSecondFrom: 2, ratePerSecondTo: 2 },
];
const change = { number: 1, settleMs: 5_000, restRatePerSecond: 2 };
const offered = (stages: readonly Stage[], [offsetMs, ratePerSecond, number = 1]: readonly number[]): Stage[] => {
  const step = { ratePerSecond: ratePerSecond ?? 1, measureMs: 20_000 };
  const made = offerProbe({ ...change, stages, offsetMs: offsetMs ?? 0, number }, step);
  if ('problem' in made) throw new Error(made.problem);
  return made.stages;
};

describe('a schedule with a probe', () => {
  it('rises to its rate, holds it while it settles and is measured, and rests to the end, which stays', () => {
    const stages = offered(resting, [10_000, 80]);
    expect(stages.map(({ name, durationMs, ratePerSecondTo }) => [name, durationMs, ratePerSecondTo])).toEqual([
      ['rest', 10_000, 2],
      ['rise-1', 2_000, 80],
      ['probe-1', 23_000, 80],
      ['rest-1', 265_000, 2],
    ]);
    expect(stages.every(({ usersFrom, usersTo }) => usersFrom === 200 && usersTo === 200)).toBe(true);
    expect(plannedRate({ stages }, 11_000)).toBe(41);
    expect(offersRate(stages, { ratePerSecond: 80, fromMs: 15_000, toMs: 35_000 })).toBe(true);
    expect(offersRate(stages, { ratePerSecond: 80, fromMs: 15_000, toMs: 36_000 })).toBe(false);
    expect(offersRate(stages, { ratePerSecond: 79, fromMs: 15_000, toMs: 35_000 })).toBe(false);
  });

  it('never changes what is over: the ledger of the past stays what it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 500 })), { maxLength: 9 }),
        (probes) => {
          let stages = resting;
          let offsetMs = 0;
          for (const [index, [gapSeconds, rate]] of probes.entries()) {
            offsetMs += gapSeconds * 1_000;
            const made = offerProbe(
              { ...change, stages, offsetMs, number: index + 1 },
              { ratePerSecond: rate, measureMs: 20_000 },
            );
            if ('problem' in made) return;
            expect(dueIterations(made, 0, offsetMs)).toBe(dueIterations({ stages }, 0, offsetMs));
            expect(totalLoadMs(made)).toBe(300_000);
            stages = made.stages;
          }
        },
      ),
    );
  });

  it('has no room for a probe that goes beyond its end, nor for a hundred stages', () => {
    const atEnd = { ...change, stages: resting, offsetMs: 280_000 };
    expect(offerProbe(atEnd, { ratePerSecond: 80, measureMs: 20_000 })).toEqual({ problem: 'the load is at its end' });
    let stages = resting.map((stage) => ({ ...stage, durationMs: 3_600_000 }));
    for (let number = 1; number <= 33; number += 1) stages = offered(stages, [number * 40_000, 80, number]);
    expect(
      offerProbe({ ...change, stages, offsetMs: 34 * 40_000 }, { ratePerSecond: 1, measureMs: 1_000 }),
    ).toHaveProperty('problem');
  });

  it('does not offer a probe any more that a pause has cut off, and does again after it', () => {
    const stages = offered(resting, [10_000, 80]);
    const probe = { ratePerSecond: 80, fromMs: 15_000, toMs: 35_000 };
    const paused = pauseLoad({ stages, offsetMs: 20_000, spawnRatePerSecond: 50 });
    if ('problem' in paused) throw new Error(paused.problem);
    expect(offersRate(paused.stages, probe)).toBe(false);
    const resumed = resumeLoad({ stages: paused.stages, offsetMs: 60_000, spawnRatePerSecond: 50 });
    if ('problem' in resumed) throw new Error(resumed.problem);
    const again = offered(resumed.stages, [62_000, 40, 2]);
    expect(offersRate(again, { ratePerSecond: 40, fromMs: 67_000, toMs: 87_000 })).toBe(true);
    expect(Math.max(...again.map(({ usersTo }) => usersTo))).toBe(200);
  });

  it('ends where it is told to', () => {
    const head = headOf(offered(resting, [10_000, 80]), 11_000);
    expect(totalLoadMs({ stages: head })).toBe(11_000);
    expect(head.at(-1)).toMatchObject({ name: 'rise-1', durationMs: 1_000, ratePerSecondTo: 41 });
  });
});
