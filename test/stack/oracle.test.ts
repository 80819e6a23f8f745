import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournals } from '#loadtest/journal-file.ts';
import { startSystem, type System } from './system.ts';

const input = { wave: 'smoke', duration: '20s', window: '10s', users: 10, faults: 'none', keep: 'stack' };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

const question = 'no-lost-write';
const writesOf = (runKey: string) => readJournals(join(system.folder, 'runs', runKey, 'writes'), 'verify');
const answerOf = (runKey: string) =>
  system.readResult(runKey).verdict.answers.find((answer) => answer.question === question);

/** Behind the target's back: no gateway hears of it. */
async function inDatabase<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const stack = JSON.parse(readFileSync(join(system.folder, 'stack', 'stack.json'), 'utf8')) as {
    address: { databaseUrl: string };
  };
  const client = new Client({ connectionString: stack.address.databaseUrl });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Between the end of the engine and its verification: who verifies is stopped meanwhile. */
async function tamperAtTheEnd(tamper: (runKey: string) => Promise<void>): Promise<{ runKey: string; outcome: string }> {
  const { workflowId, runKey } = await system.start('SoakWave', input);
  await system.until(workflowId, ({ loadEndsAt = Infinity }) => Date.now() > loadEndsAt - 2_000);
  const [engine, worker] = [system.record('engine-0', runKey).pid, system.record('load').pid];
  process.kill(worker, 'SIGSTOP');
  try {
    while (isRunning(engine)) await sleep(100);
    await tamper(runKey);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  return { runKey, outcome: (await system.result(workflowId)).outcome };
}

/** Its parent is stopped, so that it stays a zombie when it has ended. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('the durability oracle in a run', () => {
  it('finds everything kept on a healthy target, and leaves nothing of its own behind', async () => {
    const { runKey, outcome } = await tamperAtTheEnd(() => Promise.resolve());
    expect(answerOf(runKey)).toMatchObject({ outcome: 'pass', measured: 0 });
    expect(outcome).toBe('pass');
    const { objects, counts } = await writesOf(runKey);
    expect(objects.size).toBe(0);
    expect(counts().deleted).toBeGreaterThan(10);
    const left = await inDatabase((client) =>
      client.query('SELECT 1 FROM gateway.tools WHERE starts_with(name, $1)', ['soak-']),
    );
    expect(left.rowCount).toBe(0);
  });

  it('fails a run that has lost one acknowledged object and brought one back, and names exactly these', async () => {
    const tampered = { lost: 0, back: 0 };
    const { runKey, outcome } = await tamperAtTheEnd(async (key) => {
      await inDatabase(async (client) => {
        const { objects, recentlyDeleted } = await writesOf(key);
        const newest = Math.max(...[...objects].filter(([, { change }]) => change === undefined).map(([id]) => id));
        const [departed] = recentlyDeleted;
        if (departed === undefined) throw new Error('nothing was deleted yet');
        await client.query('DELETE FROM gateway.tools WHERE id = $1', [newest]);
        const name = `soak-${key.replaceAll('-', '').slice(0, 12)}-back`;
        await client.query(
          `INSERT INTO gateway.tools (id, owner_id, scope, name, description) VALUES ($1, $2, 'private', $3, 'back')`,
          [departed.objectId, departed.ownerId, name],
        );
        Object.assign(tampered, { lost: newest, back: departed.objectId });
      });
    });
    expect(outcome).toBe('fail');
    const answer = answerOf(runKey);
    expect(answer).toMatchObject({ outcome: 'fail', measured: 2 });
    expect(answer?.reason).toContain(`object ${tampered.lost} of user`);
    expect(answer?.reason).toContain(`object ${tampered.back} of user`);
    expect(answer?.reason).toContain('the database holds nothing');
    expect(answer?.reason).toContain('the database holds "back"');
    await inDatabase((client) => client.query('DELETE FROM gateway.tools WHERE id = $1', [tampered.back]));
  });

  it('reads back beside the load after a fault', async () => {
    const fault = { ...input, duration: '60s', faults: 'planned' };
    const { workflowId, runKey } = await system.start('SoakWave', fault);
    const { outcome } = await system.result(workflowId);
    expect(outcome).toBe('pass');
    const evidence = JSON.parse(readFileSync(join(system.folder, 'runs', runKey, 'evidence.json'), 'utf8')) as {
      writes: { readBacks?: { fault: string; checked: number }[] };
    };
    expect(evidence.writes.readBacks?.map((each) => each.fault)).toEqual(['kill-gateway-2']);
    expect(evidence.writes.readBacks?.[0]?.checked).toBeGreaterThan(0);
  });
});
