import { describe, expect, it } from 'vitest';
import type { RunResult } from '#model/progress.ts';
import { passed, progress, soak } from '../test/command-line.ts';
import type { FailedRun, Service } from './service.ts';

describe('a wrong command line', () => {
  it('gets one message that lists every problem, exit 64, and nothing is connected', async () => {
    const { code, err, out, created } = await soak([
      'run',
      'smal',
      '--durations',
      '5m',
      '--users',
      '-3',
      '--spawn-rate',
      'fast',
      '--scale',
    ]);
    expect(code).toBe(64);
    expect(out).toBe('');
    expect(created).toBe(0);
    expect(err).toMatchInlineSnapshot(`
      "--durations is not a flag of soak run; did you mean --duration?
      --scale needs a value: shrinks the data set and keeps its shape
      WAVE: given "smal"; allowed are smoke, small, medium, large, enterprise; did you mean small?
      --users: given -3; it must be at least 1
      --spawn-rate: given "fast"; it must be a number
      See soak run --help."
    `);
  });

  it.each([
    [['rum'], '"rum" is not a verb of soak; did you mean soak run?'],
    [['run'], 'WAVE is missing; allowed are smoke, small, medium, large, enterprise'],
    [
      ['run', 'smoke', 'small'],
      'SoakWave takes one WAVE, given are smoke, small; --workflow AllWaves runs several in order',
    ],
    [
      ['run', 'smoke', '--duration', '-5m'],
      '--duration: given "-5m"; a duration is a number and a unit: 30s, 15m, 48h',
    ],
    [['run', 'smoke', '--duration=0s'], '--duration: given "0s"; a duration is more than nothing'],
    [['run', 'smoke', '--users', '1.5'], '--users: given 1.5; it must be a whole number'],
    [['run', 'smoke', '--users'], '--users needs a value: virtual users'],
    [['run', 'smoke', '--growth=yes'], '--growth takes no value, given "yes"'],
    [['run', 'smoke', '--users', '5', '--users', '6'], '--users is given twice'],
    [['run', 'smoke', '--without', 'error-rte'], 'did you mean error-rate?'],
    [
      ['run', 'smoke', '--workflow', 'SoakWav'],
      '--workflow: given "SoakWav"; allowed are SoakWave, AllWaves, StabilityRun, FederationLoad; did you mean SoakWave?',
    ],
    [['run', '--workflow', 'FederationLoad', '--mix', 'enterprise'], '"mix" is not a key of FederationLoad\'s input'],
    [
      ['run', 'smoke', '--weights', 'writer=0'],
      '--weights: given {"writer":0}; at least one class needs a weight above 0',
    ],
    [['run', 'smoke', '--weights', 'writer=2=3'], '--weights[writer]: given "2=3"; it must be a number'],
    [['run', 'smoke', '--weights', 'writer'], '--weights[writer]: given ""; it must be a number'],
    [['run', 'smoke', '--objective', 'p99=3'], '--objective: "p99" is not known; allowed are errorRate, p95Ms, p99Ms,'],
    [['run', 'smoke', '--objective', 'p99Ms=fast'], '--objective[p99Ms]: given "fast"; it must be a number'],
    [['run', 'smoke', '--objective', 'p99Ms=3', '--objective', 'p99Ms=4'], '--objective: p99Ms is given twice'],
    [['run', 'smoke', '--id', 'a b'], '--id: at most 200'],
    [['down', 'now'], 'soak down takes no words: "now" is too much'],
    [['list', '--limit', '0'], '--limit: given 0; it must be a whole number from 1 to 1000'],
    [['report', '--json', '--open-path'], '--json and --open-path exclude each other'],
    [['status', '-x'], '-x is not a flag of soak status'],
  ])('%j is refused', async (words, problem) => {
    const { code, err, created } = await soak(words);
    expect(err).toContain(problem);
    expect(code).toBe(64);
    expect(created).toBe(0);
  });
});

