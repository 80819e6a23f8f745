import { describe, expect, it } from 'vitest';
import { isSame, parseProcessStat, readIdentity } from './identity.ts';

const tail = '1 42 42 0 -1 4194560 100 0 0 0 5 3 0 0 20 0 11 0 987654 1000000 2000 18446744073709551615';

describe('parseProcessStat', () => {
  it.each([
    ['node', `42 (node) S ${tail}`],
    ['tmux: server (1) x', `42 (tmux: server (1) x) S ${tail}`],
    [') S 7 7 (', `42 () S 7 7 () S ${tail}`],
  ])('finds the fields after the command %j', (command, line) => {
    expect(parseProcessStat(line)).toEqual({
      pid: 42,
      command,
      state: 'S',
      parentPid: 1,
      groupId: 42,
      sessionId: 42,
      startTicks: 987_654,
    });
  });

  it.each(['', '42 (node', '42 (node) S 1 42'])('says undefined for %j', (line) => {
    expect(parseProcessStat(line)).toBeUndefined();
  });
});

describe('isSame', () => {
  it('is true of this process and false of another that had its pid', () => {
    const identity = readIdentity(process.pid);
    if (identity === undefined) throw new Error('no /proc');
    expect(isSame(identity)).toBe(true);
    expect(isSame({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
  });

  it('is false after a reboot, even where pid and start time come again; an older record has no boot to compare', () => {
    const identity = readIdentity(process.pid);
    if (identity === undefined) throw new Error('no /proc');
    expect(identity.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(isSame({ ...identity, bootId: '00000000-0000-4000-8000-000000000000' })).toBe(false);
    expect(isSame({ pid: identity.pid, startTicks: identity.startTicks })).toBe(true);
  });
});
