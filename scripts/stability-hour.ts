import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { postgresUrl } from '#compose/postgres.ts';
import { createEvidenceStore } from '#evidence/store.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { Plan } from '#model/plan.ts';
import type { Progress } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { RunResultFile } from '#reports/result.ts';
import { type Account, type Kill, renderAccount } from './stability/account.ts';
import { planKills } from './stability/kills.ts';
import { measureCosts, measureDisk, measureExecutions } from './stability/measure.ts';
import { home, type PrivateSystem, readJson, startPrivateSystem } from './stability/private-system.ts';

/**
 * A compressed stability run with kills: brings up a whole soakwave of its own, soaks for an hour in windows of a minute
 * with ten to an execution and to a checkpoint, kills every part of the harness in turn, and fails unless the verdict is what
 * it would have been undisturbed. Writes report, result and an account with the projection to 48 hours.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '62' },
    users: { type: 'string', default: '50' },
    seed: { type: 'string', default: '48' },
    /** Where the account goes; a run that is shorter than an hour is a try, and stays out of the examples. */
    output: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const users = Number(values.users);
const seed = Number(values.seed);
if (![minutes, users, seed].every((number) => Number.isInteger(number) && number > 0) || minutes < 4) {
  throw new Error('--minutes (4 or more), --users and --seed are whole numbers');
}
const output =
  values.output ??
  (minutes >= 60 ? join(home, 'docs', 'examples', 'stability-hour') : mkdtempSync(join(tmpdir(), 'stability-try-')));

const portOffset = 6_100;
const workflowId = `soak/stability-hour/${seed}`;
/** Ten windows of a minute to an execution; fewer in a try, so that it has seams and checkpoints too. */
const windowsTogether = minutes >= 30 ? 10 : 2;
const input = {
  wave: 'smoke',
  users,
  seed,
  duration: `${minutes}m`,
  window: '60s',
  windowsPerExecution: windowsTogether,
  windowsPerCheckpoint: windowsTogether,
  faults: 'planned',
  keep: 'stack',
  onBlocked: 'abort',
};

const system = await startPrivateSystem(portOffset);
try {
  const { account, result, folder } = await soak(system);
  write(account, result, folder);
  const problems = findProblems(account, result);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  await system.down();
}

interface Soaked {
  readonly account: Account;
  readonly result: RunResultFile;
  /** The run's folder. */
  readonly folder: string;
}

async function soak(on: PrivateSystem): Promise<Soaked> {
  const { client, places } = on;
  const handle = await client.workflow.start('StabilityRun', {
    taskQueue: queues.soak,
    workflowId,
    args: [input],
    workflowExecutionTimeout: `${minutes + 30} minutes`,
  });
  const runKey = handle.firstExecutionRunId;
  const { folder } = places.run(runKey);
  const loadStartsAt = await untilLoad(client);
  const plan = Plan.parse(readJson(join(folder, 'plan.json')));
  const diskBefore = measureDisk(places, runKey);
  const kills = await killAll(on, { runKey, loadStartsAt, plan });
  await untilEnd(client);
  const store = createEvidenceStore({ databaseUrl: postgresUrl(places.evidencePort) });
  try {
    const { records, bytes, kinds } = await store.totals(runKey);
    const account: Account = {
      ...{ minutes, seed, users, kills, loadStartsAt, cores: availableParallelism(), shards: plan.load.shards.length },
      executions: await measureExecutions(client, workflowId, runKey),
      checkpoints: await store.readCheckpoints(runKey),
      stored: { records, bytes, kinds: { ...kinds } },
      ...{ diskBefore, diskAfter: measureDisk(places, runKey) },
      costs: measureCosts(readJson(join(folder, 'evidence.json')) as EvidenceSummary),
    };
    return { account, result: RunResultFile.parse(readJson(join(folder, 'result.json'))), folder };
  } finally {
    await store.close();
  }
}

async function untilLoad(client: Client): Promise<number> {
  const deadline = Date.now() + 5 * 60_000;
  for (;;) {
    const asked = client.workflow.getHandle(workflowId).query<Progress>('progress');
    const startsAt = (await asked.catch(() => undefined))?.loadStartsAt;
    if (startsAt !== undefined) return startsAt;
    if (Date.now() > deadline) throw new Error('the load did not begin within five minutes');
    await sleep(500);
  }
}

async function killAll(
  on: PrivateSystem,
  { runKey, loadStartsAt, plan }: { runKey: string; loadStartsAt: number; plan: Plan },
): Promise<Kill[]> {
  const kills: Kill[] = [];
  for (const { victim, offsetMs } of planKills({ seed, loadMs: minutes * 60_000, faults: plan.faults })) {
    await sleep(Math.max(0, loadStartsAt + offsetMs - Date.now()));
    const killedAt = Date.now() - loadStartsAt;
    const { replacedAfterMs } = await on.kill(victim, runKey);
    kills.push({ victim, offsetMs: killedAt, replacedAfterMs });
    console.log(
      `${Math.round(killedAt / 1_000)} s: killed ${victim}; another one after ${replacedAfterMs ?? '> 60,000'} ms`,
    );
  }
  return kills;
}

/** The server that is asked may have been killed a moment ago. */
async function untilEnd(client: Client): Promise<void> {
  const deadline = Date.now() + (minutes + 20) * 60_000;
  for (;;) {
    try {
      await client.workflow.getHandle(workflowId).result();
      return;
    } catch (error) {
      const isAway = error instanceof Error && error.name === 'ServiceError';
      if (!isAway || Date.now() > deadline) throw error;
      await sleep(1_000);
    }
  }
}

function write(account: Account, result: RunResultFile, folder: string): void {
  mkdirSync(output, { recursive: true });
  for (const name of ['report.html', 'result.json', 'plan.json']) {
    writeFileSync(join(output, name), readFileSync(join(folder, name), 'utf8').replaceAll(`${folder}/`, ''));
  }
  writeFileSync(join(output, 'account.json'), `${JSON.stringify(account, null, 2)}\n`);
  const page = renderAccount(account, result);
  writeFileSync(join(output, 'README.md'), page);
  console.log(`${page}\nwritten to ${output}`);
}

/** What must hold whatever was killed. */
function findProblems(
  { kills, executions, checkpoints }: Account,
  { outcome, reasons, load }: RunResultFile,
): string[] {
  const accounted = load.delivered + load.dropped + load.abandoned + load.unknown + load.inFlight;
  const claims: readonly (readonly [boolean, string])[] = [
    [outcome === 'pass', `the verdict is ${outcome}: ${reasons.join(' ')}`],
    [
      load.due === accounted && load.inFlight === 0,
      `${load.due} user-seconds were due, ${accounted} are accounted for`,
    ],
    [kills.every((kill) => kill.replacedAfterMs !== undefined), 'something that was killed did not come back'],
    [executions.length >= Math.floor(minutes / windowsTogether), `only ${executions.length} executions`],
    [checkpoints.length >= Math.floor((minutes - 1) / windowsTogether) - 1, `only ${checkpoints.length} checkpoints`],
  ];
  return claims.filter(([holds]) => !holds).map(([, problem]) => problem);
}
