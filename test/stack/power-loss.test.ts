import { readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listProcessStats } from '#compose/identity.ts';
import { listMarked } from '#compose/marks.ts';
import { startSystem, type System } from './system.ts';

/**
 * Everything gets SIGKILL at once. That is not a power cut: what the kernel has not written yet is written all the same, so this
 * shows what survives the death of every process, not of the disk's cache.
 */
const input = { wave: 'smoke', duration: '30s', window: '10s', users: 10, faults: 'none', keep: 'stack' };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

const isInside = (pid: number): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${system.folder}/`);
  } catch {
    return false;
  }
};

/** By mark and by folder, so that nothing is overlooked because it was not recorded. */
function findAll(): number[] {
  const marked = listMarked(system.folder).map(({ pid }) => pid);
  const inside = listProcessStats().flatMap(({ pid, state }) => (state !== 'Z' && isInside(pid) ? [pid] : []));
  return [...new Set([...marked, ...inside])].filter((pid) => pid !== process.pid);
}

async function killEverything(): Promise<void> {
  for (let all = findAll(); all.length > 0; all = findAll()) {
    for (const pid of all) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself: its parent had died.
      }
    }
    await sleep(100);
  }
}

/** The records of every process table: who lived, and how to start the next one. */
function forgetRecords(runKey: string): void {
  const tables = ['workers', 'base/processes', 'stack/processes', `runs/${runKey}/held/processes`];
  for (const table of tables) {
    for (const name of readdirSync(join(system.folder, table))) {
      if (/[.](json|starts)$/.test(name)) rmSync(join(system.folder, table, name));
    }
  }
}

function rolesAlive(): string[] {
  const leaders = listMarked(system.folder).filter(({ pid, sessionId }) => pid === sessionId);
  return leaders.map(({ mark }) => mark.role).sort();
}

describe('power loss in the middle of a load', () => {
  it.each([
    ['its records', false],
    ['no record of any process', true],
  ])('with %s left: `soak up` brings everything back, and the run comes to its end', async (_, isForgotten) => {
    const { workflowId, runKey } = await system.start('SoakWave', input);
    const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
    await sleep(Math.max(0, loadStartsAt + 6_000 - Date.now()));
    await killEverything();
    if (isForgotten) forgetRecords(runKey);

    const up = await system.soak('up');
    expect({ exitCode: up.exitCode, stderr: up.stderr }).toEqual({ exitCode: 0, stderr: '' });
    // The run goes on, so nothing of it was cleared away.
    expect(up.stdout).not.toContain('is over');
    const { outcome, reasons } = await system.result(workflowId);
    const file = system.readResult(runKey);
    const answers = new Map(file.verdict.answers.map(({ question, ...answer }) => [question, answer]));

    // Every second is accounted for, and every write that was acknowledged is still there.
    const { due, delivered, dropped, abandoned, unknown, inFlight } = file.load;
    expect(due).toBe(delivered + dropped + abandoned + unknown + inFlight);
    expect(delivered).toBeGreaterThan(0);
    expect(answers.get('no-lost-write')).toMatchObject({ outcome: 'pass' });
    expect(answers.get('seeding-reconciled')).toMatchObject({ outcome: 'pass' });
    // The target was down for longer than its budget, and that is what the verdict says.
    expect(['inconclusive', 'fail']).toContain(outcome);
    expect(reasons.join('\n')).toMatch(/no-unplanned-death|load-delivered|samples-present/);
    expect(file.outages.some(({ name }) => name === 'engine-0')).toBe(true);
    // Nothing plays a role twice.
    expect(rolesAlive()).toEqual([...new Set(rolesAlive())]);
    expect(readFileSync(join(system.folder, 'stack', 'stack.json'), 'utf8')).toContain('gateway-1');
  });
});
