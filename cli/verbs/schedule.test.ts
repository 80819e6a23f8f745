import { describe, expect, it } from 'vitest';
import { parseInput } from '#model/parse-input.ts';
import { nightly, running, soak } from '../../test/command-line.ts';
import type { ScheduleOrder, Schedules } from '../service.ts';

const schedules = (replaced: Partial<Schedules>) => ({
  service: { schedules: { list: () => Promise.resolve([nightly]), ...replaced } as Schedules },
});

describe('soak schedule create', () => {
  it.each<[string[], ScheduleOrder]>([
    [
      ['nightly', '--wave', 'small', '--users', '50', '--cron', '0 2 * * 0'],
      {
        name: 'nightly',
        workflow: 'SoakWave',
        input: { wave: 'small', users: 50, onBlocked: 'abort' },
        when: { cron: '0 2 * * 0', timeZone: 'UTC' },
      },
    ],
    [
      [
        'weekend',
        '--workflow',
        'StabilityRun',
        '--wave=small',
        '--duration=48h',
        '--cron=@weekly',
        '--time-zone=Asia/Tokyo',
      ],
      {
        name: 'weekend',
        workflow: 'StabilityRun',
        input: { wave: 'small', duration: '48h', onBlocked: 'abort' },
        when: { cron: '@weekly', timeZone: 'Asia/Tokyo' },
      },
    ],
    [
      ['cycle', '--workflow', 'AllWaves', '--wave', 'smoke,small', '--every', '24h', '--on-blocked', 'wait'],
      {
        name: 'cycle',
        workflow: 'AllWaves',
        input: { waves: ['smoke', 'small'], onBlocked: 'wait' },
        when: { everyMs: 86_400_000 },
      },
    ],
  ])('%j starts what soak run would start, and aborts blocked steps unless told otherwise', async (words, order) => {
    const { code, asked } = await soak(['schedule', 'create', ...words]);
    expect(code).toBe(0);
    expect(asked[0]).toEqual(['create', order]);
    expect(parseInput(order.workflow, order.input).ok).toBe(true);
  });

  it('says when it starts next', async () => {
    const { out } = await soak(['schedule', 'create', 'nightly', '--wave', 'small', '--cron', '0 2 * * *']);
    expect(out).toContain('next 2026-11-24 02:00, 2026-11-25 02:00 UTC');
  });

  it('refuses every mistake at once, before anything is connected', async () => {
    const words = [
      'Nightly',
      '--wave',
      'smal',
      '--usres',
      '5',
      '--scale',
      'half',
      '--cron',
      '2am',
      '--time-zone',
      'Mars',
    ];
    const { code, err, created } = await soak(['schedule', 'create', ...words]);
    expect({ code, created }).toEqual({ code: 64, created: 0 });
    expect(err).toMatchInlineSnapshot(`
      "--usres is not a flag of soak schedule; did you mean --users?
      NAME: given "Nightly"; small letters, digits and dashes, at most 60
      --wave: given "smal"; allowed are smoke, small, medium, large, enterprise; did you mean small?
      --scale: given "half"; it must be a number
      --cron: given "2am"; it must be five fields, minute hour day month weekday, as in "0 2 * * 0"
      --time-zone: given "Mars"; it must be a name such as UTC or Europe/Vienna
      See soak schedule --help."
    `);
  });

  it.each([
    [['create', 'n', '--wave', 'smoke'], '--cron or --every is missing'],
    [['create', 'n', '--cron', '0 2 * * *'], '--wave is missing; allowed are smoke, small'],
    [['create', 'n', '--wave', 'smoke,small', '--every', '1h'], 'SoakWave takes one --wave'],
    [['create', 'n', '--wave', 'smoke', '--every', '10s'], '--every: given "10s"; it must be at least 1m'],
    [['create', 'n', '--wave', 'smoke', '--every', 'day'], '--every: given "day"; a duration is a number and a unit'],
    [['create', 'n', '--wave', 'smoke', '--every', '1h', '--cron', '@daily'], '--cron and --every exclude each other'],
    [['create', 'n', '--wave', 'smoke', '--every', '1h', '--time-zone', 'UTC'], '--time-zone goes with --cron'],
    [['create', 'n', '--wave', 'smoke', '--cron', 'CRON_TZ=UTC 0 2 * * *'], 'the time zone is --time-zone'],
    [['create', '--wave', 'smoke', '--cron', '@daily'], 'NAME is missing'],
    [
      ['create', 'n', '--wave', 'smoke', '--cron', '@daily', '--why', 'x'],
      '--why is of no use to soak schedule create',
    ],
    [['pause', 'n'], '--why is missing'],
    [['pause', 'n', '--why', 'x', '--users', '5'], '--users is of no use to soak schedule pause'],
    [['list', 'n'], 'soak schedule list takes no NAME'],
    [['trigger'], 'NAME is missing'],
    [['creat', 'n'], 'did you mean create?'],
    [[], 'ACTION is missing; allowed are create, list, pause, resume, delete, trigger'],
  ])('%j is refused', async (words, problem) => {
    const { code, err, created } = await soak(['schedule', ...words]);
    expect(err).toContain(problem);
    expect({ code, created }).toEqual({ code: 64, created: 0 });
  });
});

