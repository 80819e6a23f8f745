import { beforeEach, describe, expect, it } from 'vitest';
import type { FaultRecord } from '#model/evidence.ts';
import { fakeClock, fakeProcesses } from '../test/fake-processes.ts';
import { createRevival, type Revival } from './revival.ts';

let clock: ReturnType<typeof fakeClock>;
let processes: ReturnType<typeof fakeProcesses>;
let records: FaultRecord[];
let findings: string[];
beforeEach(() => {
  clock = fakeClock();
  processes = fakeProcesses('postgres', 'nginx');
  records = [];
  findings = [];
});

const revival = (): Revival =>
  createRevival({
    ...{ roles: ['postgres', 'nginx'], processes, clock },
    report: (finding) => findings.push(finding),
    record: (record) => records.push(record),
  });
async function tick(watched: Revival): Promise<void> {
  watched.revive(await watched.observe());
  await watched.settled();
}
const told = () => records.map(({ event, fault, victim, unplanned }) => ({ event, fault, victim, unplanned }));

describe('a part of the target that dies unasked', () => {
  it('is started, and down until it is ready, not until it runs', async () => {
    processes.down.add('postgres');
    processes.unready.add('postgres');
    const diedAt = clock.now();
    clock.during = () => {
      if (clock.now() >= diedAt + 3_000) processes.unready.clear();
      return Promise.resolve();
    };
    await tick(revival());
    const death = { fault: 'postgres-death-1', victim: 'postgres', unplanned: true };
    expect(told()).toEqual(['bit', 'recovering', 'healed-by-watchdog'].map((event) => ({ event, ...death })));
    expect(records.at(-1)?.at).toBe(diedAt + 3_000);
    expect(findings).toEqual(['unplanned-death', 'restarted']);
  });

  it('has one name, whichever watchdog finds it', async () => {
    processes.down.add('nginx');
    processes.broken.add('nginx');
    await tick(revival());
    processes.broken.clear();
    await tick(revival());
    expect(new Set(records.map(({ fault }) => fault))).toEqual(new Set(['nginx-death-1']));
    expect(records.at(-1)?.event).toBe('healed-by-watchdog');
  });

  it('dies again before it is ready: one outage, until it is ready at last', async () => {
    processes.down.add('nginx');
    processes.unready.add('nginx');
    clock.during = () => {
      if (processes.log.length === 1) processes.down.add('nginx');
      else processes.unready.clear();
      return Promise.resolve();
    };
    const watched = revival();
    await tick(watched);
    expect(records.map(({ event }) => event)).toEqual(['bit', 'recovering']);
    clock.pass(1_000);
    await tick(watched);
    expect(records.map(({ event }) => event)).toEqual(['bit', 'recovering', 'healed-by-watchdog']);
    expect(processes.log).toEqual(['start nginx', 'start nginx']);
  });

  it('keeps nobody else waiting', async () => {
    processes.down.add('postgres').add('nginx');
    processes.unready.add('postgres');
    const pauses: (() => void)[] = [];
    clock.pause = () => new Promise<void>((resolve) => void pauses.push(resolve));
    const watched = revival();
    watched.revive(await watched.observe());
    const healed = () => records.filter(({ event }) => event === 'healed-by-watchdog').map(({ victim }) => victim);
    await expect.poll(healed).toEqual(['nginx']);
    expect(pauses).toHaveLength(1);
  });
});

describe('a part of the target that is stopped by a signal', () => {
  it('is continued and never started: it lives', async () => {
    processes.stopped.add('nginx');
    await tick(revival());
    expect(processes.log).toEqual(['thaw nginx']);
    expect(records.map(({ event }) => event)).toEqual(['bit', 'recovering', 'healed-by-watchdog']);
    expect(findings).toEqual([]);
  });
});
