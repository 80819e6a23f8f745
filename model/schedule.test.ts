import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueIterations, plannedUsers, type Stage, totalLoadMs } from './load-plan.ts';
import {
  type Changed,
  changeOffsetMs,
  endLoad,
  extendLoad,
  isPausedAt,
  movedOffsetMs,
  pauseLoad,
  pauseMsMax,
  pausesOf,
  resumeLoad,
  scaleLoad,
  scaleRate,
} from './schedule.ts';

const spawnRatePerSecond = 5;
const stagesOf = (users: number, rampSeconds: number, holdSeconds: number): Stage[] => [
  { name: 'ramp', durationMs: rampSeconds * 1_000, usersFrom: 0, usersTo: users },
  { name: 'hold', durationMs: holdSeconds * 1_000, usersFrom: users, usersTo: users },
];

function made(changed: Changed): Stage[] {
  if ('problem' in changed) throw new Error(changed.problem);
  return changed.stages;
}

const pausedFor = (stages: readonly Stage[], offsetMs: number, seconds: number): Stage[] => {
  const paused = made(pauseLoad({ stages, offsetMs, spawnRatePerSecond }));
  return made(resumeLoad({ stages: paused, offsetMs: offsetMs + seconds * 1_000, spawnRatePerSecond }));
};

/** What is due in each second; of those that were planned, without what was inserted. */
function dueSeconds(stages: readonly Stage[]): { all: number[]; planned: number[]; paused: number[] } {
  const [all, planned, paused]: [number[], number[], number[]] = [[], [], []];
  let beginsMs = 0;
  for (const stage of stages) {
    for (let at = beginsMs; at < beginsMs + stage.durationMs; at += 1_000) {
      const due = plannedUsers({ stages: [...stages] }, at);
      all.push(due);
      if (stage.inserted === undefined) planned.push(due);
      if (stage.inserted === 'pause') paused.push(due);
    }
    beginsMs += stage.durationMs;
  }
  return { all, planned, paused };
}

const anySchedule = fc.record({
  users: fc.integer({ min: 1, max: 200 }),
  ramp: fc.integer({ min: 1, max: 30 }),
  hold: fc.integer({ min: 1, max: 60 }),
});
const total = (stages: readonly Stage[]): number => totalLoadMs({ stages: [...stages] });

describe('endLoad', () => {
  it('leaves every second before the change as it was, and none behind it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 58 }), fc.integer({ min: 1, max: 50 }), (seconds, users) => {
        const stages = stagesOf(users, 10, 50);
        const ended = made(endLoad({ stages, offsetMs: seconds * 1_000 }));
        expect(totalLoadMs({ stages: ended })).toBe(seconds * 1_000);
        expect(dueSeconds(ended).all).toEqual(dueSeconds(stages).all.slice(0, seconds));
      }),
    );
  });

  it('ends nothing that is at its end, or has not begun', () => {
    expect(endLoad({ stages: stagesOf(5, 10, 50), offsetMs: 60_000 })).toEqual({ problem: 'the load is at its end' });
    expect(endLoad({ stages: stagesOf(5, 10, 50), offsetMs: 0 })).toHaveProperty('problem');
  });
});

