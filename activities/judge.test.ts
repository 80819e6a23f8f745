import { describe, expect, it } from 'vitest';
import { questions, type Verdict } from '#model/verdict.ts';
import { inActivity } from '../test/activity-environment.ts';
import { createJudgeActivities, type Judge } from './judge.ts';

const request = { runKey: 'r', workflowId: 'w', planHash: 'h', steps: [], seeded: [] };
const never = (): Promise<never> => Promise.reject(new Error('not asked for'));

const judge = (answers: Verdict['answers']) => {
  const verdict: Verdict = { outcome: 'fail', headline: 'fail: it did', answers, notCovered: [] };
  const judging: Judge = { judge: () => Promise.resolve(verdict), report: never, checkpoint: never, compare: never };
  return inActivity(() => createJudgeActivities(judging).judge(request));
};

describe('judge', () => {
  it('gives as reasons what did not pass, and nothing else', async () => {
    const answered = await judge([
      { question: 'error-rate', outcome: 'fail', reason: '3 % failed.' },
      { question: 'no-lost-write', outcome: 'pass', reason: 'None was lost.' },
      { question: 'samples-present', outcome: 'inconclusive', reason: 'Few.' },
    ]);
    expect(answered).toEqual({
      outcome: 'fail',
      headline: 'fail: it did',
      reasons: ['error-rate: 3 % failed.', 'samples-present: Few.'],
    });
  });

  it('carries at most ten reasons of 250 characters through the history', async () => {
    const long = questions.map((question) => ({ question, outcome: 'fail' as const, reason: 'x'.repeat(9_000) }));
    const { reasons } = await judge(long);
    expect(reasons).toHaveLength(10);
    expect(reasons.map(({ length }) => length)).toEqual(reasons.map(() => 250));
  });
});
