import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { epochsPerPlacing, heldPollMs, placedAnewAfterMs } from '#model/held.ts';
import type { RunResultFile } from '#reports/result.ts';
import { createGuest, engineOn, type Guest } from './guest.ts';
import { startSystem, type System } from './system.ts';

/** Two shards on two hosts, of which one dies twice: with its engine, then without. */
const input = {
  ...{ wave: 'smoke', duration: '4m', window: '10s', users: 20, shards: 2, faults: 'none' },
  ...{ keep: 'stack', onBlocked: 'abort' },
};
const why = 'the test wants it';
const elsewhereWithinMs = 40_000;

let system: System;
let guest: Guest;
let runKey = '';
let workflowId = '';

beforeAll(async () => {
  system = await startSystem();
  guest = createGuest(system, 'guest-host');
  guest.start();
  const started = await system.start('SoakWave', input);
  ({ workflowId, runKey } = started);
});
afterAll(async () => {
  await guest.stop();
  await system.down();
});

const atHome = (shard: number) => engineOn(system.folder, runKey, shard);
const atGuest = (shard: number) => engineOn(guest.folder, runKey, shard);
const shards = [0, 1] as const;

/** Seconds of load that an engine has seen; of an engine that does not live, none. */
const drives = ({ pid, totals }: ReturnType<typeof engineOn>): boolean =>
  pid() !== undefined && (totals()?.load.requests ?? 0) > 0 && Date.now() - (totals()?.at ?? 0) < 3_000;

async function until(what: string, isSo: () => boolean, withinMs: number): Promise<number> {
  const from = Date.now();
  while (!isSo()) {
    if (Date.now() > from + withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(100);
  }
  return Date.now() - from;
}

/** The shard that the guest has now. */
const guestShard = (): number => {
  const shard = shards.find((each) => drives(atGuest(each)));
  if (shard === undefined) throw new Error('the guest drives nothing');
  return shard;
};
const oneEach = (): boolean => shards.filter((shard) => drives(atGuest(shard))).length === 1 && shards.filter((shard) => drives(atHome(shard))).length === 1; // prettier-ignore

describe('load on two hosts', { timeout: 420_000 }, () => {
  it('is spread evenly as it begins', async () => {
    await system.until(workflowId, ({ phase }) => phase === 'load', 180_000);
    await until('one shard on each host', oneEach, 60_000);
    const [home, away] = [shards.find((shard) => drives(atHome(shard))), guestShard()];
    expect(home).not.toBe(away);
    expect(atGuest(away).totals()?.incarnation).toBeGreaterThan(epochsPerPlacing);
  });

  it('is scaled within two seconds at every engine, wherever it lives', async () => {
    const engines = [atHome(1 - guestShard()), atGuest(guestShard())];
    const revisions = engines.map(({ orders }) => orders().revision ?? 0);
    const askedAt = Date.now();
    const handle = system.client.workflow.getHandle(workflowId);
    await handle.executeUpdate<string, [object]>('scaleLoad', { args: [{ why, who: 'tester', users: 30 }] });
    const isSteered = (): boolean => engines.every(({ orders }, index) => (orders().revision ?? 0) > (revisions[index] ?? 0)); // prettier-ignore
    await until('both engines have the new schedule', isSteered, 20_000);
    expect(Date.now() - askedAt + heldPollMs).toBeLessThan(2_000);
    await until('15 users on each', () => engines.every(({ totals }) => totals()?.load.users === 15), 15_000);
  });

  it('of a host that dies with its engine runs elsewhere within 40 s', async () => {
    const shard = guestShard();
    const pid = atGuest(shard).pid() ?? 0;
    await guest.killWorker();
    process.kill(pid, 'SIGKILL');
    const tookMs = await until('the shard is driven at home', () => drives(atHome(shard)), elsewhereWithinMs + 20_000);
    expect(tookMs).toBeLessThan(elsewhereWithinMs);
    expect(atHome(1 - shard).pid()).toBeDefined();
  });

  it('is shared again when the host is back', async () => {
    guest.start();
    await until('one shard on each host', oneEach, 60_000);
  });

  it('of a host that only lost its worker is never driven twice, and runs elsewhere when its engine has ended', async () => {
    const shard = guestShard();
    await guest.killWorker();
    const killedAt = Date.now();
    let endedAt = 0;
    await until(
      'the shard is driven at home',
      () => {
        const isAtGuest = atGuest(shard).pid() !== undefined;
        if (isAtGuest && atHome(shard).pid() !== undefined) throw new Error('two engines drive one shard');
        if (!isAtGuest && endedAt === 0) endedAt = Date.now();
        return drives(atHome(shard));
      },
      elsewhereWithinMs + 20_000,
    );
    expect(Date.now() - killedAt).toBeLessThan(elsewhereWithinMs);
    expect(endedAt - killedAt).toBeLessThan(placedAnewAfterMs);
    guest.start();
  });

  it('is judged as a whole: what was away is said, what was written is all read back, and the ledger balances', async () => {
    await system.result(workflowId);
    const result = system.readResult(runKey);
    const { due, delivered, dropped, abandoned, unknown, inFlight } = result.load;
    expect(due).toBe(delivered + dropped + abandoned + unknown);
    expect(inFlight).toBe(0);
    expect(delivered / due).toBeGreaterThan(0.75);
    expect(answerOf(result, 'no-lost-write')).toMatchObject({ outcome: 'pass' });
    const evidence = JSON.parse(readFileSync(join(system.folder, 'runs', runKey, 'evidence.json'), 'utf8')) as EvidenceSummary; // prettier-ignore
    const away = evidence.outages.filter(({ name }) => name.startsWith('engine-'));
    expect(away.length).toBeGreaterThanOrEqual(2);
    // Two deaths of half a minute each are more than a run of four minutes may miss: it says so, and blames nobody else.
    expect(result.outcome).toBe('inconclusive');
    const open = result.verdict.answers.filter(({ outcome }) => outcome !== 'pass').map(({ question }) => question);
    expect(open).toContain('load-delivered');
  });
});

const answerOf = ({ verdict }: RunResultFile, question: string) =>
  verdict.answers.find((answer) => answer.question === question);