describe('a paused load', () => {
  it('wants what the plan wanted, second by second, only later; and nothing while it is paused', () => {
    fc.assert(
      fc.property(anySchedule, fc.nat(), fc.integer({ min: 1, max: 100 }), ({ users, ramp, hold }, at, seconds) => {
        const stages = stagesOf(users, ramp, hold);
        const offsetMs = (at % (ramp + hold)) * 1_000;
        const after = pausedFor(stages, offsetMs, seconds);
        const due = dueSeconds(after);
        expect(due.planned).toEqual(dueSeconds(stages).all);
        expect(due.paused).toEqual(Array.from({ length: seconds }, () => 0));
      }),
    );
  });

  it('ends later by the pause and the way back at the spawn rate', () => {
    fc.assert(
      fc.property(anySchedule, fc.nat(), fc.integer({ min: 1, max: 100 }), ({ users, ramp, hold }, at, seconds) => {
        const stages = stagesOf(users, ramp, hold);
        const offsetMs = (at % (ramp + hold)) * 1_000;
        const back = Math.ceil(usersAt(stages, offsetMs) / spawnRatePerSecond) * 1_000;
        expect(total(pausedFor(stages, offsetMs, seconds))).toBe(total(stages) + seconds * 1_000 + back);
      }),
    );
  });

  it('can be paused and resumed over and over without losing a user-second', () => {
    const stages = stagesOf(20, 4, 40);
    const often = [2, 9, 15, 21, 40].reduce((now, second) => pausedFor(now, second * 1_000, 3), stages);
    expect(dueSeconds(often).planned).toEqual(dueSeconds(stages).all);
    expect(pausesOf(often, 1_000_000)).toHaveLength(5);
  });

  it('goes on by itself after a day, because the engines need nobody', () => {
    const paused = made(pauseLoad({ stages: stagesOf(20, 4, 40), offsetMs: 10_000, spawnRatePerSecond }));
    expect(isPausedAt(paused, 10_000 + pauseMsMax - 1)).toBe(true);
    expect(plannedUsers({ stages: paused }, 10_000 + pauseMsMax + 4_000)).toBe(20);
  });

  it('moves what is planned for later, and nothing that came before', () => {
    const after = pausedFor(stagesOf(20, 4, 40), 10_000, 7);
    expect(movedOffsetMs(after, 9_999)).toBe(9_999);
    expect(movedOffsetMs(after, 10_000)).toBe(10_000 + 7_000 + 4_000);
    expect(movedOffsetMs(after, 30_000)).toBe(30_000 + 7_000 + 4_000);
  });

  it('is neither paused again, nor resumed twice, nor paused at its end', () => {
    const stages = stagesOf(20, 4, 40);
    const paused = made(pauseLoad({ stages, offsetMs: 10_000, spawnRatePerSecond }));
    const at = (offsetMs: number, of: readonly Stage[]) => ({ stages: of, offsetMs, spawnRatePerSecond });
    expect(pauseLoad(at(11_000, paused))).toEqual({ problem: 'the load is paused already' });
    expect(resumeLoad(at(11_000, stages))).toEqual({ problem: 'the load is not paused' });
    expect(pauseLoad(at(44_000, stages))).toEqual({ problem: 'the load is at its end' });
  });

  it('has a hundred stages at most', () => {
    let stages = stagesOf(20, 4, 400);
    let refused: string | undefined;
    for (let second = 5; refused === undefined && second < 400; second += 5) {
      const changed = pauseLoad({ stages, offsetMs: second * 1_000, spawnRatePerSecond });
      if ('problem' in changed) refused = changed.problem;
      else stages = made(resumeLoad({ stages: changed.stages, offsetMs: second * 1_000 + 1_000, spawnRatePerSecond }));
    }
    expect(stages.length).toBeLessThanOrEqual(100);
    expect(refused).toContain('at most 100 stages');
  });
});

const usersAt = (stages: readonly Stage[], offsetMs: number): number => {
  const [ramp] = stages;
  if (ramp === undefined) return 0;
  return offsetMs >= ramp.durationMs ? ramp.usersTo : (ramp.usersTo * offsetMs) / ramp.durationMs;
};

describe('a scaled load', () => {
  it('goes from where it is to what is wanted at the spawn rate, and stays; its end stays', () => {
    fc.assert(
      fc.property(anySchedule, fc.nat(), fc.integer({ min: 1, max: 400 }), ({ users, ramp, hold }, at, wanted) => {
        const stages = stagesOf(users, ramp, hold);
        const offsetMs = (at % (ramp + hold)) * 1_000;
        const scaled = made(scaleLoad({ stages, offsetMs, spawnRatePerSecond }, wanted));
        const before = dueSeconds(stages).all;
        const after = dueSeconds(scaled).all;
        expect(total(scaled)).toBe(total(stages));
        expect(after.slice(0, offsetMs / 1_000)).toEqual(before.slice(0, offsetMs / 1_000));
        for (let second = offsetMs / 1_000 + 1; second < after.length; second += 1) {
          expect(Math.abs((after[second] ?? 0) - (after[second - 1] ?? 0))).toBeLessThanOrEqual(spawnRatePerSecond + 1);
        }
        const arrived = offsetMs / 1_000 + Math.ceil(Math.abs(wanted - usersAt(stages, offsetMs)) / spawnRatePerSecond);
        expect(after.slice(arrived).every((due) => due === wanted)).toBe(true);
      }),
    );
  });

  it('changes what comes after the pause when it is paused', () => {
    const paused = made(pauseLoad({ stages: stagesOf(20, 4, 40), offsetMs: 10_000, spawnRatePerSecond }));
    const scaled = made(scaleLoad({ stages: paused, offsetMs: 12_000, spawnRatePerSecond }, 10));
    expect(isPausedAt(scaled, 12_000)).toBe(true);
    const resumed = made(resumeLoad({ stages: scaled, offsetMs: 15_000, spawnRatePerSecond }));
    expect(dueSeconds(resumed).all.slice(10, 19)).toEqual([0, 0, 0, 0, 0, 0, 5, 10, 10]);
  });
});

describe('an extended load', () => {
  it('goes on for longer with as many users as at its end', () => {
    const stages = made(extendLoad({ stages: stagesOf(20, 4, 40), offsetMs: 10_000, spawnRatePerSecond }, 5_500));
    expect(total(stages)).toBe(50_000);
    expect(plannedUsers({ stages }, 49_000)).toBe(20);
    const ramp = made(
      extendLoad({ stages: stagesOf(20, 4, 40).slice(0, 1), offsetMs: 1_000, spawnRatePerSecond }, 5_000),
    );
    expect(dueSeconds(ramp).all).toEqual([0, 5, 10, 15, 20, 20, 20, 20, 20]);
  });

  it('is not extended without bound, nor once it is over', () => {
    const change = { stages: stagesOf(20, 4, 40), offsetMs: 10_000, spawnRatePerSecond };
    expect(extendLoad(change, 31 * 86_400_000)).toEqual({ problem: 'a load lasts 30 days at most' });
    expect(extendLoad({ ...change, offsetMs: 44_000 }, 1_000)).toEqual({ problem: 'the load is at its end' });
  });
});