describe('soak run', () => {
  it('brings the system up, starts the run with what was asked and nothing else, and follows it', async () => {
    const { code, out, asked } = await soak([
      'run',
      'small',
      '--users',
      '50',
      '--duration',
      '5m',
      '--growth',
      '--id',
      'mine',
    ]);
    expect(code).toBe(0);
    expect(asked.map(([name]) => name)).toEqual(['up', 'startRun', 'result', 'progress', 'close']);
    expect(asked[1]?.[1]).toEqual({
      workflow: 'SoakWave',
      input: { wave: 'small', users: 50, duration: '5m', growth: true },
      workflowId: 'mine',
    });
    expect(out).toContain('PASS\n  every promise held\nreport  /runs/key-1/report.html');
  });

  it.each([
    ['pass', 0],
    ['fail', 1],
    ['inconclusive', 2],
  ] as const)('a verdict of %s exits %i', async (outcome, status) => {
    const { code } = await soak(['run', 'smoke'], {
      service: { result: () => Promise.resolve({ ...passed, outcome }) },
    });
    expect(code).toBe(status);
  });

  it.each([
    [{ type: 'InvalidInput', failed: 'wave is missing' }, 64],
    [{ type: 'StackBusy', failed: 'run key-0 holds the stack' }, 2],
  ] satisfies [FailedRun, number][])('a run that failed with %j exits %i, with the reason', async (failure, status) => {
    const { code, err } = await soak(['run', 'smoke'], { service: { result: () => Promise.resolve(failure) } });
    expect(code).toBe(status);
    expect(err).toContain(`${failure.type}: ${failure.failed}`);
  });

  it('with --json keeps stdout for one line: the result', async () => {
    const { out, err } = await soak(['run', 'smoke', '--json']);
    expect(JSON.parse(out)).toEqual(passed);
    expect(err).toContain('Started soak/smoke/1');
  });

  it('with --json says inconclusive, and why, when there is no verdict', async () => {
    const failure = { type: 'PreflightFailed', failed: 'port 4444 is taken' };
    const { out } = await soak(['run', 'smoke', '--json'], { service: { result: () => Promise.resolve(failure) } });
    expect(JSON.parse(out)).toMatchObject({
      runId: 'key-1',
      outcome: 'inconclusive',
      reasons: ['PreflightFailed: port 4444 is taken'],
    });
  });

  it('aborts blocked steps in CI, where nobody would resolve them, unless told otherwise', async () => {
    const { asked } = await soak(['run', 'smoke'], { isCi: true });
    expect(asked[1]?.[1]).toMatchObject({ input: { wave: 'smoke', onBlocked: 'abort' } });
    const told = await soak(['run', 'smoke', '--on-blocked', 'wait'], { isCi: true });
    expect(told.asked[1]?.[1]).toMatchObject({ input: { onBlocked: 'wait' } });
  });

  it('with --detach returns at once and says how to follow', async () => {
    const { code, out, asked } = await soak(['run', 'smoke', '--detach']);
    expect(code).toBe(0);
    expect(out).toContain('Follow it: soak attach soak/smoke/1');
    expect(asked.map(([name]) => name)).not.toContain('result');
  });

  it('takes several waves for AllWaves', async () => {
    const { asked } = await soak(['run', '--workflow', 'AllWaves', 'smoke', 'small', '--seed', '7']);
    expect(asked[1]?.[1]).toEqual({ workflow: 'AllWaves', input: { waves: ['smoke', 'small'], seed: 7 } });
  });

  it.each([
    [true, 0],
    [false, 130],
  ])('detaches on Ctrl-C (terminal: %s, exit %i) and the run goes on', async (isInteractive, status) => {
    const controller = new AbortController();
    const service: Partial<Service> = {
      result: () => new Promise(() => undefined),
      progress: () => {
        controller.abort();
        return Promise.resolve(progress);
      },
    };
    const { code, err, asked } = await soak(['run', 'smoke'], {
      service,
      isInteractive,
      interrupted: controller.signal,
    });
    expect(code).toBe(status);
    expect(err).toContain('Detached; the run goes on. See it again: soak attach soak/smoke/1');
    expect(asked.map(([name]) => name)).toEqual(['up', 'startRun', 'close']);
  });

  it('waits out an outage of the service', async () => {
    let calls = 0;
    const result = (): Promise<RunResult> => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error('connection refused')) : Promise.resolve(passed);
    };
    const { code, out } = await soak(['attach'], { service: { result } });
    expect(code).toBe(0);
    expect(out).toContain('cannot see the run, trying again: connection refused');
  });

  it('redraws one line on a terminal and leaves the ended steps above it', async () => {
    const { out, written } = await soak(['attach', 'latest'], { isInteractive: true });
    expect(out).toContain('✓ seed           4.2 s  87,221 rows');
    expect(written).toContain('\r\u001B[2Kload       0:10');
  });
});

