import { describe, expect, it, vi } from 'vitest';
import type { PlanSummary } from '#model/plan.ts';
import { inActivity } from '../test/activity-environment.ts';
import { createPlanActivities, type Planner } from './plan.ts';

const request = { runKey: 'r', workflowId: 'w', workflow: 'SoakWave', input: { wave: 'smol' } } as const;
const problems = ['wave: given "smol"; did you mean small?', 'users: given -1; it must be at least 1'];
const refused = { type: 'InvalidInput', nonRetryable: true, message: problems.join('\n') };

const activitiesOf = (planner: Partial<Planner>) =>
  createPlanActivities({
    plan: () => Promise.resolve({ problems }),
    waves: () => Promise.resolve({ problems }),
    ...planner,
  });

describe('planRun', () => {
  it('refuses an input that does not parse with every problem at once, not to be tried again', async () => {
    const activities = activitiesOf({});
    await expect(inActivity(() => activities.planRun(request))).rejects.toMatchObject(refused);
  });

  it('plans what it was asked for and answers with the summary', async () => {
    const summary = { planHash: 'abc' } as PlanSummary;
    const plan = vi.fn<Planner['plan']>().mockResolvedValue({ summary });
    expect(await inActivity(() => activitiesOf({ plan }).planRun(request))).toBe(summary);
    expect(plan).toHaveBeenCalledExactlyOnceWith(request);
  });
});

describe('planWaves', () => {
  const cycle = { runKey: 'r', workflowId: 'w', input: { waves: ['smoke', 'small'] } };

  it('refuses an input that does not parse with every problem at once, not to be tried again', async () => {
    const activities = activitiesOf({});
    await expect(inActivity(() => activities.planWaves(cycle))).rejects.toMatchObject(refused);
  });

  it('answers with the input of each wave, in order', async () => {
    const waves = [
      { wave: 'smoke', input: { wave: 'smoke' } },
      { wave: 'small', input: { wave: 'small' } },
    ] as const;
    const planWaves = vi.fn<Planner['waves']>().mockResolvedValue({ waves: [...waves] });
    expect(await inActivity(() => activitiesOf({ waves: planWaves }).planWaves(cycle))).toEqual({ waves });
    expect(planWaves).toHaveBeenCalledExactlyOnceWith(cycle);
  });
});