describe('the moment of a change', () => {
  it('is the beginning of a second of the schedule, half a second to one and a half from now', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e6 }), (startsAt, elapsed) => {
        const offsetMs = changeOffsetMs(startsAt, startsAt + elapsed);
        expect(offsetMs % 1_000).toBe(0);
        expect(offsetMs - elapsed).toBeGreaterThanOrEqual(500);
        expect(offsetMs - elapsed).toBeLessThan(1_500);
      }),
    );
  });
});

const ratesOf = (rate: number, rampSeconds: number, holdSeconds: number): Stage[] =>
  stagesOf(0, rampSeconds, holdSeconds).map((stage, index) => {
    return { ...stage, usersFrom: 10, usersTo: 10, ratePerSecondFrom: index === 0 ? 0 : rate, ratePerSecondTo: rate };
  });

/** Iterations due in each second; of those that were planned, without what was inserted. */
function dueIterationsOf(stages: readonly Stage[]): { all: number[]; planned: number[] } {
  const plan = { stages: [...stages] };
  const all = Array.from({ length: total(stages) / 1_000 }, (_, second) =>
    dueIterations(plan, second * 1_000, second * 1_000 + 1_000),
  );
  const pauses = pausesOf(stages, 0);
  const planned = all.filter(
    (_, second) => !pauses.some(({ from, to }) => second * 1_000 >= from && second * 1_000 < to),
  );
  return { all, planned };
}
const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe('a load whose iterations begin at a rate', () => {
  const change = (stages: readonly Stage[], offsetMs: number) => ({ stages, offsetMs, spawnRatePerSecond });

  it('has nothing due while it is paused, then what was due without the pause; and needs no way back', () => {
    fc.assert(
      fc.property(
        anySchedule,
        fc.nat(),
        fc.integer({ min: 1, max: 100 }),
        ({ users: rate, ramp, hold }, at, seconds) => {
          const stages = ratesOf(rate, ramp, hold);
          const offsetMs = (at % (ramp + hold)) * 1_000;
          const after = pausedFor(stages, offsetMs, seconds);
          expect(total(after)).toBe(total(stages) + seconds * 1_000);
          expect(dueIterationsOf(after).planned).toEqual(dueIterationsOf(stages).all);
          expect(dueIterations({ stages: after }, offsetMs, offsetMs + seconds * 1_000)).toBe(0);
        },
      ),
    );
  });

  it('loses no iteration to pauses, however many', () => {
    const stages = ratesOf(17, 5, 60);
    const often = [2, 9, 15, 21, 40].reduce((now, second) => pausedFor(now, second * 1_000, 3), stages);
    expect(dueIterationsOf(often).planned).toEqual(dueIterationsOf(stages).all);
  });

  it('goes to another rate at once, with users for it, and keeps what came before and its end', () => {
    fc.assert(
      fc.property(
        anySchedule,
        fc.nat(),
        fc.integer({ min: 1, max: 400 }),
        ({ users: rate, ramp, hold }, at, wanted) => {
          const stages = ratesOf(rate, ramp, hold);
          const second = at % (ramp + hold);
          const scaled = made(scaleRate(change(stages, second * 1_000), wanted, 25));
          const [before, after] = [dueIterationsOf(stages).all, dueIterationsOf(scaled).all];
          expect(total(scaled)).toBe(total(stages));
          expect(after.slice(0, second)).toEqual(before.slice(0, second));
          expect(Math.abs(sumOf(after.slice(second)) - wanted * (ramp + hold - second))).toBeLessThanOrEqual(1);
          expect(scaled.at(-1)).toMatchObject({ usersFrom: 25, usersTo: 25 });
        },
      ),
    );
  });

  it('changes what comes after the pause when it is paused, and keeps a larger pool', () => {
    const paused = made(pauseLoad(change(ratesOf(20, 4, 40), 10_000)));
    const scaled = made(scaleRate(change(paused, 12_000), 5, 2));
    const resumed = made(resumeLoad(change(scaled, 15_000)));
    expect(dueIterationsOf(resumed).all.slice(9, 17)).toEqual([20, 0, 0, 0, 0, 0, 5, 5]);
    expect(resumed.at(-1)).toMatchObject({ usersTo: 10 });
    expect(scaleRate(change(paused, total(paused)), 5, 2)).toEqual({ problem: 'the load is at its end' });
  });

  it('is extended at the rate of its end', () => {
    const ramp = ratesOf(20, 4, 40).slice(0, 1);
    expect(dueIterationsOf(made(extendLoad(change(ramp, 1_000), 2_000))).all).toEqual([3, 7, 13, 17, 20, 20]);
    expect(made(extendLoad(change(ratesOf(20, 4, 40), 1_000), 2_000))).toHaveLength(2);
  });
});
