import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvidenceSummary } from '#model/evidence-summary.ts';
import type { Answer, Question } from '#model/verdict.ts';
import { startSystem, type System } from './system.ts';

const input = { wave: 'smoke', duration: '14s', window: '7s', users: 20, faults: 'none', keep: 'stack' };
const deathAfterMs = 6_000;

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

interface Death {
  readonly outcome: string;
  readonly evidence: EvidenceSummary;
  readonly answerTo: (question: Question) => Answer | undefined;
  readonly failed: readonly Question[];
  readonly killedAt: number;
}

/** A run in whose load one part of the target, with all that it forked, gets a signal from outside, once. */
async function runWithDeath(role: string, signal: 'SIGKILL' | 'SIGSTOP'): Promise<Death> {
  const { workflowId, runKey } = await system.start('SoakWave', input);
  const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
  await sleep(Math.max(0, loadStartsAt + deathAfterMs - Date.now()));
  const killedAt = Date.now();
  process.kill(-system.record(role).pid, signal);
  const { outcome } = await system.result(workflowId);
  const { answers } = system.readResult(runKey).verdict;
  const text = readFileSync(join(system.folder, 'runs', runKey, 'evidence.json'), 'utf8');
  return {
    ...{ outcome, killedAt, evidence: EvidenceSummary.parse(JSON.parse(text)) },
    answerTo: (question) => answers.find((answer) => answer.question === question),
    failed: answers.flatMap((answer) => (answer.outcome === 'fail' ? [answer.question] : [])),
  };
}

/**
 * `tolerated`: the target works without it for a moment. The others fail whatever they had in flight, and a load this short
 * tolerates not one failed iteration, so what is said of them follows from what was counted.
 */
const deaths = [
  ['gateway-1', 'SIGKILL', 'as counted'],
  ['gateway-1', 'SIGSTOP', 'as counted'],
  ['postgres', 'SIGKILL', 'as counted'],
  ['nginx', 'SIGKILL', 'as counted'],
  ['redis', 'SIGKILL', 'tolerated'],
  ['mocks', 'SIGKILL', 'tolerated'],
  ['prometheus', 'SIGKILL', 'tolerated'],
] as const;

const table: string[] = [
  '| part | signal | found after | ready after | iterations failed | `no-unplanned-death` |',
  '| --- | --- | --- | --- | --- | --- |',
];
afterAll(() => {
  console.log(table.join('\n'));
});

describe('a part of the target that is killed from outside during the load', () => {
  it.each(deaths)(
    '%s (%s) is back by itself, and is the one thing that the verdict speaks of: %s',
    async (role, signal, expected) => {
      const { evidence, answerTo, failed, killedAt, outcome } = await runWithDeath(role, signal);
      const [outage] = evidence.unplannedOutages;
      const death = evidence.faults.find(({ victim }) => victim === role);
      const after = (at: number | undefined): number => (at ?? Number.NaN) - killedAt;
      const ended = evidence.iterations.ok + evidence.iterations.failed;
      const cost = outage?.iterationsFailed ?? Number.NaN;
      const answer = answerTo('no-unplanned-death');
      table.push(
        `| ${role} | ${signal} | ${after(death?.bitAt)} ms | ${after(death?.healedAt)} ms | ${cost} of ${ended} | ${answer?.outcome ?? ''} |`,
      );
      console.log(answer?.reason, answerTo('no-lost-write')?.reason);

      expect(evidence.unplannedOutages).toHaveLength(1);
      expect(outage?.name).toBe(role);
      const named = expect.stringMatching(`^${role}-(death|stop)-\\d+$`) as string;
      expect(death).toMatchObject({ fault: named, unplanned: true, healedBy: 'watchdog' });
      expect(after(death?.recoveringAt)).toBeLessThan(1_000);

      const isTolerated = cost <= ended * 0.001 && (outage?.to ?? Infinity) - (outage?.from ?? 0) <= 5_000;
      expect(answer?.outcome).toBe(isTolerated ? 'pass' : 'fail');
      if (expected === 'tolerated') expect(answer?.outcome).toBe('pass');
      expect(answer?.reason).toContain(`Down unasked: ${role} for `);
      expect(answer?.reason).toContain(`${cost} of ${ended} iterations failed meanwhile`);
      // One reason, not five: errors meanwhile, and unanswered writes, are nobody else's.
      expect(failed).toEqual(isTolerated ? [] : ['no-unplanned-death']);
      expect(outcome === 'fail').toBe(!isTolerated);
      expect(answerTo('error-rate')).toMatchObject({ outcome: 'pass', measured: 0 });
      // What was acknowledged is there, also of a database that was killed: unanswered writes may be either way.
      expect(answerTo('no-lost-write')?.outcome).toBe('pass');
      expect(answerTo('no-scope-leak')?.outcome).toBe('pass');
    },
    240_000,
  );
});
