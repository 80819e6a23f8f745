import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readClaim, releaseClaim, replaceClaim, takeClaim } from './claim.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-claim-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const claimOf = (runKey: string) => ({
  runKey,
  workflowId: `soak/${runKey}`,
  namespace: 'default',
  at: '2026-01-01T00:00:00.000Z',
});

describe('the stack claim', () => {
  it('goes to exactly one of many that want it at once', async () => {
    const takers = Array.from({ length: 8 }, (_, index) => takeClaim(folder, claimOf(`run-${index}`)));
    const taken = await Promise.all(takers);
    expect(taken.filter((each) => each.taken)).toHaveLength(1);
    const owner = readClaim(folder)?.runKey;
    for (const each of taken) if (!each.taken) expect(each.owner.runKey).toBe(owner);
  });

  it('stays with the run that has it when that asks again', async () => {
    await takeClaim(folder, claimOf('a'));
    expect(await takeClaim(folder, claimOf('a'))).toEqual({ taken: true });
  });

  it('is given back by its owner only', async () => {
    await takeClaim(folder, claimOf('a'));
    expect(await releaseClaim(folder, 'b')).toBe(false);
    expect(await releaseClaim(folder, 'a')).toBe(true);
    expect(await takeClaim(folder, claimOf('b'))).toEqual({ taken: true });
  });

  it('is replaced only while the owner is the one that was found closed', async () => {
    await takeClaim(folder, claimOf('a'));
    expect(await replaceClaim(folder, 'x', claimOf('b'))).toBe(false);
    expect(await replaceClaim(folder, 'a', claimOf('b'))).toBe(true);
    expect(await replaceClaim(folder, 'a', claimOf('c'))).toBe(false);
    expect(readClaim(folder)?.runKey).toBe('b');
  });

  it('is nobody’s to guess when its file is torn', async () => {
    writeFileSync(join(folder, 'claim.json'), '{"runKey":');
    await expect(takeClaim(folder, claimOf('a'))).rejects.toThrow('is not a stack claim');
  });
});
