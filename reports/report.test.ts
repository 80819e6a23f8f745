import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
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
    expect(plots).toHaveLength(10);
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

  it('quotes for a shell', () => {
    const { soak } = writeCommands({ ...plan, workflow: 'StabilityRun' }, { input: { mix: "a'; b" } });
    expect(soak).toBe(`soak run smoke --workflow StabilityRun --mix 'a'\\''; b' --seed ${plan.seed}`);
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
