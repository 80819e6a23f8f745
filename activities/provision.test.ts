import { describe, expect, it, vi } from 'vitest';
import { inActivity } from '../test/activity-environment.ts';
import { createProvisionActivities, type Provisioner } from './provision.ts';

const run = { runKey: 'run-1', workflowId: 'soak/smoke/1', planHash: 'abc' };

/** A host that is free and fit; notes in order what was asked of it. */
function createHost(change: Partial<Provisioner> = {}): Provisioner & { asked: string[] } {
  const asked: string[] = [];
  const note = <T>(what: string, answer: T): Promise<T> => {
    asked.push(what);
    return Promise.resolve(answer);
  };
  return {
    host: 'host-1',
    asked,
    problems: () => note('problems', []),
    claim: () => note('claim', { taken: true as const, note: 'nothing stands in the way' }),
    provision: () => note('provision', { note: '9 processes', processes: 9 }),
    release: (_, keep) => note(`release, keeping ${keep}`, { note: 'released' }),
    ...change,
  };
}

const preflight = (host: Provisioner) => inActivity(() => createProvisionActivities(host).preflight(run));

describe('preflight', () => {
  it('takes the claim and keeps it when nothing stands in the way', async () => {
    const host = createHost();
    expect(await preflight(host)).toEqual({ note: 'nothing stands in the way' });
    expect(host.asked).toEqual(['claim', 'problems']);
  });

  it('names the run that holds the stack, touches nothing of it and is not tried again', async () => {
    const release = vi.fn<Provisioner['release']>();
    const owner = 'soak/large/7 (run run-7)';
    const host = createHost({ claim: () => Promise.resolve({ taken: false, owner }), release });
    await expect(preflight(host)).rejects.toMatchObject({
      type: 'StackBusy',
      nonRetryable: true,
      message: expect.stringContaining(owner) as string,
    });
    expect(release).not.toHaveBeenCalled();
  });

  it('lists every problem at once, is not tried again, and gives the claim back without ending the stack', async () => {
    const problems = ['disk: 3 GB are free, 29 GB are needed', 'nginx: not found; install it'];
    const host = createHost({ problems: () => Promise.resolve(problems) });
    await expect(preflight(host)).rejects.toMatchObject({
      type: 'PreflightFailed',
      nonRetryable: true,
      message: problems.join('\n'),
    });
    expect(host.asked).toEqual(['claim', 'release, keeping stack']);
  });
});

describe('release', () => {
  it.each(['stack', 'nothing'] as const)('passes on which run it is and that it keeps %s', async (keep) => {
    const release = vi.fn<Provisioner['release']>().mockResolvedValue({ note: 'released' });
    const activities = createProvisionActivities(createHost({ release }));
    await inActivity(() => activities.release({ ...run, keep }));
    expect(release).toHaveBeenCalledExactlyOnceWith(run, keep);
  });
});

describe('locateHost', () => {
  it('answers with the stable name of the host, which its queue is called by', async () => {
    expect(await createProvisionActivities(createHost()).locateHost()).toEqual({ host: 'host-1' });
  });
});
