import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import type { Outcome } from '#model/verdict.ts';
import { renderResult } from '#reports/result.ts';
import { syntheticEvidence, syntheticMeta, syntheticRecords } from '../../test/synthetic-run.ts';
import { type Context, createContext } from './context.ts';
import { planCycle } from './cycles.ts';
import { readEnvironment } from './environment.ts';
import { measurePlanned } from './machine.ts';

interface StoredRun {
  readonly runKey: string;
  readonly workflowId: string;
  readonly startedAt: number;
  readonly plan: Plan;
  readonly outcome?: Outcome;
}

let folder: string;
let stored: StoredRun[];
let context: Context;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-cycles-'));
  stored = [];
  const environment = { ...readEnvironment(), stateFolder: folder };
  const real = createContext(environment, pino({ level: 'silent' }));
  const find = (runKey: string) => stored.find((run) => run.runKey === runKey);
  const store = {
    listRuns: () =>
      Promise.resolve(stored.toReversed().map((run) => ({ ...run, workflow: 'SoakWave', wave: run.plan.wave }))),
    readPlan: (runKey: string) => Promise.resolve(find(runKey)),
    readResult: (runKey: string) => resultOf(find(runKey)),
  };
  context = { ...real, store: store as unknown as Context['store'] };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function resultOf(run: StoredRun | undefined): Promise<unknown> {
  if (run?.outcome === undefined) return undefined;
  const evidence = await syntheticEvidence(run.plan, syntheticRecords(run.plan));
  const verdict = { outcome: run.outcome, headline: 'so', answers: [], notCovered: [] };
  const report = {
    plan: run.plan,
    evidence,
    verdict,
    steps: [],
    seeded: [],
    meta: { ...syntheticMeta, runKey: run.runKey },
  };
  const result = join(folder, 'runs', run.runKey, 'result.json');
  return renderResult(report, { report: 'report.html', result });
}

const shared = { users: 10, scale: 0.1, duration: '15s' };
const input = { ...shared, waves: ['smoke', 'small'] };
const again = { ...input, from: 'small', previous: 'cycle-1' };
const plan = (request: { runKey: string; input: unknown }) =>
  planCycle(context, { workflowId: 'soak/all-waves/1', ...request });

/** What the wave `smoke` of the first cycle left in the store. */
function store(change: Partial<StoredRun> & { input?: object } = {}): void {
  const parsed = parseInput('SoakWave', { ...shared, wave: 'smoke', ...change.input });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const machine = measurePlanned(context.environment);
  stored.push({
    runKey: 'wave-1',
    workflowId: 'soak/all-waves/1/smoke',
    startedAt: Date.now(),
    plan: planRun({ workflow: 'SoakWave', input: parsed.value, machine }),
    outcome: 'pass',
    ...change,
  });
}

describe('a cycle that goes on from an earlier one', () => {
  it('takes over the waves before the chosen one, with run key and verdict, and runs the rest', async () => {
    await plan({ runKey: 'cycle-1', input });
    store();
    const planned = await plan({ runKey: 'cycle-2', input: again });
    const file = join(folder, 'runs', 'wave-1', 'result.json');
    expect(planned).toEqual({
      waves: [
        {
          wave: 'smoke',
          input: { ...shared, wave: 'smoke' },
          takenOver: { wave: 'smoke', runId: 'wave-1', outcome: 'pass', reasons: [], result: file, isTakenOver: true },
        },
        { wave: 'small', input: { ...shared, wave: 'small' } },
      ],
    });
    // What the comparison reads is there, even if somebody deleted the run's folder.
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ runId: 'wave-1' });
  });

  it('finds the earlier one by workflow id as well, and what that one had taken over itself', async () => {
    await plan({ runKey: 'cycle-1', input });
    store();
    await plan({ runKey: 'cycle-2', input: again });
    const third = await plan({ runKey: 'cycle-3', input: { ...again, previous: 'soak/all-waves/1' } });
    expect(third).toMatchObject({ waves: [{ takenOver: { runId: 'wave-1' } }, {}] });
  });

  it('changes nothing by being delivered twice', async () => {
    await plan({ runKey: 'cycle-1', input });
    store();
    const first = await plan({ runKey: 'cycle-2', input: again });
    expect(await plan({ runKey: 'cycle-2', input: again })).toEqual(first);
  });

  it.each([
    [
      'was planned otherwise',
      { input: { users: 9 } },
      /^previous: wave smoke was planned otherwise then \(.*virtualUsers was 9, is 10/,
    ],
    ['has no verdict', { outcome: undefined }, /^from: wave smoke of soak\/all-waves\/1 has no verdict to take over/],
    ['is of a cycle before', { startedAt: 1 }, /^from: soak\/all-waves\/1 did not come to wave smoke/],
  ])('is refused when the wave %s, with what to do', async (_, change, problem) => {
    await plan({ runKey: 'cycle-1', input });
    store(change as Partial<StoredRun>);
    const refused = await plan({ runKey: 'cycle-2', input: again });
    expect(refused).toEqual({ problems: [expect.stringMatching(problem)] });
    expect(existsSync(join(folder, 'runs', 'cycle-2'))).toBe(false);
  });

  it('takes over what differs in nothing that a figure depends on', async () => {
    await plan({ runKey: 'cycle-1', input });
    store({ input: { keep: 'stack', onBlocked: 'abort', ifBusy: 'wait' } });
    expect(await plan({ runKey: 'cycle-2', input: again })).toMatchObject({
      waves: [{ takenOver: { runId: 'wave-1' } }, {}],
    });
  });

  it('names the first few differences only', async () => {
    await plan({ runKey: 'cycle-1', input });
    store({ input: { seed: 7, users: 9, shards: 2, instances: 1 } });
    const refused = await plan({ runKey: 'cycle-2', input: again });
    expect(refused).toEqual({ problems: [expect.stringMatching(/seed was 7, is .*; and \d+ more\)/)] });
  });

  it('is refused when nobody knows the earlier one', async () => {
    expect(await plan({ runKey: 'cycle-2', input: again })).toEqual({
      problems: ['previous: this host knows no AllWaves called cycle-1; give its run key or workflow id'],
    });
  });
});
