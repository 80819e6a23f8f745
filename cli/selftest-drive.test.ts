import { describe, expect, it } from 'vitest';
import { operatorRequests } from '#model/operator.ts';
import { listCases } from './selftest-cases.ts';
import { driveCase } from './selftest-drive.ts';
import type { OperatorAnswer } from './service.ts';
import type { VerbContext } from './verb.ts';

/** A load that began an hour ago, so that each look finds a pause that is due, and that ends after so many looks. */
async function drive(looks: number, answer: OperatorAnswer['kind'], state = 'bit, healed by injection') {
  const asked = listCases(['leak-per-fault']).find(({ name }) => name === 'leak-per-fault');
  if (asked === undefined) throw new Error('there is no such case');
  const told: { request: unknown }[] = [];
  const faults: { fault: string; state: string }[] = [];
  let end: (result: unknown) => void = () => undefined;
  const service = {
    startRun: () => Promise.resolve({ workflowId: 'selftest', runKey: 'key' }),
    result: () => new Promise((resolve) => (end = resolve)),
    progress: () => Promise.resolve({ phase: 'load', loadStartsAt: Date.now() - 3_600_000, faults }),
    tell(order: { request: unknown }) {
      told.push(order);
      if (answer === 'accepted') faults.push({ fault: 'pause', state });
      if (told.length === looks) end({ outcome: 'pass' });
      return Promise.resolve({ kind: answer, problem: 'hold: a duration is a number and a unit' });
    },
  };
  const context = { service, now: () => 0, sleep: () => Promise.resolve(), interrupted: new AbortController().signal };
  const display = { show: () => undefined };
  return { told, ...(await driveCase(asked, context as unknown as VerbContext, { seed: 1, keep: 'nothing', display } as unknown as Parameters<typeof driveCase>[2])) }; // prettier-ignore
}

describe('a case whose load is disturbed', () => {
  it('has its gateway stopped when it is time', async () => {
    const { told, undisturbed } = await drive(25, 'accepted');
    expect(told).toHaveLength(25);
    expect(told[0]?.request).toMatchObject({ kind: 'pause-gateway', victim: 'gateway-1', hold: '1.5s' });
    expect(operatorRequests.injectFault.safeParse(told[0]?.request).success).toBe(true);
    expect(undisturbed).toBeUndefined();
  });

  it('says how many of its pauses bit when they are too few', async () => {
    expect((await drive(25, 'rejected')).undisturbed).toBe(
      '0 of 25 pauses bit: hold: a duration is a number and a unit',
    );
    expect((await drive(25, 'accepted', 'did not bite, healed by injection')).undisturbed).toBe(
      '0 of 25 pauses bit: the others came too late',
    );
    expect((await drive(19, 'accepted')).undisturbed).toMatch(/^1[89] of 25 pauses bit: the others came too late$/);
    expect((await drive(22, 'accepted')).undisturbed).toBeUndefined();
  });
});
