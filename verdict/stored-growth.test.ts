import { describe, expect, it } from 'vitest';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { planLeakWatch } from '#model/leak-watch.ts';
import { metrics } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import { leakRules } from './leak-rule.ts';
import { createLowFold } from './low-fold.ts';
import type { JudgeInput } from './rule.ts';
import { isStoredAsked } from './stored-growth.ts';

const hourMs = 3_600_000;
const startsAt = 1_750_000_000_000;
const load = { from: startsAt, to: startsAt + 24 * hourMs };

const steady = {
  promises: ['memory-leak', 'stationary'],
  load: {
    ...{ model: 'closed', virtualUsers: 20, liveObjectsMax: 20 },
    stages: [{ name: 'hold', durationMs: 24 * hourMs, usersFrom: 20, usersTo: 20 }],
  },
} as unknown as Plan;

interface Stored {
  /** More of each an hour. */
  readonly rows?: number;
  readonly keys?: number;
  /** How many there are at first, and by how many keys come and go. */
  readonly held?: number;
  readonly wobble?: number;
  /** Of the rows that are inserted, what the server believes to be there. */
  readonly liveShare?: number;
  readonly indeterminate?: number;
  readonly engineDeaths?: number;
  readonly without?: readonly string[];
  readonly plan?: Plan;
  readonly checkpoint?: number;
}

/** A day of a gateway, a table and a cache, in which users take what they may hold in the first minutes. */
function storedOf({ rows = 0, keys = 0, held = 5_000, wobble = 10, liveShare = 1, ...rest }: Stored) {
  const { indeterminate = 0, engineDeaths = 0, without = [], plan = steady, checkpoint } = rest;
  const fold = createLowFold({ load, intervalMs: 1_000, isAsked: () => true, isStoredAsked: true });
  const livePoints: [number, number][] = [];
  // Keys live for ten minutes.
  let away = 0;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const [at, hours, noise] = [startsAt + minute * 60_000, minute / 60, ((minute * 37) % 11) - 5];
    away = 0.9 * away + (noise * wobble) / 8;
    const grown = Math.min(400, minute * 80) + Math.floor(rows * hours);
    livePoints.push([at, held + grown * liveShare]);
    const values = {
      gateway: { [metrics.rssBytes]: 150e6 + noise * 1e6 },
      postgres: { 'table[gateway.tools]_net_rows': grown + noise, 'table[gateway.tools]_rows': held, [metrics.rssBytes]: minute * 1e6 }, // prettier-ignore
      redis: { [metrics.redisKeys]: 20_000 + Math.floor(keys * hours) + Math.round(away), [metrics.rssBytes]: minute * 1e6 }, // prettier-ignore
    };
    fold.add({ kind: 'sample', at, role: 'gateway-1', incarnation: 1, values: values.gateway });
    for (const role of ['postgres', 'redis'] as const)
      if (!without.includes(role)) fold.add({ kind: 'sample', at, role, incarnation: 1, values: values[role] });
  }
  const series = [
    { role: 'postgres', incarnation: 1, metric: 'table[gateway.tools]_rows', inLoad: { mean: held }, points: livePoints }, // prettier-ignore
    { role: 'redis', incarnation: 1, metric: metrics.redisKeys, inLoad: { mean: 20_000 }, points: [] },
  ];
  const processes = Array.from({ length: 1 + engineDeaths }, (_, index) => ({
    role: 'engine-0',
    incarnation: index + 1,
  }));
  const evidence = {
    ...{ faultWindows: [], outages: [], lows: fold.summary(), series, processes, writes: { indeterminate } },
    ...{ loadStartsAt: load.from, loadEndsAt: load.to },
  } as unknown as EvidenceSummary;
  return leakRules['memory-leak']({ evidence, plan, checkpoint } as JudgeInput);
}

describe('do rows and keys go on rising that nobody meant to leave', () => {
  it('passes where users hold what they may, whatever the memory of the servers does', () => {
    const found = storedOf({ wobble: 140 });
    expect(found.outcome).toBe('pass');
    expect(found.reason).toMatch(/^None of 3 series .* and of rows and keys a tenth of them in a day, or one an hour/);
  });

  it('fails rows and keys that are left behind', () => {
    expect(storedOf({ rows: 200 }).reason).toMatch(/^table\[gateway\.tools\]_net_rows of postgres#1 rises by \d+/);
    expect(storedOf({ keys: 400 }).reason).toMatch(/^redis_keys of redis#1 rises by \d+/);
    expect([storedOf({ rows: 200 }).outcome, storedOf({ keys: 400 }).outcome]).toEqual(['fail', 'fail']);
  });

  it('holds them to how many there are', () => {
    expect(storedOf({ rows: 100 }).outcome).toBe('fail');
    expect(storedOf({ rows: 100, held: 5_000_000 }).outcome).toBe('pass');
  });

  it('does not put down to the target what the harness may have left behind', () => {
    expect(storedOf({ rows: 200, indeterminate: 24 * 200 }).outcome).not.toBe('fail');
    expect(storedOf({ rows: 200, engineDeaths: 10 }).outcome).not.toBe('fail');
  });

  it('believes a rise that the live rows bear out, and no other', () => {
    const found = storedOf({ rows: 200, liveShare: 0.2 });
    expect(found.outcome).toBe('inconclusive');
    expect(found.reason).toContain('they may have been rolled back');
  });

  it('is open where a plan asks for them and nobody looked', () => {
    expect(storedOf({ without: ['postgres'] }).reason).toBe('Rows of tables were not sampled during the load.');
    expect(storedOf({ without: ['redis', 'postgres'] }).reason).toBe(
      'Rows of tables and Keys of Redis were not sampled during the load.',
    );
  });

  it('ends no load before its time', () => {
    expect(storedOf({ rows: 200, checkpoint: 24, plan: { ...steady, leakLooks: 24 } }).outcome).toBe('pass');
  });
});

describe('a plan asks for rows and keys', () => {
  const { load: held } = steady;
  const stage = { name: 'hold', durationMs: hourMs, usersFrom: 20, usersTo: 20 };
  it.each([
    ['where users hold a fixed number of objects', steady, true],
    ['in no run that is watched for minutes', { ...steady, leakWatch: planLeakWatch({}, hourMs) }, false],
    ['in none that cannot say what load leaves', { ...steady, promises: ['memory-leak'] }, false],
    [
      'in none whose users come and go',
      { ...steady, load: { ...held, stages: [stage, { ...stage, usersTo: 10 }] } },
      false,
    ],
    [
      'in none of the open model, whose users fill up for hours',
      { ...steady, load: { ...held, model: 'open' } },
      false,
    ],
  ])('%s', (_, plan, isAsked) => {
    expect(isStoredAsked(plan as Plan)).toBe(isAsked);
  });
});
