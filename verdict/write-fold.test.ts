import { describe, expect, it } from 'vitest';
import type { EvidenceRecord, ReadBackRecord, WriteRecord } from '#model/evidence.ts';
import * as synthetic from '../test/synthetic-run.ts';
import { foldEvidence } from './fold.ts';
import { judge } from './judge.ts';
import { createWriteFold } from './write-fold.ts';

const readBack = (source: string, at: number, [present, deleted]: readonly [number, number]): ReadBackRecord => ({
  ...{ kind: 'read-back', source, at, present, deleted },
  ...{ indeterminate: 2, checked: present + deleted, untracked: 0 },
});

describe('what load wrote', () => {
  it('is what the last read-back says, and what was alive at the end what the first one found', () => {
    const fold = createWriteFold(0);
    fold.addReadBack(readBack('verify', 30, [0, 45]));
    fold.addReadBack(readBack('kill-gateway-2', 10, [7, 20]));
    fold.addReadBack(readBack('verify', 20, [5, 40]));
    fold.addReadBack(readBack('verify', 25, [3, 42]));
    expect(fold.summary()).toEqual({
      ...{ present: 0, deleted: 45, indeterminate: 2, untracked: 0, liveAtEnd: 7 },
      readBacks: [{ fault: 'kill-gateway-2', at: 10, checked: 27 }],
    });
  });

  it('is counted from single records where no read-back was made, as in older runs', () => {
    const fold = createWriteFold(100);
    const write = (objectId: number, at: number, state: WriteRecord['state']): void => {
      fold.add({ kind: 'write', at, objectId, state, ownerId: 1, description: '' });
    };
    write(1, 10, 'present');
    write(2, 20, 'deleted');
    write(2, 10, 'present');
    write(3, 500, 'deleted');
    expect(fold.summary()).toEqual({ present: 1, deleted: 2, indeterminate: 0, liveAtEnd: 2, untracked: 0 });
  });
});

describe('the question whether a write was lost', () => {
  const plan = synthetic.syntheticPlan();
  const fault = plan.faults[0]?.fault ?? '';

  async function answer(more: readonly EvidenceRecord[]) {
    const evidence = await foldEvidence({
      ...{ plan, loadStartsAt: synthetic.loadStartsAt },
      records: [...synthetic.syntheticRecords(plan), ...more],
    });
    const { syntheticSeeded: seeded, syntheticVerification: verification, operationsOfMix: operations } = synthetic;
    const { answers } = judge({ plan, evidence, seeded, verification, operations, steps: synthetic.syntheticSteps() });
    return answers.find(({ question }) => question === 'no-lost-write');
  }

  it('stays open when it was not read back after a fault that had healed', async () => {
    const verify = readBack('verify', 20, [5, 40]);
    expect(await answer([verify, readBack(fault, 10, [7, 20])])).toMatchObject({ outcome: 'pass' });
    const skipped = await answer([verify]);
    expect(skipped).toMatchObject({
      outcome: 'inconclusive',
      reason: `What was written was not read back after ${fault}.`,
    });
  });

  it('is answered by what was found beside the load, even if the end finds nothing', async () => {
    const detail = `after ${fault}, object 7 of user 3 is there, and was deleted or refused`;
    const finding = { kind: 'finding', at: 9, source: 'read-back', finding: 'resurrected', detail } as const;
    expect(await answer([finding])).toMatchObject({ outcome: 'fail', measured: 1 });
  });
});
