import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isEvidenceEnding, openBaseTable, startBase, stopBase } from '#compose/base/base.ts';
import { findBinary } from '#compose/binaries.ts';
import { examine, versionsOf } from '#compose/doctor.ts';
import { isSame } from '#compose/identity.ts';
import { freePort } from './free-port.ts';

const search = {
  searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
  cacheFolder: join(homedir(), '.cache', 'soakwave', 'bin'),
};
const temporal = findBinary('temporal', search);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-base-'));
  // The server's user has to get to its data.
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  await stopBase(folder);
  rmSync(folder, { recursive: true });
});

async function baseOptions() {
  const ports = { port: await freePort(), uiPort: await freePort(), metricsPort: await freePort() };
  return { ...search, baseFolder: folder, temporal: ports, evidencePort: await freePort(), withTemporal: true };
}

describe.runIf(temporal !== undefined)('the base', () => {
  it('keeps runs for 30 days and knows our search attributes, from the first start and after being killed', async () => {
    const options = await baseOptions();
    const { temporalAddress = '', evidenceUrl } = await startBase(options);
    const table = openBaseTable(folder);
    const client = new pg.Client({ connectionString: evidenceUrl });
    await client.connect();
    await client.query('create table kept (x int)');
    await client.end();

    const before = table.list();
    for (const { role } of before) table.signal(role, 'SIGKILL');
    await expect.poll(() => before.some((record) => isSame(record))).toBe(false);
    await startBase(options);
    expect(table.list().map(({ role, incarnation, isAlive }) => [role, incarnation, isAlive])).toEqual([
      ['evidence', 2, true],
      ['temporal', 2, true],
    ]);

    const ask = async (...args: string[]): Promise<string> =>
      (await execa(temporal ?? '', ['operator', ...args, '--address', temporalAddress, '--output', 'json'])).stdout;
    expect(await ask('namespace', 'describe', '--namespace', 'default')).toMatch(
      /"workflowExecutionRetentionTtl": "2592000s"/,
    );
    const attributes = await ask('search-attribute', 'list', '--namespace', 'default');
    for (const name of ['SoakWave', 'SoakPhase', 'SoakTarget', 'SoakVerdict'])
      expect(attributes).toContain(`"${name}"`);
    const again = new pg.Client({ connectionString: evidenceUrl });
    await again.connect();
    expect((await again.query('select * from kept')).rowCount).toBe(0);
    await again.end();
  });

  it('starts an evidence store anew that was told to end and waits for its clients', async () => {
    const options = { ...(await baseOptions()), withTemporal: false };
    const { evidenceUrl } = await startBase(options);
    const client = new pg.Client({ connectionString: evidenceUrl });
    client.on('error', () => undefined); // it is cut off in the end
    await client.connect();
    expect(isEvidenceEnding(folder)).toBe(false);
    openBaseTable(folder).signal('evidence', 'SIGTERM');
    await expect.poll(() => isEvidenceEnding(folder)).toBe(true);
    await startBase(options);
    expect(isEvidenceEnding(folder)).toBe(false);
    const next = new pg.Client({ connectionString: evidenceUrl });
    await next.connect();
    expect((await next.query('select 1')).rowCount).toBe(1);
    await next.end();
  });

  it('leaves the Temporal server out when it is somebody else’s', async () => {
    const address = await startBase({ ...(await baseOptions()), withTemporal: false });
    expect(Object.keys(address)).toEqual(['evidenceUrl']);
    expect(await stopBase(folder)).toEqual(['evidence']);
  });
});

describe('examine', () => {
  it('says of each prerequisite where it is, or what to do', async () => {
    const { prerequisites } = await examine({ ...search, stateFolder: folder, withTemporal: true });
    const names = [
      'Node.js',
      'PostgreSQL',
      'Redis',
      'nginx',
      'Prometheus',
      'Temporal CLI',
      'npm',
      'Chromium',
      'Locust',
      'k6',
    ];
    expect(prerequisites.map(({ name }) => name)).toEqual(names);
    for (const each of prerequisites) {
      if (each.path === undefined) expect(each.whatToDo).toBeTruthy();
      else expect(each.version).toMatch(/^\d+/);
    }
  });

  it('tells the versions of those that are asked for, and asks no other', async () => {
    const versions = await versionsOf(['postgres', 'nginx'], search);
    expect(Object.keys(versions)).toEqual(['Node.js', 'PostgreSQL', 'nginx']);
    expect(Object.values(versions)).toEqual(
      Object.values(versions).map(() => expect.stringMatching(/^\d+\./) as string),
    );
  });
});
