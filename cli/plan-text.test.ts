import { describe, expect, it } from 'vitest';
import type { DriverKind, LoadDriver } from '#model/load-driver.ts';
import type { RunInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import { renderPlan } from './plan-text.ts';

const twoCores = { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 };
const large = { cores: 32, memoryBytes: 128 * 2 ** 30, diskFreeBytes: 2e12 };

const planned = (input: RunInput, machine = twoCores): string =>
  renderPlan(planRun({ workflow: 'SoakWave', input, machine }));

describe('the plan of each wave, as soak plan prints it', () => {
  it('smoke on two cores', () => {
    expect(planned({ wave: 'smoke' })).toMatchInlineSnapshot(`
      "SoakWave smoke · target reference · scale 1 · seed 20260101 · profile distribution · history to 2026-01-01

      Data set
        users           1,000   156 KB
        teams           5,000   635 KB  1,000 private, 4,000 shared
        memberships    68,652  5.89 MB  at most 500 members a team
        tools              50  20.5 KB
        servers            10  1.27 KB
        server tools       78  6.86 KB
        team servers    9,962   876 KB
        gateways           10  2.54 KB
        gateway peers      13  1.14 KB
        usage metrics   2,100   108 KB  6 rows a tool a day for 7 days
        in all         86,875  7.66 MB  on disk, with indexes

      Schedule
        before  warm-up  until the hit ratio settles                                   at most 10 s
        0:00    ramp     0 to 20 users                                                       400 ms
        0:00    hold     20 users                                                            59.6 s
        1:00    drain    in-flight iterations end                                      at most 10 s
                model    closed, mix enterprise, 1 engine, 0.25 to 0.75 s of thinking
                scaling  to 40 users at most, while the load runs
                windows  3 of 20 s, 100 to an execution

      Faults
        0:24  kill-gateway-2  kill gateway: gateway-2, held for 5 s  healed by 0:39 at the latest

      Stack
        gateways    2 instances behind nginx, L1 64 MB and 8 database connections each
        PostgreSQL  128 MB shared_buffers
        Redis       128 MB at most
        mocks       10 gateways that fail 5 % of their calls
        placement   co-located: generator and target share 2 cores
        sampling    every 1 s

      Objectives
        failed iterations             at most 0.1 %     judged
        p95 of local reads            at most 250 ms    shown, not judged
        p95 of federation aggregates  at most 150 ms    shown, not judged
        p95 of analytics and bulk     at most 2 s       shown, not judged
        machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

      Promised: the verdict answers
        seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
        no-scope-leak, faults-healed, generator-not-saturated, no-unplanned-death

      Not covered
        stationary            virtual users are still creating towards their 20 live objects; net growth can be judged in loads of 10 min and more
        latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        memory-gateways       no objective is stated for wave smoke
        database-connections  no objective is stated for wave smoke
        cache-hit-ratio       no objective is stated for wave smoke
        capacity              needs a capacity search: a closed load offers what its users ask for
        memory-leak           1 min of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about 24 h; memory is shown

      Needs
        disk    about 716 MB, of it 196 KB of evidence
        memory  about 2.5 GB
        time    about 2 min 1 s

      Remarks
        Team size: no team of enterprise (from 1001 members) fits a cap of 500 members: its 1 % is folded into large.
        Tools per team: heavy (from 51) does not fit 40 tools on 10 servers: its 15 % is folded into moderate.
        Tools per team: power (from 201) does not fit 40 tools on 10 servers: its 5 % is folded into moderate."
    `);
  });

  it('small on two cores', () => {
    expect(planned({ wave: 'small' })).toMatchInlineSnapshot(`
      "SoakWave small · target reference · scale 1 · seed 20260101 · profile distribution · history to 2026-01-01

      Data set
        users             10,000  1.53 MB
        teams             50,000   6.2 MB  10,000 private, 40,000 shared
        memberships    1,373,023   118 MB  at most 50,000 members a team
        tools                500   205 KB
        servers              100  12.7 KB
        server tools       2,983   262 KB
        team servers     100,027  8.59 MB
        gateways              10  2.54 KB
        gateway peers         13  1.14 KB
        usage metrics    270,000  13.5 MB  6 rows a tool a day for 90 days
        in all         1,806,656   148 MB  on disk, with indexes

      Schedule
        before  warm-up  until the hit ratio settles                                 at most 30 s
        0:00    ramp     0 to 100 users                                                       2 s
        0:02    hold     100 users                                                   14 min 58 s
        15:00   drain    in-flight iterations end                                    at most 10 s
                model    closed, mix enterprise, 1 engine, 0.5 to 1.5 s of thinking
                scaling  to 200 users at most, while the load runs
                windows  15 of 1 min, 100 to an execution

      Faults
        6:00  kill-gateway-2  kill gateway: gateway-2, held for 10 s  healed by 6:30 at the latest

      Stack
        gateways    2 instances behind nginx, L1 128 MB and 8 database connections each
        PostgreSQL  256 MB shared_buffers
        Redis       256 MB at most
        mocks       10 gateways that fail 5 % of their calls
        placement   co-located: generator and target share 2 cores
        sampling    every 1 s

      Objectives
        failed iterations             at most 0.1 %     judged
        p95 of local reads            at most 25 ms     shown, not judged
        p95 of federation aggregates  at most 150 ms    shown, not judged
        p95 of analytics and bulk     at most 2 s       shown, not judged
        memory of all gateways        at most 2 GB      shown, not judged
        database connections          at most 20        shown, not judged
        cache hit ratio               at least 98 %     shown, not judged
        machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

      Promised: the verdict answers
        seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
        no-scope-leak, faults-healed, generator-not-saturated, stationary, no-unplanned-death

      Not covered
        latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        memory-gateways       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        database-connections  shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        cache-hit-ratio       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        capacity              needs a capacity search: a closed load offers what its users ask for; the baseline is 500 requests/s
        memory-leak           15 min of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about 24 h; memory is shown

      Needs
        disk    about 999 MB, of it 2.88 MB of evidence
        memory  about 2.89 GB
        time    about 16 min 23 s"
    `);
  });

  it('medium on two cores', () => {
    expect(planned({ wave: 'medium' })).toMatchInlineSnapshot(`
      "SoakWave medium · target reference · scale 1 · seed 20260101 · profile distribution · history to 2026-01-01

      Data set
        users             100,000  15.3 MB
        teams             500,000    62 MB  100,000 private, 400,000 shared
        memberships    13,849,196  1.16 GB  at most 100,000 members a team
        tools               2,500     1 MB
        servers             1,000   127 KB
        server tools       27,441  2.36 MB
        team servers      999,442  85.8 MB
        gateways               50  12.7 KB
        gateway peers         255  22.4 KB
        usage metrics   5,475,000   274 MB  6 rows a tool a day for 365 days
        in all         20,954,884  1.59 GB  on disk, with indexes

      Schedule
        before  warm-up  until the hit ratio settles                                 at most 1 min
        0:00    ramp     0 to 500 users                                                       10 s
        0:10    hold     500 users                                                   29 min 50 s
        30:00   drain    in-flight iterations end                                    at most 10 s
                model    closed, mix enterprise, 1 engine, 0.5 to 1.5 s of thinking
                scaling  to 1000 users at most, while the load runs
                windows  30 of 1 min, 100 to an execution

      Faults
        12:00  kill-gateway-2  kill gateway: gateway-2, held for 10 s  healed by 12:30 at the latest

      Stack
        gateways    2 instances behind nginx, L1 256 MB and 16 database connections each
        PostgreSQL  1 GB shared_buffers
        Redis       1 GB at most
        mocks       50 gateways that fail 5 % of their calls
        placement   co-located: generator and target share 2 cores
        sampling    every 1 s

      Objectives
        failed iterations             at most 0.1 %     judged
        p95 of local reads            at most 45 ms     shown, not judged
        p95 of federation aggregates  at most 400 ms    shown, not judged
        p95 of analytics and bulk     at most 2 s       shown, not judged
        memory of all gateways        at most 6 GB      shown, not judged
        database connections          at most 50        shown, not judged
        cache hit ratio               at least 96 %     shown, not judged
        machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

      Promised: the verdict answers
        seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
        no-scope-leak, faults-healed, generator-not-saturated, stationary, no-unplanned-death

      Not covered
        latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        memory-gateways       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        database-connections  shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        cache-hit-ratio       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 2, co-located
        capacity              needs a capacity search: a closed load offers what its users ask for; the baseline is 1200 requests/s
        memory-leak           30 min of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about 24 h; memory is shown

      Needs
        disk    about 3.28 GB, of it 5.75 MB of evidence
        memory  about 4.92 GB
        time    about 32 min 14 s"
    `);
  });

  // Counting the memberships of millions of teams takes a second or two.
  it('large on a large machine', { timeout: 30_000 }, () => {
    expect(planned({ wave: 'large' }, large)).toMatchInlineSnapshot(`
      "SoakWave large · target reference · scale 1 · seed 20260101 · profile distribution · history to 2026-01-01

      Data set
        users              500,000  76.3 MB
        teams            2,500,000   310 MB  500,000 private, 2,000,000 shared
        memberships     69,285,044  5.81 GB  at most 500,000 members a team
        tools               12,500  5.01 MB
        servers              5,000   635 KB
        server tools       136,141  11.7 MB
        team servers     4,999,705   429 MB
        gateways               100  25.4 KB
        gateway peers          961  84.5 KB
        usage metrics   82,125,000  4.02 GB  6 rows a tool a day for 1095 days
        in all         159,564,451  10.6 GB  on disk, with indexes

      Schedule
        before   warm-up  until the hit ratio settles                                  at most 2 min
        0:00     ramp     0 to 1500 users                                                       30 s
        0:30     hold     1500 users                                                   59 min 30 s
        1:00:00  drain    in-flight iterations end                                     at most 10 s
                 model    closed, mix enterprise, 3 engines, 0.5 to 1.5 s of thinking
                 scaling  to 3000 users at most, while the load runs
                 windows  60 of 1 min, 100 to an execution

      Faults
        24:00  kill-gateway-2  kill gateway: gateway-2, held for 10 s  healed by 24:30 at the latest

      Stack
        gateways    4 instances behind nginx, L1 512 MB and 30 database connections each
        PostgreSQL  2 GB shared_buffers
        Redis       4 GB at most
        mocks       100 gateways that fail 5 % of their calls
        placement   co-located: generator and target share 32 cores
        sampling    every 1 s

      Objectives
        failed iterations             at most 0.1 %     judged
        p95 of local reads            at most 85 ms     shown, not judged
        p95 of federation aggregates  at most 800 ms    shown, not judged
        p95 of analytics and bulk     at most 2 s       shown, not judged
        memory of all gateways        at most 15 GB     shown, not judged
        database connections          at most 150       shown, not judged
        cache hit ratio               at least 94 %     shown, not judged
        machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

      Promised: the verdict answers
        seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
        no-scope-leak, faults-healed, generator-not-saturated, stationary, no-unplanned-death

      Not covered
        latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        memory-gateways       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        database-connections  shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        cache-hit-ratio       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        capacity              needs a capacity search: a closed load offers what its users ask for; the baseline is 2500 requests/s
        memory-leak           1 h of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about 24 h; memory is shown

      Needs
        disk    about 12.3 GB, of it 29.4 MB of evidence
        memory  about 11.9 GB
        time    about 1 h 6 min"
    `);
  });

  it('enterprise on a large machine', { timeout: 30_000 }, () => {
    expect(planned({ wave: 'enterprise' }, large)).toMatchInlineSnapshot(`
      "SoakWave enterprise · target reference · scale 1 · seed 20260101 · profile distribution · history to 2026-01-01

      Data set
        users            1,000,000   153 MB
        teams            5,000,000   620 MB  1,000,000 private, 4,000,000 shared
        memberships    138,581,588  11.6 GB  at most 1,000,000 members a team
        tools               50,000    20 MB
        servers             10,000  1.24 MB
        server tools       272,017  23.3 MB
        team servers     9,999,549   858 MB
        gateways               100  25.4 KB
        gateway peers          961  84.5 KB
        usage metrics  547,500,000  26.8 GB  6 rows a tool a day for 1825 days
        in all         702,414,215    40 GB  on disk, with indexes

      Schedule
        before   warm-up  until the hit ratio settles                                  at most 5 min
        0:00     ramp     0 to 2000 users                                                       40 s
        0:40     hold     2000 users                                                   1 h 59 min
        2:00:00  drain    in-flight iterations end                                     at most 10 s
                 model    closed, mix enterprise, 4 engines, 0.5 to 1.5 s of thinking
                 scaling  to 4000 users at most, while the load runs
                 windows  60 of 2 min, 100 to an execution

      Faults
        48:00  kill-gateway-2  kill gateway: gateway-2, held for 10 s  healed by 48:30 at the latest

      Stack
        gateways    4 instances behind nginx, L1 1 GB and 50 database connections each
        PostgreSQL  4 GB shared_buffers
        Redis       10 GB at most
        mocks       100 gateways that fail 5 % of their calls
        placement   co-located: generator and target share 32 cores
        sampling    every 1 s

      Objectives
        failed iterations             at most 0.1 %     judged
        p95 of local reads            at most 150 ms    shown, not judged
        p95 of federation aggregates  at most 800 ms    shown, not judged
        p95 of analytics and bulk     at most 2 s       shown, not judged
        memory of all gateways        at most 25 GB     shown, not judged
        database connections          at most 300       shown, not judged
        cache hit ratio               at least 92 %     shown, not judged
        machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

      Promised: the verdict answers
        seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
        no-scope-leak, faults-healed, generator-not-saturated, stationary, no-unplanned-death

      Not covered
        latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        memory-gateways       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        database-connections  shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        cache-hit-ratio       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
        capacity              needs a capacity search: a closed load offers what its users ask for; the baseline is 4000 requests/s
        memory-leak           2 h of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about 24 h; memory is shown

      Needs
        disk    about 41.8 GB, of it 76.2 MB of evidence
        memory  about 22.8 GB
        time    about 2 h 19 min"
    `);
  });

  it('StabilityRun on a large machine', () => {
    expect(renderPlan(planRun({ workflow: 'StabilityRun', input: { scale: 0.01 }, machine: large })))
      .toMatchInlineSnapshot(`
        "StabilityRun enterprise · target reference · scale 0.01 · seed 20260101 · profile distribution · history to 2026-01-01

        Data set
          users             10,000  1.53 MB
          teams             50,000   6.2 MB  10,000 private, 40,000 shared
          memberships    1,373,023   118 MB  at most 10,000 members a team
          tools                500   205 KB
          servers              100  12.7 KB
          server tools       2,983   262 KB
          team servers     100,027  8.59 MB
          gateways             100  25.4 KB
          gateway peers        961  84.5 KB
          usage metrics  5,475,000   274 MB  6 rows a tool a day for 1825 days
          in all         7,012,694   409 MB  on disk, with indexes

        Schedule
          before    warm-up     until the hit ratio settles                                  at most 5 min
          0:00      ramp        0 to 2000 users                                                       40 s
          0:40      hold        2000 users                                                   47 h 59 min
          48:00:00  drain       in-flight iterations end                                     at most 10 s
                    model       closed, mix enterprise, 4 engines, 0.5 to 1.5 s of thinking
                    scaling     to 4000 users at most, while the load runs
                    windows     576 of 5 min, 100 to an execution, 47 checkpoints
                    ends early  at a checkpoint that is certain of a leak

        Faults
          19:12:00  kill-gateway-2  kill gateway: gateway-2, held for 10 s  healed by 19:12:30 at the latest

        Stack
          gateways    4 instances behind nginx, L1 1 GB and 50 database connections each
          PostgreSQL  4 GB shared_buffers
          Redis       10 GB at most
          mocks       100 gateways that fail 5 % of their calls
          placement   co-located: generator and target share 32 cores
          sampling    every 1 s

        Objectives
          failed iterations             at most 0.1 %     judged
          p95 of local reads            at most 150 ms    shown, not judged
          p95 of federation aggregates  at most 800 ms    shown, not judged
          p95 of analytics and bulk     at most 2 s       shown, not judged
          memory of all gateways        at most 25 GB     shown, not judged
          database connections          at most 300       shown, not judged
          cache hit ratio               at least 92 %     shown, not judged
          machine class                 16 cores, 128 GB  generator on another machine: there the wave’s own bind

        Promised: the verdict answers
          seeding-reconciled, load-delivered, samples-present, operations-checked, error-rate, no-lost-write,
          no-scope-leak, faults-healed, generator-not-saturated, stationary, no-unplanned-death, memory-leak,
          harness-memory

        Not covered
          latency-local-reads   shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
          memory-gateways       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
          database-connections  shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
          cache-hit-ratio       shown, not judged: the baselines bind on 16 cores or more with the generator on another machine; here are 32, co-located
          capacity              needs a capacity search: a closed load offers what its users ask for; the baseline is 4000 requests/s

        Needs
          disk    about 3.27 GB, of it 1.79 GB of evidence
          memory  about 22.8 GB
          time    about 48 h 6 min"
      `);
  });

  it('a run that is to show what it finds', () => {
    const watched: RunInput = { wave: 'smoke', duration: 180_000, leakWatch: { bytes: 600e6 }, defect: [{ name: 'gc-storm', amount: 10 }] }; // prettier-ignore
    const text = planned(watched);
    expect(text).toContain('planted defect  gc-storm 10 (full collections each second)');
    expect(text).toMatch(/Leak watch\n +allowed +600 MB an hour, 480 an hour of what is counted\n/);
    expect(text).toContain('what fills up does so within 1 min\n');
    expect(text).toContain('gateways collect all garbage every 3 s, so that what they keep is seen');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('memory-leak, handle-leak, gc-pauses, latency-creep');
    expect(text).toContain('Planted in every gateway by intent: gc-storm 10');
  });

  it('FederationLoad on two cores, with a hundred gateways', () => {
    const text = renderPlan(
      planRun({ workflow: 'FederationLoad', input: { wave: 'smoke', without: ['error-rate'] }, machine: twoCores }),
    );
    expect(text).toContain('closed, mix federation');
    expect(text).toMatch(/gateways +100 /);
    expect(text).toContain('Taken out by --without\n  error-rate');
  });

  it('an open load, stage by stage, with what is due in all', () => {
    const stages = [
      { duration: 60_000, rate: 50 },
      { name: 'soak', duration: 120_000, rate: 50 },
    ];
    const text = planned({ wave: 'smoke', stages });
    expect(text).toMatch(/0:00 +ramp +0 to 50 iterations\/s +1 min/);
    expect(text).toMatch(/1:00 +soak +50 iterations\/s +2 min/);
    expect(text).toContain('open, mix enterprise, 1 engine, 7,500 iterations due, taken by 50 users');
    expect(text).toContain('to any rate that 100 users can take, while the load runs');
    expect(planned({ wave: 'smoke', pacing: 2_000 })).toContain('an iteration of each user every 2 s');
  });

  it('classes that the input weighs, by name', () => {
    const weights = { writer: 2, 'power-user': 1 };
    const text = renderPlan(planRun({ workflow: 'SoakWave', input: { wave: 'smoke', weights }, machine: twoCores }));
    expect(text).toContain('closed, mix of power-user 1, writer 2, 1 engine');
  });

  it('a file of one’s own in the place of the mix, and what sets its pace', () => {
    const classes = [{ name: 'buyer', weight: 1, tasks: { buy: 1 } }];
    const drivers: Record<DriverKind, Partial<LoadDriver>> = {
      scenario: { scenario: { classes, operations: [], requests: 'any' } },
      locust: {},
      k6: { ownSchedule: true },
    };
    const rowsOf = (kind: DriverKind, input: Partial<RunInput> = {}): string[] => {
      const driver = { kind, file: '/x/y', sha256: 'ab'.repeat(32), ...drivers[kind] };
      const plan = planRun({ workflow: 'SoakWave', input: { wave: 'smoke', ...input }, machine: twoCores, driver });
      return renderPlan(plan).match(/(?<= (model|scaling) +)\S.*/g) ?? [];
    };
    expect(rowsOf('scenario')).toMatchInlineSnapshot(`
      [
        "closed, scenario /x/y with buyer (SHA-256 abababababab…), 1 engine",
        "to 40 users at most, while the load runs",
      ]
    `);
    expect(rowsOf('scenario', { arrivalRate: 10 })).toMatchInlineSnapshot(`
      [
        "open, scenario /x/y with buyer (SHA-256 abababababab…), 1 engine, 600 iterations due, taken by 10 users",
        "to any rate that 20 users can take, while the load runs",
      ]
    `);
    expect(rowsOf('locust')).toMatchInlineSnapshot(`
      [
        "closed, locust /x/y (SHA-256 abababababab…), 1 engine",
        "to 40 users at most, while the load runs",
      ]
    `);
    expect(rowsOf('k6')).toMatchInlineSnapshot(`
      [
        "closed, k6 /x/y on its own schedule (SHA-256 abababababab…), 1 engine",
        "none: k6 goes by its own clock",
      ]
    `);
  });
});

describe('the objectives of a plan', () => {
  it('are shown beside the wave’s own where the input states them, and are judged', () => {
    const text = planned({ wave: 'smoke', objectives: { p95Ms: 300, p99Ms: 900, gatewaysRssBytes: 2 ** 30 } });
    expect(text).toMatch(/p95 of local reads +at most 300 ms +judged, as asked; the wave’s own is at most 250 ms\n/);
    expect(text).toMatch(/p99 of local reads +at most 900 ms +judged, as asked; the wave has none\n/);
    expect(text).toMatch(/memory of all gateways +at most 1 GB +judged, as asked; the wave has none\n/);
    expect(text).toMatch(/Promised: [^]*latency-local-reads-p99/);
  });
});
