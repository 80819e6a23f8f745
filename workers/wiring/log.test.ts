import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const code = `
  const { createLog } = await import('./workers/wiring/log.ts');
  const log = createLog({ logLevel: 'info', host: 'h' }, 'seed');
  process.once('SIGTERM', () => { log.info('ending'); setTimeout(() => process.exit(0), 50); });
  log.info('working');
  setTimeout(() => { log.warn('still there'); process.kill(process.pid, 'SIGTERM'); }, 50);
  setTimeout(() => process.exit(3), 5000);
`;

describe('createLog', () => {
  it('keeps no process from ending when nobody can take its lines any more', () => {
    // Writing to it fails as writing to a terminal does that is gone.
    const unwritable = openSync('/dev/null', 'r');
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', unwritable, 'pipe'],
      encoding: 'utf8',
      // Without the care of our own, it never ends.
      ...{ timeout: 15_000, killSignal: 'SIGKILL' },
    });
    closeSync(unwritable);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }, 20_000);

  it('writes a line of JSON a message, with role and pid', () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([{ role: 'seed', msg: 'working' }, { msg: 'still there' }, { msg: 'ending' }]);
  });
});