describe('soak schedule list', () => {
  it('shows when next, the last outcome, and why one is paused', async () => {
    const paused = {
      ...nightly,
      paused: true,
      note: 'paused due to workflow failure: the stack is held',
      next: [],
      last: { ...running, workflowId: 'soak/scheduled/nightly-2026-11-23T02:00:00Z', state: 'failed' as const },
      skipped: 2,
    };
    const weekly = {
      ...nightly,
      name: 'weekly',
      last: { ...running, state: 'completed' as const, outcome: 'fail' as const },
    };
    const { out } = await soak(['schedule', 'list'], schedules({ list: () => Promise.resolve([paused, weekly]) }));
    expect(out).toMatchInlineSnapshot(`
      "NAME     WORKFLOW        WHEN           NEXT              LAST RUN                                     LAST OUTCOME
      nightly  SoakWave small  0 2 * * * UTC  paused            soak/scheduled/nightly-2026-11-23T02:00:00Z  failed
      weekly   SoakWave small  0 2 * * * UTC  2026-11-24 02:00  soak/smoke/1                                 fail
      nightly is paused (paused due to workflow failure: the stack is held): soak schedule resume nightly lets it go on
      nightly was skipped 2 times, because its last run still went on"
    `);
  });

  it('with --json prints one line that has everything', async () => {
    const { out } = await soak(['schedule', 'list', '--json']);
    expect(JSON.parse(out)).toEqual([nightly]);
  });
});

describe('soak schedule trigger', () => {
  it('says what was started and how to follow it', async () => {
    const { code, out } = await soak(['schedule', 'trigger', 'nightly']);
    expect(code).toBe(0);
    expect(out).toContain('soak attach soak/scheduled/nightly-1');
  });

  it('that starts nothing, because the last run goes on, exits 1 and names the run', async () => {
    const trigger = () => Promise.resolve({ kind: 'skipped', running: ['soak/scheduled/nightly-1'] } as const);
    const { code, err, out } = await soak(['schedule', 'trigger', 'nightly'], schedules({ trigger }));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('soak/scheduled/nightly-1 still goes on');
  });
});

describe('the other actions', () => {
  it.each([
    [
      ['pause', 'nightly', '--why', 'new disk'],
      ['pause', 'nightly', 'new disk'],
    ],
    [
      ['resume', 'nightly'],
      ['resume', 'nightly', 'resumed by soak schedule resume'],
    ],
    [
      ['delete', 'nightly'],
      ['remove', 'nightly'],
    ],
  ])('%j', async (words, call) => {
    const { code, asked } = await soak(['schedule', ...words]);
    expect(code).toBe(0);
    expect(asked[0]).toEqual(call);
  });
});
