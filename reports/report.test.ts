import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { CapacityResult } from '#model/capacity-answer.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import type { Verdict } from '#model/verdict.ts';
import {
  loadStartsAt,
  syntheticEvidence,
  syntheticMeta,
  syntheticPlan,
  syntheticRecords,
  syntheticSeeded,
  syntheticSteps,
  syntheticVerification,
} from '../test/synthetic-run.ts';
import { machineSays } from '../test/synthetic-machine.ts';
import { compareWaves, renderComparison } from './comparison.ts';
import { html } from './html.ts';
import { renderReport } from './report.ts';
import type { ReportInput } from './report-input.ts';
import { writeCommands } from './reproduction.ts';
import { renderResult, RunResultFile } from './result.ts';
import { gaugeLine, rateLine } from './series.ts';

const plan = syntheticPlan();
const verdict: Verdict = {
  outcome: 'fail',
  headline: 'Fail: 1 of 2 promised questions failed (error-rate).',
  answers: [
    { question: 'load-delivered', outcome: 'pass', reason: 'All of it.', measured: 1, limit: 0.99, unit: 'ratio' },
    { question: 'error-rate', outcome: 'fail', reason: 'Too many.', measured: 0.02, limit: 0.001, unit: 'ratio' },
  ],
  notCovered: [{ question: 'memory-leak', reason: 'too short' }],
};

async function inputOf(change: Partial<ReportInput> = {}, records: Iterable<EvidenceRecord> = syntheticRecords(plan)) {
  const evidence = await syntheticEvidence(plan, records);
  const parts = { plan, verdict, evidence, steps: syntheticSteps(), seeded: syntheticSeeded, meta: syntheticMeta };
  return { ...parts, verification: syntheticVerification, ...change } satisfies ReportInput;
}
const files = { report: '/runs/1/report.html', result: '/runs/1/result.json' };

