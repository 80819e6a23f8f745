import { describe, expect, it } from 'vitest';
import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { planLeakWatch } from '#model/leak-watch.ts';
import { metrics } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import { families, generate } from './leak-bench/families.ts';
import { leakRules } from './leak-rule.ts';
import { createLowFold } from './low-fold.ts';
import type { JudgeInput } from './rule.ts';

const hourMs = 3_600_000;
const startsAt = 1_750_000_000_000;
const loadOf = (hours: number) => ({ from: startsAt, to: startsAt + hours * hourMs });
const load = loadOf(24);

/** A day or so of one gateway's life as the sampler tells it, every ten seconds, folded. */
function lowsOf(name: string, { role = 'gateway-1', hours = 24, everySeconds = 10, seed = 3 } = {}): LowSeries[] {
  const family = families.find((each) => each.name === name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  const fold = createLowFold({ load: loadOf(hours), intervalMs: 1_000, isAsked: () => true });
  for (const { at, value } of generate(family, { hours, samples: (hours * 3_600) / everySeconds, seed }).flatMap(({ moments }) => moments))
    fold.add({ kind: 'sample', at: startsAt + at, role, incarnation: 1, values: { [metrics.rssAnonBytes]: value, [metrics.openFiles]: 40 } }); // prettier-ignore
  return fold.summary();
}

/** A day that rises by 0.3 MB/h beside slow waves of so many bytes. */
function wavy(height: number): LowSeries {
  const points = Array.from({ length: 720 }, (_, step): [number, number] => {
    const share = step / 720;
    const waves = [2, 3, 4, 5, 6, 7, 8, 9].map((wave) => Math.cos(Math.PI * wave * share + wave));
    return [
      startsAt + share * 24 * hourMs,
      50e6 + 0.3e6 * 24 * share + height * waves.reduce((sum, wave) => sum + wave),
    ];
  });
  return { role: 'gateway-1', incarnation: 1, metric: metrics.rssAnonBytes, points };
}

function judge(
  lows: LowSeries[] | undefined,
  { checkpoint, plan }: Pick<JudgeInput, 'checkpoint'> & { plan?: Pick<Plan, 'leakLooks'> } = {},
) {
  const evidence: Partial<EvidenceSummary> = { faultWindows: [], ...(lows === undefined ? {} : { lows }) };
  return leakRules['memory-leak']({ evidence, plan: { promises: [], ...plan }, checkpoint } as unknown as JudgeInput);
}

describe('does memory leak', () => {
  it('passes a day of gateways that only collect garbage', () => {
    const found = judge([...lowsOf('saw-tooth of 5 min'), ...lowsOf('saw-tooth of 45 min', { role: 'gateway-2' })]);
    expect(found.outcome).toBe('pass');
    expect(found.reason).toContain('None of 4 series');
  });

  it('fails a day of one that leaks, and names it with its slope', () => {
    const found = judge([...lowsOf('saw-tooth of 5 min'), ...lowsOf('leak of 0.5 MB/h', { role: 'gateway-2' })]);
    expect(found.outcome).toBe('fail');
    expect(found.reason).toMatch(
      /^rss_anon_bytes of gateway-2#1 rises by 0\.\d+ MB an hour \(0\.\d+ MB to 0\.\d+ MB\)\.$/,
    );
  });

  it('is open where a rise may still settle, and says what would have been seen', () => {
    const found = judge(lowsOf('plateau after 5 h'));
    expect(found.outcome).toBe('inconclusive');
    expect(found.reason).toMatch(
      /rss_anon_bytes of gateway-1#1: .*settles|explains.* would have been seen, which takes about \d+ h/,
    );
  });

  it('is open where memory creeps ever more slowly, and what was cut off before was the steepest of it', () => {
    const outcomes = [40, 82, 176].map(
      (seed) => judge(lowsOf('fragmentation', { hours: 48, everySeconds: 20, seed })).outcome,
    );
    expect(outcomes).toEqual(['inconclusive', 'inconclusive', 'inconclusive']);
  });

  it('is called by a checkpoint only where it is surer than a verdict has to be', () => {
    const plan = { leakLooks: 40 };
    const outcomes = Array.from({ length: 40 }, (_, unrest) => {
      const lows = [wavy(unrest * 20_000)];
      return [judge(lows, { plan }).outcome, judge(lows, { plan, checkpoint: 24 }).outcome].join(', ');
    });
    expect([...new Set(outcomes)]).toEqual(['fail, fail', 'fail, inconclusive', 'inconclusive, inconclusive']);
  });

  it('is not passed when the load was ended for it', () => {
    const evidence = { faultWindows: [], lows: lowsOf('saw-tooth of 5 min') } as unknown as EvidenceSummary;
    const endedEarly = { at: startsAt, why: 'checkpoint 20 was certain: rss_bytes rises' };
    expect(
      leakRules['memory-leak']({ evidence, plan: { promises: [] }, endedEarly } as unknown as JudgeInput),
    ).toMatchObject({
      outcome: 'inconclusive',
    });
  });

  it('is open where nobody looked', () => {
    expect(judge([])).toMatchObject({ outcome: 'inconclusive' });
    expect(judge(undefined)).toMatchObject({ outcome: 'inconclusive' });
  });
});

describe('does the harness itself leak', () => {
  const ask = (lows: LowSeries[]) => leakRules['harness-memory']({ plan: { promises: [] }, evidence: { faultWindows: [], lows } as Partial<EvidenceSummary> } as unknown as JudgeInput); // prettier-ignore
  const steady = lowsOf('saw-tooth of 5 min', { role: 'orchestrator' });
  const leaky = lowsOf('leak of 0.5 MB/h', { role: 'engine-0' });

  it('is answered by the same rules, of its own processes alone', () => {
    expect(ask(steady)).toMatchObject({ outcome: 'pass' });
    expect(ask([...steady, ...lowsOf('leak of 0.5 MB/h')])).toMatchObject({ outcome: 'pass' });
    expect(judge([...lowsOf('saw-tooth of 5 min'), ...leaky])).toMatchObject({ outcome: 'pass' });
  });

  it('never fails the target: a leak of the harness leaves the run open, and points to the harness', () => {
    const found = ask([...steady, ...leaky]);
    expect(found).toMatchObject({ outcome: 'inconclusive', attribution: { to: 'generator' } });
    expect(found.reason).toMatch(/^The harness itself leaks: rss_anon_bytes of engine-0#1 rises by 0\.\d+ MB an hour/);
    expect(ask([])).toMatchObject({ outcome: 'inconclusive', attribution: { to: 'generator' } });
  });

  it('does not ask of the servers that it stands on', () => {
    expect(ask(lowsOf('leak of 0.5 MB/h', { role: 'temporal' }))).toMatchObject({
      reason: 'No process of the harness was sampled during the load.',
    });
  });
});

/** Three minutes of two gateways and their database, two samples a second, with so much more of each an hour. */
function minutesOf(rises: { rssBytes?: number; openFiles?: number; connections?: number }): LowSeries[] {
  const minutes = { from: startsAt, to: startsAt + 180_000 };
  const fold = createLowFold({ load: minutes, intervalMs: 500, isAsked: () => true });
  const { rssBytes = 0, openFiles = 0, connections = 0 } = rises;
  for (let second = 0; second < 180; second += 0.5) {
    const [at, hours, wobble] = [startsAt + second * 1_000, second / 3_600, (second * 74) % 9];
    const sample = { kind: 'sample' as const, at, incarnation: 1 };
    for (const role of ['gateway-1', 'gateway-2']) {
      const values = {
        [metrics.rssBytes]: 150e6 + rssBytes * hours + wobble * 1e6,
        [metrics.openFiles]: Math.floor(60 + openFiles * hours) + (wobble > 6 ? 2 : 0),
      };
      fold.add({ ...sample, role, values });
    }
    fold.add({ ...sample, role: 'postgres', values: { [metrics.databaseConnections]: Math.floor(20 + connections * hours) } }); // prettier-ignore
  }
  return fold.summary();
}

describe('the watch for leaks in a run of minutes', () => {
  const plan = { leakWatch: planLeakWatch({ bytes: 600e6, count: 120 }, 180_000) };
  const ask = (question: keyof typeof leakRules, rises: Parameters<typeof minutesOf>[0]) =>
    leakRules[question]({ evidence: { faultWindows: [], lows: minutesOf(rises) }, plan } as unknown as JudgeInput);

  it('passes gateways that keep nothing', () => {
    for (const question of ['memory-leak', 'handle-leak'] as const)
      expect(ask(question, {})).toMatchObject({ outcome: 'pass' });
  });

  it('fails memory that rises, with its slope between its bounds, and says nothing of handles', () => {
    const found = ask('memory-leak', { rssBytes: 3_000e6 });
    expect(found).toMatchObject({ outcome: 'fail', limit: 600, unit: 'MB/h' });
    expect(found.reason).toContain('rss_bytes of gateway-1#1 rises by 3,');
    const [low = 0, high = 0] = found.between ?? [];
    expect([low < 3_000, high > 3_000, found.measured]).toEqual([true, true, expect.closeTo(3_000, -2)]);
    expect(ask('handle-leak', { rssBytes: 3_000e6 }).outcome).toBe('pass');
  });

  it('fails files that stay open and connections that are never given back, and says nothing of memory', () => {
    const files = ask('handle-leak', { openFiles: 3_600 });
    expect(files.outcome).toBe('fail');
    expect(files.reason).toContain('open_files of gateway-1#1 rises by 3,');
    const connections = ask('handle-leak', { connections: 600 });
    expect(connections.outcome).toBe('fail');
    expect(connections.reason).toContain('database_connections of postgres#1 rises by');
    expect(ask('memory-leak', { openFiles: 3_600, connections: 600 }).outcome).toBe('pass');
  });

  it('allows a rise that was asked to be allowed', () => {
    expect(ask('memory-leak', { rssBytes: 200e6 }).outcome).toBe('pass');
  });

  it('is open where nobody looked', () => {
    const evidence = { faultWindows: [], lows: [] };
    expect(leakRules['handle-leak']({ evidence, plan } as unknown as JudgeInput).outcome).toBe('inconclusive');
  });
});

describe('the lowest samples', () => {
  const heapOf = (collections: number): string[] => {
    const fold = createLowFold({ load, intervalMs: 1_000, isAsked: () => true });
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      const left = 40e6 + Math.floor((minute / (24 * 60)) * collections);
      const values = {
        [metrics.heapUsedBytes]: 60e6,
        ...(collections > 0 && { [metrics.heapAfterMajorGcBytes]: left }),
      };
      fold.add({ kind: 'sample', at: startsAt + minute * 60_000, role: 'gateway-1', incarnation: 1, values });
    }
    return fold.summary().map(({ metric }) => metric);
  };

  it('of the heap are what major collections left, where there were enough of them', () => {
    expect(heapOf(200)).toEqual([metrics.heapAfterMajorGcBytes]);
    expect(heapOf(3)).toEqual([metrics.heapUsedBytes]);
    expect(heapOf(0)).toEqual([metrics.heapUsedBytes]);
  });

  it('are at most some thousand a series, whatever order they come in', () => {
    const forwards = createLowFold({ load, intervalMs: 1_000, isAsked: () => true });
    const backwards = createLowFold({ load, intervalMs: 1_000, isAsked: () => true });
    const records = Array.from({ length: 8_640 }, (_, index) => ({
      ...{ kind: 'sample' as const, at: startsAt + index * 10_000, role: 'gateway-1', incarnation: 1 },
      values: { [metrics.rssBytes]: 100 + ((index * 37) % 9) },
    }));
    for (const record of records) forwards.add(record);
    for (const record of records.toReversed()) backwards.add(record);
    expect(forwards.summary()).toEqual(backwards.summary());
    expect(forwards.summary()[0]?.points).toHaveLength(960);
    expect(forwards.summary()[0]?.points.every(([, value]) => value === 100)).toBe(true);
  });

  it('are those of the processes that are asked about, in the load, and of no one else', () => {
    const fold = createLowFold({ load, intervalMs: 1_000, isAsked: (role) => role !== 'redis' });
    const sample = { kind: 'sample' as const, incarnation: 1, values: { [metrics.rssBytes]: 1 } };
    fold.add({ ...sample, at: startsAt - 1, role: 'gateway-1' });
    fold.add({ ...sample, at: load.to, role: 'gateway-1' });
    fold.add({ ...sample, at: startsAt, role: 'postgres' });
    fold.add({ ...sample, at: startsAt, role: 'redis' });
    expect(fold.summary()).toEqual([]);
    fold.add({ ...sample, at: startsAt, role: 'postgres', values: { [metrics.databaseConnections]: 7 } });
    expect(fold.summary()).toMatchObject([{ role: 'postgres', points: [[startsAt, 7]] }]);
  });
});
