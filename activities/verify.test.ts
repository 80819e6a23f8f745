import { describe, expect, it } from 'vitest';
import type { Verification } from '#model/activities.ts';
import { inActivity } from '../test/activity-environment.ts';
import { createVerifyActivities } from './verify.ts';

const run = { runKey: 'r', workflowId: 'w', planHash: 'h' };
const clean: Verification = {
  checked: 120,
  lost: [],
  resurrected: [],
  indeterminate: 0,
  remaining: 3,
  scopeAudited: 20,
  scopeDifferences: [],
  seedDifferences: [],
};

const verify = (found: Verification): Promise<Verification> =>
  inActivity(() => createVerifyActivities({ verify: () => Promise.resolve(found) }).verify(run));

describe('verify', () => {
  it('passes on what was found', async () => {
    const found = { ...clean, lost: ['tool 7'], seedDifferences: ['teams: 4999 rows instead of 5000'] };
    expect(await verify(found)).toEqual(found);
  });

  it.each(['lost', 'resurrected', 'scopeDifferences', 'seedDifferences'] as const)(
    'cuts %s at ten and says how many more there are, because a workflow carries it',
    async (list) => {
      const names = Array.from({ length: 5_000 }, (_, index) => `object ${index}`);
      const cut = await verify({ ...clean, [list]: names });
      expect(cut).toEqual({ ...clean, [list]: [...names.slice(0, 10), 'and 4990 more'] });
    },
  );

  it('leaves a list of exactly ten as it is', async () => {
    const lost = Array.from({ length: 10 }, (_, index) => `object ${index}`);
    expect((await verify({ ...clean, lost })).lost).toEqual(lost);
  });
});
