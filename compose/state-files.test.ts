import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProcessRecord } from '#model/stack.ts';
import { readClaim, releaseClaim, takeClaim } from './claim.ts';
import { mendHeld, readDesired, readLease } from './held/desired-file.ts';
import { extendLease } from './held/lease.ts';
import { place } from './held/place.ts';
import { readIdentity } from './identity.ts';
import { readStackAddress } from './local/provision.ts';
import { clearLockNotes } from './lock-notes.ts';
import { withLock } from './lock.ts';
import { listUnreadable, readRecord, writeRecord } from './process-record.ts';
import { createProcessTable } from './process-table.ts';
import { markStateFolder, refuseStateFolder } from './state-folder.ts';

/** Every file of a state folder that can be spoilt: what is said, what is done, and that nothing of it is gone. */

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-spoilt-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const torn = '{"runKey":"run-1","ep';
const spoil = (name: string, text = torn): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const identity = readIdentity(process.pid) ?? { pid: 1, startTicks: 0 };
const record = (change: Partial<ProcessRecord> = {}): ProcessRecord => ({
  ...{ role: 'gateway-1', ...identity, incarnation: 3, startedAt: '2026-01-01T00:00:00.000Z' },
  spec: {
    ...{ role: 'gateway-1', command: 'node', args: [], env: {}, cwd: '/', ready: { kind: 'alive' } },
    ...{ readyWithinMs: 1, stopSignal: 'SIGTERM', stopWithinMs: 1 },
  },
  ...change,
});

describe('a process record', () => {
  it.each([
    ['torn', torn],
    ['empty', ''],
    ['somebody else’s', '{"pid":12}'],
    ['no JSON at all', '12\n'],
  ])('that is %s names nobody, is told, and is kept when it is replaced', (_, text) => {
    const path = spoil('gateway-1.json', text);
    const table = createProcessTable(folder);
    expect([table.adopt('gateway-1'), table.list()]).toEqual([undefined, []]);
    expect(listUnreadable(folder)).toEqual([path]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    writeRecord(folder, record());
    writeFileSync(path, 'again');
    writeRecord(folder, record());
    expect(readFileSync(`${path}.unreadable-1`, 'utf8')).toBe(text);
    expect(readFileSync(`${path}.unreadable-2`, 'utf8')).toBe('again');
    expect(table.adopt('gateway-1')?.incarnation).toBe(3);
  });

  it.each([
    [
      'of another machine, or of this one before it was started anew',
      { bootId: '00000000-0000-4000-8000-000000000000' },
    ],
    ['whose pid is somebody else’s process by now', { startTicks: identity.startTicks + 7 }],
    ['whose process is gone', { pid: 4_194_000 }],
  ])('%s counts as dead and stays', (_, change) => {
    writeRecord(folder, record(change));
    const table = createProcessTable(folder);
    expect(table.adopt('gateway-1')).toBeUndefined();
    expect(table.list()).toMatchObject([{ role: 'gateway-1', isAlive: false }]);
    expect(table.signal('gateway-1', 'SIGKILL')).toBe(false);
    expect(existsSync(join(folder, 'gateway-1.json'))).toBe(true);
  });

  it('with a key of a newer version is still read', () => {
    writeFileSync(join(folder, 'gateway-1.json'), JSON.stringify({ ...record(), colour: 'blue' }));
    expect(readRecord(folder, 'gateway-1')).toMatchObject({ incarnation: 3 });
  });
});

describe('the files of a held process', () => {
  beforeEach(() => {
    place({ folder, runKey: 'run-1', payload: 1 });
    place({ folder, runKey: 'run-1', payload: 1 });
    extendLease(folder, 2, 1_000);
  });

  it('are left alone while both can be read', () => {
    expect(mendHeld(folder)).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['desired.json', 'lease.json']);
  });

  it('desired.json: the lease tells the epoch, so that the next process is never behind one that lives', () => {
    const path = spoil('desired.json');
    expect(mendHeld(folder)).toEqual([`${path} could not be read and is kept as ${path}.unreadable-1`]);
    expect(readFileSync(`${path}.unreadable-1`, 'utf8')).toBe(torn);
    expect(place({ folder, runKey: 'run-1', payload: 1 }).epoch).toBe(3);
  });

  it('lease.json: the orders tell the epoch', () => {
    const path = spoil('lease.json');
    expect(mendHeld(folder)).toEqual([`${path} could not be read and is kept as ${path}.unreadable-1`]);
    expect([readDesired(folder)?.epoch, readLease(folder)]).toEqual([2, undefined]);
    expect(extendLease(folder, 2, 2_000)).toBe(true);
  });

  it('both: nobody guesses an epoch; what to do is said and nothing is moved', () => {
    const paths = [spoil('desired.json'), spoil('lease.json')];
    expect(() => mendHeld(folder)).toThrow(/wait 10 s.*then move both away/);
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual([torn, torn]);
  });
});

describe('a file that says whose something is', () => {
  const claim = { runKey: 'a', workflowId: 'soak/a', namespace: 'default', at: '2026-01-01T00:00:00.000Z' };

  it('claim.json: nobody takes or gives back what a torn claim holds', async () => {
    const path = spoil('claim.json');
    const said = /claim.json is not a stack claim.*when no run goes on.*move it away/;
    expect(() => readClaim(folder)).toThrow(said);
    await expect(takeClaim(folder, claim)).rejects.toThrow(said);
    await expect(releaseClaim(folder, 'a')).rejects.toThrow(said);
    expect(readFileSync(path, 'utf8')).toBe(torn);
  });

  it('stack.json: what to do is said', () => {
    const path = spoil('stack.json');
    expect(() => readStackAddress(folder)).toThrow(
      /does not describe a stack; move it away, and the next run writes it anew/,
    );
    expect(readFileSync(path, 'utf8')).toBe(torn);
  });

  it('state.json: a folder of a newer version is refused as it is, one of this version is not', () => {
    expect(refuseStateFolder(folder)).toBeUndefined();
    markStateFolder(folder);
    expect(refuseStateFolder(folder)).toBeUndefined();
    const path = spoil('state.json', '{"layout":2,"new":true}');
    expect(refuseStateFolder(folder)).toMatch(/layout 2.*knows 1.*another SOAK_HOME; nothing was touched/);
    markStateFolder(folder);
    expect(readFileSync(path, 'utf8')).toBe('{"layout":2,"new":true}');
    spoil('state.json');
    expect(refuseStateFolder(folder)).toMatch(
      /cannot be read.*write \{"layout":1\} into it; else take another SOAK_HOME/,
    );
  });
});

describe('notes of locks', () => {
  it('go when their holder died, and stay while it lives', async () => {
    mkdirSync(join(folder, 'table'));
    const table = join(folder, 'table');
    writeFileSync(join(table, 'load.lock'), 'pid 999999 (start 1) since 2026-01-01T00:00:00.000Z\n');
    await withLock(join(table, 'seed'), {}, async () => {
      expect(await clearLockNotes(table)).toEqual([join(table, 'load')]);
      expect(readdirSync(table)).toEqual(['seed.lock']);
    });
    expect(await clearLockNotes(join(folder, 'no-such-folder'))).toEqual([]);
  });
});