describe('the other verbs', () => {
  it('status, list, plan, report and doctor answer in one line of JSON when asked to', async () => {
    for (const words of [['status'], ['list'], ['plan', 'smoke'], ['report'], ['doctor']]) {
      const { out } = await soak([...words, '--json']);
      expect(() => JSON.parse(out) as unknown, words.join(' ')).not.toThrow();
      expect(out).not.toContain('\n');
    }
  });

  it('doctor fails when something is missing, and says what to do', async () => {
    const { code, out } = await soak(['doctor']);
    expect(code).toBe(1);
    expect(out).toBe('✗ nginx  not found\n         apt-get install nginx');
  });

  it('down is refused while a run is active', async () => {
    const down = () => Promise.resolve({ stopped: [], refused: 'soak/small/1 is active; soak down --abort ends it' });
    const { code, err } = await soak(['down'], { service: { down } });
    expect(code).toBe(1);
    expect(err).toBe('Nothing was stopped: soak/small/1 is active; soak down --abort ends it');
  });

  it('report prints the path alone for scripts', async () => {
    expect((await soak(['report', '--open-path'])).out).toBe('/runs/key-1/report.html');
  });

  it('a run that nobody knows is a usage error', async () => {
    const { code, err } = await soak(['attach', 'nope'], { service: { resolve: () => Promise.resolve(undefined) } });
    expect(code).toBe(64);
    expect(err).toContain('No run is called "nope" in namespace default at 127.0.0.1:7233; soak list names them.');
  });

  it('plan starts nothing', async () => {
    const { asked, out } = await soak(['plan', '--workflow', 'AllWaves', 'smoke', 'small']);
    expect(asked.map(([name]) => name)).toEqual(['machine', 'close']);
    expect(out).toContain('SoakWave smoke');
    expect(out).toContain('SoakWave small');
  });

  it('a failure of ours exits 70 with a trace and its cause', async () => {
    const up = () => Promise.reject(new Error('temporal did not start', { cause: new Error('port 7233 is taken') }));
    const { code, err } = await soak(['up'], { service: { up } });
    expect(code).toBe(70);
    expect(err).toMatch(/temporal did not start[^]+at .*command-line\.test\.ts[^]+caused by Error: port 7233 is taken/);
  });

  it('what is not up is said without a trace, exit 69', async () => {
    const notUp = Object.assign(new Error('Temporal does not answer; soak up starts it'), { name: 'NotUp' });
    const { code, err } = await soak(['list'], { service: { list: () => Promise.reject(notUp) } });
    expect({ code, err }).toEqual({ code: 69, err: 'Temporal does not answer; soak up starts it' });
  });

  it('help teaches without connecting to anything', async () => {
    const { out, created, code } = await soak(['run', 'smal', '--help']);
    expect({ code, created }).toEqual({ code: 0, created: 0 });
    expect(out).toMatchInlineSnapshot(`
      "Usage: soak run [WAVE] [flags]

      start a run, follow it, exit 0 pass, 1 fail, 2 inconclusive, 64 usage

      Arguments:
        WAVE                          smoke, small, medium, large or enterprise; several with --workflow AllWaves

      Options:
        --users <N>                   virtual users
        --duration <LENGTH>           length of the load, e.g. 90s, 15m, 48h
        --spawn-rate <N>              virtual users started per second
        --arrival-rate <PER_SECOND>   iterations begun per second (the open model); users is then a pool
        --stages <STAGE,…>            shape of the load: 30s@50,2m@50 in users, 30s@50/s,2m@200/s in iterations
        --pacing <LENGTH>             an iteration of each user begins once in so long, in place of thinking
        --connections <N>             connections that all virtual users share; one each unless said
        --capacity                    searches the highest arrival rate that meets the objectives
        --scale <SHARE>               shrinks the data set and keeps its shape
        --seed <N>                    random seed of data, load and faults
        --profile <NAME>              how team sizes are laid out: distribution, rule-of-thumb
        --mix <NAME>                  which classes of users: enterprise, federation, multi-tenant, cache-stress,
                                      write-heavy
        --weights <CLASS=N,…>         shares of the classes of users, instead of a mix: enterprise-user, power-user,
                                      cache-stress, federation-user, tenant-user, writer
        --scenario <FILE>             TypeScript scenario that drives the load
        --locustfile <FILE>           Locust file that drives the load
        --k6 <FILE>                   k6 script that drives the load
        --target <NAME>               what is under test
        --faults <planned|none>       inject the planned faults, or none
        --defect <NAME[=N],…>         plants defects in the reference gateway, to see them found: leak-per-request,
                                      leak-by-timer, leak-per-fault, connection-leak, descriptor-leak, gc-storm,
                                      cache-never-evicts, lost-write, scope-leak, latency-creep
        --leak-watch <SLOPE,…>        judges leaks in a load of 150s and more: what may rise by how much
        --growth                      let what load creates pile up
        --shards <N>                  engines that share the virtual users
        --instances <N>               gateway instances
        --window <LENGTH>             length of one window
        --warm-up <LENGTH>            longest time that caches are warmed for
        --windows-per-execution <N>   windows after which the workflow continues as new
        --windows-per-checkpoint <N>  windows from one checkpoint with a provisional verdict to the next
        --to-the-end                  hold the load to its planned end, even when a checkpoint is certain of a leak
        --objective <NAME=VALUE,…>    thresholds in place of the wave’s; they bind on any machine: errorRate, p95Ms,
                                      p99Ms, federationP95Ms, analyticsP95Ms, gatewaysRssBytes, databaseConnections,
                                      cacheHitRatio, requestsPerSecond
        --without <QUESTION,…>        promises to take out of the verdict; shown in its headline:
                                      seeding-reconciled, load-delivered, samples-present, operations-checked,
                                      error-rate, no-lost-write, no-scope-leak, faults-healed,
                                      generator-not-saturated, stationary, no-unplanned-death, latency-local-reads,
                                      memory-gateways, database-connections, cache-hit-ratio, capacity, memory-leak,
                                      latency-local-reads-p99, latency-federation, latency-analytics,
                                      harness-memory, handle-leak, gc-pauses, latency-creep
        --keep <stack|nothing>        what stays up after the run
        --on-blocked <wait|abort>     what a step does whose retries are used up
        --if-busy <fail|wait>         what to do when another run holds the stack
        --from <WAVE>                 of AllWaves: run this wave and the later ones
        --previous <RUN>              of AllWaves: the earlier cycle that has the waves before
        --workflow <NAME>             SoakWave, AllWaves, StabilityRun, FederationLoad (default SoakWave)
        --id <NAME>                   workflow id of the run (default soak/WAVE/TIME)
        --detach                      start it and return at once
        --json                        progress to stderr, the result as last line of stdout
        -h, --help                    display help for command

      Examples:
        soak run smoke                                                 a minute of load, a verdict, a report
        soak run small --users 50 --duration 5m                        the small wave with half its users for a third of its time
        soak run large --scale 0.05 --faults none                      a large wave’s shape at a twentieth of its size, undisturbed
        soak run small --capacity                                      how many requests a second it can carry, with the knee and the safe limit
        soak run smoke --scenario ./shop.ts                            a load of your own; docs/scenarios.md says how it is written
        soak run small --without operations-checked                    one promise less, named in the headline of the verdict
        soak run --workflow StabilityRun small --duration 8h --detach  a working day of soaking; soak attach shows it
        soak run --workflow AllWaves smoke small --json                two waves in order, compared"
    `);
    expect((await soak([])).out).toMatchInlineSnapshot(`
      "Usage: soak VERB [words] [flags]

      Soak and scale runs as durable workflows, ending in a verdict that can be defended.

      Options:
        -h, --help                        display help for command

      Commands:
        doctor [options]                  check every prerequisite at once; exit 1 when one is missing
        plan [options] [WAVE]             what a run would do on this machine: sizes, schedule and how far it can be
                                          scaled (twice the planned users), faults, promises, needs; starts nothing
        seed [options] [WAVE]             fill a database with the data set of a wave, exactly once; go on where it
                                          was interrupted
        run [options] [WAVE]              start a run, follow it, exit 0 pass, 1 fail, 2 inconclusive, 64 usage
        attach [options] [RUN]            follow a run that was started elsewhere or detached from
        list [options]                    runs, latest first
        report [options] [RUN]            where the report of a run is
        judge [options] [RUN|FILE]        judge a run again from its stored evidence, and compare; or bare series
                                          for leaks, which needs no server
        evidence [options] [ACTION NAME]  take a run’s evidence to another machine: whole archives, judged and
                                          reported there as here
        pause [options] [RUN]             take the load of a run to nothing until soak resume; paused time is
                                          neither planned nor judged
        resume [options] [RUN]            end a pause
        abort [options] [RUN]             end a run now: load stops, faults heal, what there is gets judged
        scale [options] [RUN]             change the number of virtual users, or the rate of an open load, from now
                                          to the end of the load
        inject [options] [RUN]            break something now that was not planned; it heals after --hold and is
                                          judged like a planned fault
        extend [options] [RUN]            let the load go on for longer, with as many users, or at the rate, as at
                                          its end
        resolve [options] [RUN CHOICE]    say what a blocked step shall do: retry, skip or abort
        schedule [options] [ACTION NAME]  runs by the clock: create, list, pause, resume, delete, trigger
        snapshot [options] [ACTION NAME]  keep the local stack’s seeded database, and bring it back: a wave starts
                                          from the same state twice
        bench [options] [WHAT]            measure soakwave against its peers on this machine
        selftest [options]                plant each defect in the reference gateway and see it found, run a healthy
                                          one and see it pass
        status [options]                  what runs here: Temporal, processes, runs
        up                                start Temporal, the evidence store and the workers here, or adopt those
                                          that run
        down [options]                    stop everything that was started here; refused while a run is active
        help [command]                    display help for command

      First steps:
        soak doctor       is everything here?
        soak plan smoke   what would happen?
        soak run smoke    let it happen

      Exit status:
        0  pass, or done          1  fail                2  inconclusive, or no verdict
        64 bad input              65 the evidence is not what it was
        69 not up                 70 our own failure
        130 interrupted while piped (the run goes on)"
    `);
  });
});