describe('renderReport', () => {
  it('says the verdict before anything else, the worst reason first', async () => {
    const page = renderReport(await inputOf());
    const places = ['✕ Fail', '1 of 2 promised questions failed', 'Too many.', 'All of it.', '<svg', 'SIGKILL sent', 'too short', 'soak run smoke'];
    const found = places.map((text) => page.indexOf(text));
    expect(found.filter((place) => place < 0)).toEqual([]);
    expect([...found].sort((a, b) => a - b)).toEqual(found);
  }); // prettier-ignore

  it('needs nothing but itself', async () => {
    const page = renderReport(await inputOf());
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|src=/i);
    expect(page.replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')).not.toMatch(/https?:/);
    expect(page.length).toBeLessThan(500_000);
  });

  it('is the same page every time', async () => {
    const input = await inputOf();
    expect(renderReport(input)).toBe(renderReport(input));
  });

  it('draws every plot over the same time', async () => {
    const page = renderReport(await inputOf());
    const plots = page.match(/<figure class="plot"[^]*?<\/figure>/g) ?? [];
    const axes = plots.map((plot) => (plot.match(/<text[^>]*transform="translate\([\d.]+ [\d.]+\)"[^>]*>\d:\d\d</g) ?? []).map((label) => label.replace(/ [\d.]+\)/, ')')).join()); // prettier-ignore
    expect(plots).toHaveLength(11);
    expect(new Set(axes).size).toBe(1);
    expect(plots.filter((plot) => !plot.includes('kill-gateway-2'))).toEqual([]);
  });

  it('escapes whatever a name or a reason holds', async () => {
    const evil = '<script>alert(1)</script>';
    const records: EvidenceRecord[] = [
      ...syntheticRecords(plan),
      { kind: 'finding', at: loadStartsAt, source: evil, finding: 'wrong-answer', detail: evil },
      { kind: 'gap', at: loadStartsAt, until: loadStartsAt + 1_000, source: evil, reason: evil },
      { kind: 'fault', at: loadStartsAt + 1_000, fault: evil, event: 'injected', detail: evil },
      { kind: 'operation', at: loadStartsAt, until: loadStartsAt + 1, shard: 0, incarnation: 1, operation: evil, ok: 1, failed: { [evil]: 1 }, abandoned: 0, partial: 0, bytesIn: 0, histogram: '' },
    ]; // prettier-ignore
    const answers = verdict.answers.map((answer) => ({ ...answer, reason: evil }));
    const change = {
      verdict: { ...verdict, headline: evil, answers, notCovered: [{ question: 'capacity' as const, reason: evil }] },
      plan: { ...plan, remarks: [evil] },
      operatorActions: [{ at: loadStartsAt, action: 'abort' as const, what: evil, who: evil, why: evil }],
      meta: { ...syntheticMeta, workflowId: evil, input: { wave: 'smoke', users: evil }, versions: { [evil]: evil } },
    };
    const page = renderReport(await inputOf(change, records));
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script');
  });

  it('stands when the load never began', async () => {
    const evidence = await syntheticEvidence(plan, [], true);
    const page = renderReport(await inputOf({ evidence, steps: [], seeded: [] }));
    expect(page).toContain('The load never began.');
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('marks latencies as co-located where they are', async () => {
    const apart = { ...plan, stack: { ...plan.stack, placement: 'apart: the generator has its own machine' } };
    expect(renderReport(await inputOf())).toContain('service time (closed model), co-located');
    expect(renderReport(await inputOf({ plan: apart }))).not.toContain('model), co-located');
  });
});

describe('whom a bad answer points to', () => {
  const attribution = { to: 'environment' as const, reason: 'up to 18 % steal in 20 s of 1 min' };
  const answers = verdict.answers.map((each) => (each.outcome === 'pass' ? each : { ...each, attribution }));
  const stolen = machineSays((second) => (second >= 20 && second < 40 ? { steal: 0.18 } : {}));

  it('stands beside its reason, above all and in the table, with what was in the way and what was not', async () => {
    const page = renderReport(
      await inputOf({ verdict: { ...verdict, answers } }, [...syntheticRecords(plan), ...stolen]),
    );
    expect(page.split('Points to the environment: up to 18 % steal in 20 s of 1 min.')).toHaveLength(3);
    expect(page).toMatch(/What was in the way[^]*0:20[^]*20 s[^]*CPU stolen by the hypervisor[^]*18 %[^]*5 %/);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is not spoken of where the machine was not sampled', async () => {
    const page = renderReport(await inputOf());
    expect(page).not.toContain('What was in the way');
    expect(page).not.toContain('Points to');
  });

  it('is in the result too, with objectives of the input beside the wave’s own', async () => {
    const stated = syntheticPlan({ objectives: { p95Ms: 300 } });
    const input = await inputOf({ plan: stated }, [...syntheticRecords(plan), ...stolen]);
    const result = RunResultFile.parse(JSON.parse(JSON.stringify(renderResult(input, files))));
    expect(result.overridden).toEqual([{ objective: 'p95Ms', own: 250 }]);
    expect(result.surroundings?.signs).toEqual([
      { sign: 'steal', measured: expect.closeTo(0.18) as number, ms: 20_000 },
    ]);
    expect(renderReport(input)).toMatch(/p95 of local reads<\/td>[^]{0,60}≤ 250 ms[^]{0,60}≤ 300 ms/);
  });
});

describe('what happened to a run', () => {
  const plotOf = (page: string, id: string): string => new RegExp(`<figure class="plot" id="plot-${id}"[^]*?</figure>`).exec(page)?.[0] ?? ''; // prettier-ignore
  /** Pieces of the line that is drawn in a colour. */
  const piecesOf = (plot: string, colour: string): number => [...plot.matchAll(/<path d="([^"]*)"([^>]*)>/g)].flatMap(([, path = '', style = '']) => (style.includes(`stroke="var(--${colour})"`) && style.includes('fill="none"') ? path.match(/M/g) ?? [] : [])).length; // prettier-ignore

  it('draws the seconds of a dead engine as a gap, with its cause, and names it among what nobody planned', async () => {
    const [from, to] = [loadStartsAt + 20_000, loadStartsAt + 24_000];
    const records = [...syntheticRecords(plan)].flatMap((record): EvidenceRecord[] => {
      if (record.kind !== 'ledger' || record.at < from) return [record];
      return record.at < to ? [] : [{ ...record, incarnation: 2 }];
    });
    const [whole, gapped] = [renderReport(await inputOf()), renderReport(await inputOf({}, records))];
    expect(piecesOf(plotOf(gapped, 'requests'), 's1')).toBe(piecesOf(plotOf(whole, 'requests'), 's1') + 1);
    expect(plotOf(whole, 'users')).not.toContain('engine-0 out');
    expect(plotOf(gapped, 'users')).toContain('engine-0 out (died)');
    const surprises = gapped.slice(gapped.indexOf('id="surprises"'));
    expect(surprises).toMatch(/harness out[^]{0,200}engine-0 out \(died\) for 4 s/);
  });

  it('shows pauses and what operators did, on the time axis and in a table', async () => {
    const [first, ...rest] = plan.load.stages;
    if (first === undefined) throw new Error('the plan has no stage');
    const pause = { name: 'paused', durationMs: 5_000, usersFrom: 0, usersTo: 0, inserted: 'pause' as const };
    const steered = { ...plan, load: { ...plan.load, stages: [first, pause, ...rest] } };
    const at = loadStartsAt + first.durationMs;
    const operatorActions = [
      { at, action: 'pause' as const, what: 'no load', who: 'ada', why: 'a look at the disk' },
      { at: at + 5_000, action: 'resume' as const, what: 'as before', who: 'ada', why: 'seen' },
      { at: at + 9_000, action: 'scaleLoad' as const, what: '40 users', who: 'bob', why: 'more' },
    ];
    const page = renderReport(await inputOf({ plan: steered, operatorActions }));
    expect(plotOf(page, 'users')).toContain('paused');
    expect(plotOf(page, 'users')).toContain('scaleLoad');
    expect(page).toMatch(/What operators did[^]*ada[^]*a look at the disk[^]*bob[^]*more/);
    expect(renderReport(await inputOf())).not.toContain('What operators did');
    expect(renderResult(await inputOf({ operatorActions }), files).operatorActions).toEqual(operatorActions);
  });
});

describe('what the harness cost', () => {
  const footprint = {
    temporal: { executions: 3, events: 1_234, historyBytes: 300_000 },
    evidence: { batches: 40, records: 9_000, bytes: 2_000_000 },
    ...{ spoolBytes: 1_000_000, logBytes: 400_000, temporalDatabaseBytes: 9_000_000 },
  };

  it('is told of every process of ours that was sampled, and of none of the target’s', async () => {
    const input = await inputOf({ footprint });
    const { harness } = renderResult(input, files);
    const roles = harness?.processes.map(({ role }) => role).sort();
    expect(roles).toEqual([
      'engine-0',
      'evidence',
      'host',
      'load',
      'orchestrator',
      'sampler',
      'seed',
      'temporal',
      'watchdog',
    ]);
    for (const each of harness?.processes ?? []) {
      expect(each.cpuSeconds, each.role).toBeGreaterThan(0);
      expect(each.cores).toBeCloseTo((each.cpuSeconds ?? 0) / 60);
      expect(each.rssFirstBytes).toBe(each.rssLastBytes);
      expect(each.restarts).toBe(0);
      // A minute says nothing about an hour.
      expect(each.rssGrowthBytesPerHour).toBeUndefined();
    }
    expect(harness?.footprint).toEqual(footprint);
    const page = renderReport(input);
    expect(page).toMatch(/What the harness itself cost[^]*temporal[^]*Temporal events of this run[^]*1,234/);
    expect(page).toContain('Memory of the harness');
  });

  it('counts restarts, and says how memory grew when it was seen for long enough', async () => {
    const hourly = (incarnation: number, from: number, bytes: number): EvidenceRecord[] =>
      Array.from({ length: 30 }, (_, minute) => ({
        ...{ kind: 'sample' as const, at: from + minute * 60_000, role: 'host', incarnation },
        values: { rss_bytes: bytes + minute * 1_000_000, cpu_seconds_total: minute },
      }));
    const long = syntheticPlan({ duration: 7_200_000 });
    const records = [...hourly(1, loadStartsAt, 5e7), ...hourly(2, loadStartsAt + 3_600_000, 4e7)];
    const evidence = await syntheticEvidence(long, records);
    const { harness } = renderResult(await inputOf({ plan: long, evidence }), files);
    const host = harness?.processes.find(({ role }) => role === 'host');
    expect(host).toMatchObject({ restarts: 1, rssFirstBytes: 5e7, rssLastBytes: 6.9e7, rssMaxBytes: 7.9e7 });
    expect(host?.rssGrowthBytesPerHour).toBeCloseTo(6e7, -4);
    expect(host?.cpuSeconds).toBeCloseTo(58);
  });
});

describe('html', () => {
  it('escapes text and leaves markup', () => {
    expect(html`<p title="${'"'}">${'<&>'}${html`<b>${1}</b>`}${undefined}</p>`.markup).toBe(
      '<p title="&quot;">&lt;&amp;&gt;<b>1</b></p>',
    );
  });
});

describe('writeCommands', () => {
  it('repeats what was typed, with the seed', () => {
    const input = {
      wave: 'smoke',
      users: 40,
      spawnRate: 5,
      duration: '90s',
      growth: true,
      without: ['error-rate', 'stationary'],
    };
    const { soak, temporal } = writeCommands(plan, { input });
    expect(soak).toBe(`soak run smoke --users 40 --spawn-rate 5 --duration 90s --growth --without error-rate --without stationary --seed ${plan.seed}`); // prettier-ignore
    expect(temporal).toContain(`--type SoakWave --task-queue soak --input '{"wave":"smoke","users":40`);
  });

  it('writes objectives as the command line reads them', () => {
    const { soak } = writeCommands(plan, { input: { objectives: { p99Ms: 300, gatewaysRssBytes: '2GB' } } });
    expect(soak).toContain(' --objective p99Ms=300,gatewaysRssBytes=2GB ');
  });

  it('writes weights as the command line reads them', () => {
    const { soak } = writeCommands(plan, { input: { weights: { writer: 2, 'power-user': 0.5 } } });
    expect(soak).toContain(' --weights writer=2,power-user=0.5 ');
  });

  it('names a file of one’s own by its whole path, wherever they are typed', () => {
    const driver = { kind: 'locust', file: '/mine/shop.py', sha256: 'ab'.repeat(32) } as const;
    const driven = { ...plan, load: { ...plan.load, driver } };
    const { soak, temporal } = writeCommands(driven, { input: { locustfile: './shop.py' } });
    expect(soak).toBe(`soak run smoke --locustfile /mine/shop.py --seed ${plan.seed}`);
    expect(temporal).toContain('"locustfile":"/mine/shop.py"');
  });

  it('quotes for a shell', () => {
    const { soak } = writeCommands({ ...plan, workflow: 'StabilityRun' }, { input: { mix: "a'; b" } });
    expect(soak).toBe(`soak run smoke --workflow StabilityRun --mix 'a'\\''; b' --seed ${plan.seed}`);
  });
});

describe('a capacity search', () => {
  const searched = syntheticPlan({ duration: 900_000, capacity: {} });
  const figures = {
    ...{ seconds: 20, owed: 20, unseen: 0, due: 800, dropped: 0, ended: 800, failed: 0, requests: 8_000 },
    ...{ begun: 800, late: 0, veryLate: 0 },
    ...{ reads: 4_000, slow: 0, latencyMsP50: 5, latencyMsP95: 12 },
  };
  const probe = (ratePerSecond: number, outcome: 'met' | 'missed', at: number) => ({
    ...{ look: 'first' as const, ratePerSecond, from: loadStartsAt + at, to: loadStartsAt + at + 20_000 },
    ...{ outcome, isClear: outcome === 'met', reason: `${ratePerSecond} was ${outcome}`, figures },
  });
  const capacity: CapacityResult = {
    ...{ endedBy: 'resolution', isFound: true, noisyRates: [80], differing: 0 },
    low: { ratePerSecond: 40, isHeld: true, requestsPerSecond: 400, heldSeconds: 60, latencyMsP95: 12 },
    high: { ratePerSecond: 41.9, requestsPerSecond: 419, by: 'target' },
    knee: { ratePerSecond: 33, requestsPerSecond: 330, latencyMsP95: 9 },
    safe: { ratePerSecond: 30, requestsPerSecond: 300, share: 0.75, by: 'limit' },
    probes: [probe(20, 'met', 10_000), probe(40, 'met', 40_000), probe(80, 'missed', 70_000)],
  };

  it('is a section with its figures, each probe, and the plots by rate and over time', async () => {
    const page = renderReport(await inputOf({ plan: searched, capacity }));
    for (const id of ['id="capacity"', 'id="plot-rate-latency"', 'id="plot-rate-delivered"', 'id="plot-probes"']) {
      expect(page).toContain(id);
    }
    for (const text of ['80 was missed', 'held for 1 min', '75 % of what was met', 'Safe limit', 'close']) {
      expect(page).toContain(text);
    }
    expect(page).not.toContain('NaN');
  });

  it('is in the result, and in no other run’s', async () => {
    expect(renderResult(await inputOf({ plan: searched, capacity }), files).capacity).toEqual(capacity);
    const other = await inputOf();
    expect(renderResult(other, files)).not.toHaveProperty('capacity');
    expect(renderReport(other)).not.toContain('id="capacity"');
  });

  it('is still a page where nothing was probed, and where nothing was met', async () => {
    const { endedBy, isFound, differing } = capacity;
    const nothing: CapacityResult = { endedBy, isFound, differing, noisyRates: [], probes: [] };
    const empty = renderReport(await inputOf({ plan: searched, capacity: nothing }));
    expect(empty).toContain('No probe met the objectives.');
  });
});

describe('renderResult', () => {
  it('fits its schema after a journey through JSON', async () => {
    const result = renderResult(await inputOf(), files);
    expect(RunResultFile.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    expect(result).toMatchObject({ outcome: 'fail', reasons: [verdict.headline, 'error-rate: Too many.'], ...files });
    expect(result.load.requestsPerSecond).toBeCloseTo(result.load.requests / 60);
  });

  it('is what docs/schema/result.schema.json says (vitest -u writes it), which forbids no key that comes later', async () => {
    const open = z.toJSONSchema(RunResultFile, {
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    });
    const titled = JSON.stringify({ title: 'result.json in the folder of a run', ...open });
    const text = await format(titled, { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot('../docs/schema/result.schema.json');
  });

  it('gives the headline for a reason when no question failed', async () => {
    const aborted: Verdict = { ...verdict, outcome: 'inconclusive', headline: 'Inconclusive: aborted.', answers: [] };
    expect(renderResult(await inputOf({ verdict: aborted }), files).reasons).toEqual(['Inconclusive: aborted.']);
  });
});

describe('compareWaves', () => {
  it('takes the worst outcome, and none for inconclusive', async () => {
    const failed = renderResult(await inputOf(), files);
    const passed: RunResultFile = { ...failed, wave: 'small', outcome: 'pass' };
    expect(compareWaves([passed, failed]).outcome).toBe('fail');
    expect(compareWaves([]).outcome).toBe('inconclusive');
    const page = renderComparison([passed, failed]);
    expect(page).toContain('1 of 2 waves passed.');
    expect(page).toMatch(/<th class="figure">small<\/th>\s*<th class="figure">smoke<\/th>/);
  });
});

describe('lines', () => {
  const series = { role: 'r', incarnation: 1, metric: 'm', count: 0, min: 0, max: 0, last: 0 };

  it('break where samples are missing', () => {
    const points: [number, number][] = [[0, 1], [1_000, 2], [2_000, 3], [9_000, 4]]; // prettier-ignore
    expect(gaugeLine({ ...series, points }).map(([, value]) => value)).toEqual([1, 2, 3, undefined, 4]);
  });

  it('are rates of counters, and never negative', () => {
    const points: [number, number][] = [[0, 10], [1_000, 14], [3_000, 20], [4_000, 0]]; // prettier-ignore
    expect(rateLine({ ...series, points }).map(([, value]) => value)).toEqual([4, 3, 0]);
  });
});

describe('a report of an open load', () => {
  const open = syntheticPlan({ arrivalRate: 40, users: 40, faults: 'none' });

  it('says which time its latencies are, with the service time beside it', async () => {
    const input = await inputOf({ plan: open, evidence: await syntheticEvidence(open) });
    const page = renderReport(input);
    expect(page).toContain('40 iterations/s, taken by 40 virtual users');
    expect(page).toContain('from the time that it was meant to begin');
    expect(page).toContain('ms · latency from the intended start, co-located');
    expect(page).toContain('p95 ms of service time');
    expect(page).toContain('iterations per second');
    const result = RunResultFile.parse(renderResult(input, files));
    expect(result.load).toMatchObject({ model: 'open', latency: 'from-intended-start', due: 2_400 });
    expect(result.classes[0]?.serviceTime).toBeDefined();
    expect(renderComparison([result])).toContain('Latencies are from the intended start');
  });

  it('is told from one of a closed load, which knows service times only', async () => {
    const input = await inputOf();
    expect(renderReport(input)).not.toContain('intended start');
    const result = RunResultFile.parse(renderResult(input, files));
    expect(result.load).toMatchObject({ model: 'closed', latency: 'service-time' });
    expect(result.operations.every(({ serviceTime }) => serviceTime === undefined)).toBe(true);
  });
});
