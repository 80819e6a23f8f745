import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Context, createContext } from './context.ts';
import { readEnvironment } from './environment.ts';
import { createJanitor } from './janitor.ts';
import { journalFindings, readFindings } from './janitor-journal.ts';
import { findLeftovers } from './run-leftovers.ts';
import { healHalfMade, readPopulation } from './stack-leftovers.ts';

let home = '';
let context: Context;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'soakwave-janitor-'));
  // Where the server's user gets to, the data are in the stack's folder.
  chmodSync(home, 0o755);
  context = createContext(readEnvironment({ SOAK_HOME: home, PATH: '/usr/bin' }), pino({ level: 'silent' }));
});
afterEach(async () => {
  await context.store.close();
  rmSync(home, { recursive: true });
});

const unreachable = () => Promise.reject(new Error('Temporal does not answer'));
const write = (path: string, text: string): string => {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), text);
  return join(home, path);
};

describe('the janitor', () => {
  it('is silent where nothing is left behind, in a new folder too', async () => {
    const janitor = createJanitor(context, unreachable);
    expect(await janitor.beforeStart()).toEqual([]);
    expect(await janitor.sweep()).toEqual([]);
    expect(await janitor.endStragglers()).toEqual([]);
    expect(readFindings(home)).toEqual([]);
  });

  it('refuses the folder of a newer version before it touches anything', async () => {
    const state = write('state.json', '{"layout":99}');
    const note = write('workers/load.lock', 'pid 999999');
    await expect(createJanitor(context, unreachable).beforeStart()).rejects.toMatchObject({ name: 'NotUp' });
    expect([readFileSync(state, 'utf8'), existsSync(note)]).toEqual(['{"layout":99}', true]);
  });

  it('names each spoilt record and each note of a dead holder, once in words and once in the journal', async () => {
    const path = write('workers/load.json', '{"pid":');
    write('workers/seed.lock', 'pid 999999');
    // Files beside tables are no records.
    write('runs/run-1/held/identities-0.json', '[]');
    write('runs/run-1/held/engine-0/desired.json', '{}');
    write('stack/population.json', '{}');
    const told = await createJanitor(context, unreachable).beforeStart();
    expect(told).toEqual([
      expect.stringContaining(`${path} is no process record: its role counts as dead`),
      expect.stringContaining(`1 notes of locks whose holders had died`),
    ]);
    expect(readFindings(home).map(({ found }) => found)).toEqual(told);
    expect(readFileSync(path, 'utf8')).toBe('{"pid":');
  });

  it('leaves a run alone of which Temporal cannot tell, and the stack that such a run has', async () => {
    const segment = write('runs/run-1/spool/engine-0.1.0.ndjson.part', '');
    const scrap = write('stack/pgdata.new/PG_VERSION', '15');
    const claim = { runKey: 'run-1', workflowId: 'soak/x', namespace: 'default', at: '2026-01-01T00:00:00.000Z' };
    const claimed = write('stack/claim.json', JSON.stringify(claim));
    expect(await createJanitor(context, unreachable).sweep()).toEqual([]);
    expect([segment, scrap, claimed].map((path) => existsSync(path))).toEqual([true, true, true]);
  });

  it('leaves the stack to a person when its claim cannot be read', async () => {
    const claim = write('stack/claim.json', '{"runKey"');
    const scrap = write('stack/pgdata.new/PG_VERSION', '15');
    expect(await createJanitor(context, unreachable).sweep()).toEqual([
      expect.stringMatching(/not a stack claim.*move it away; the stack was left alone/),
    ]);
    expect([existsSync(claim), existsSync(scrap)]).toEqual([true, true]);
  });

  it('turns runs/latest to the newest report, or takes it away', async () => {
    mkdirSync(join(home, 'runs'), { recursive: true });
    symlinkSync('gone', join(home, 'runs', 'latest'));
    expect(await createJanitor(context, unreachable).sweep()).toEqual([
      'runs/latest pointed to gone, which is not there: removed',
    ]);
    expect(lstatSync(join(home, 'runs', 'latest'), { throwIfNoEntry: false })).toBeUndefined();
    write('runs/run-7/report.html', '');
    symlinkSync('gone', join(home, 'runs', 'latest'));
    await createJanitor(context, unreachable).sweep();
    expect(readlinkSync(join(home, 'runs', 'latest'))).toBe('run-7');
  });
});

describe('a half-made stack that nobody has', () => {
  it('loses the scrap of an initdb that died', () => {
    const scrap = write('stack/pgdata.new/PG_VERSION', '15');
    expect(healHalfMade(context)).toEqual([expect.stringMatching(/initdb died half-way .*: removed/)]);
    expect(existsSync(scrap)).toBe(false);
  });

  it('is told when its data set is not known, and its data stay', () => {
    const data = write('stack/pgdata/PG_VERSION', '15');
    expect(healHalfMade(context)).toEqual([expect.stringContaining('is of no known data set')]);
    const population = write('stack/population.json', '{"users":10');
    expect(readPopulation(context.places.stack)).toBe('unreadable');
    expect(healHalfMade(context)).toEqual([expect.stringMatching(/population.json cannot be read: .*delete the file/)]);
    expect([existsSync(data), readFileSync(population, 'utf8')]).toEqual([true, '{"users":10']);
  });

  it('is nothing to speak of when it is whole', () => {
    write('stack/pgdata/PG_VERSION', '15');
    write('stack/population.json', '{"users":10}');
    expect(healHalfMade(context)).toEqual([]);
  });
});

describe('what a run left behind', () => {
  it('is nothing for a run that stored everything', async () => {
    write('runs/run-1/spool/engine-0.1.0.ndjson.done', '');
    write('runs/run-1/held/engine-0/desired.json', '{}');
    expect(await findLeftovers(context, { runKey: 'run-1', orphans: [] })).toBeUndefined();
  });

  it('is named: segments that nobody stored, and a lease that is none, which stays', async () => {
    write('runs/run-1/spool/engine-0.1.0.ndjson', '');
    write('runs/run-1/spool/engine-0.1.1.ndjson.part', '');
    const lease = write('runs/run-1/faults/kill-gateway-2.json', '{"runKey":');
    const left = await findLeftovers(context, { runKey: 'run-1', orphans: [] });
    expect(left).toMatchObject({ segments: 2, openFaults: [], held: [] });
    expect(left?.unreadableFaults).toEqual([`${lease} is not a lease`]);
    expect(readFileSync(lease, 'utf8')).toBe('{"runKey":');
  });
});

describe('the journal', () => {
  it('keeps the newest hundred and passes over a torn line', () => {
    for (let batch = 0; batch < 3; batch += 1) {
      journalFindings(
        home,
        Array.from({ length: 50 }, (_, index) => `finding ${batch * 50 + index}`),
      );
    }
    writeFileSync(join(home, 'janitor.ndjson'), `${readFileSync(join(home, 'janitor.ndjson'), 'utf8')}{"at":`);
    const found = readFindings(home).map((line) => line.found);
    expect([found.length, found[0], found.at(-1)]).toEqual([100, 'finding 50', 'finding 149']);
  });
});
