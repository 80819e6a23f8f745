import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChildEnvironment, readEnvironment, UsageError } from './environment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-environment-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A configuration folder of our own, so that a Temporal profile of whoever runs this is not seen. */
const read = (variables: Record<string, string | undefined> = {}) =>
  readEnvironment({ XDG_CONFIG_HOME: folder, ...variables });

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    read(variables);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('readEnvironment', () => {
  it('needs nothing to be set', () => {
    const environment = read();
    expect(environment).toMatchObject({ portOffset: 0, logLevel: 'info', ci: false, externalTemporal: false });
    expect(environment.stateFolder).toBe(join(environment.home, '.soak'));
    expect(environment.host).not.toBe('');
  });

  it('takes what is set', () => {
    const set = { SOAK_HOME: '/tmp/there', SOAK_HOST: 'host-7.lab', SOAK_PORT_OFFSET: '500', SOAK_LOG_LEVEL: 'debug' };
    expect(read(set)).toMatchObject({
      stateFolder: '/tmp/there',
      host: 'host-7.lab',
      portOffset: 500,
      logLevel: 'debug',
    });
  });

  it('refuses an unknown SOAK_ variable and names those that there are, because a typo would be silence', () => {
    const [problem, ...others] = problemsOf({ SOAK_PORT_OFSET: '500' });
    expect(problem).toContain('SOAK_PORT_OFSET is not known');
    expect(problem).toContain('SOAK_PORT_OFFSET');
    expect(others).toEqual([]);
  });

  it('lists every problem in one error', () => {
    const problems = problemsOf({
      SOAK_PORT_OFFSET: 'much',
      SOAK_LOG_LEVEL: 'loud',
      SOAK_HOST: 'my host',
      SOAK_A: '1',
      SOAK_B: '2',
    });
    for (const name of ['SOAK_PORT_OFFSET', 'SOAK_LOG_LEVEL', 'SOAK_HOST', 'SOAK_A', 'SOAK_B']) {
      expect(problems.filter((problem) => problem.startsWith(`environment: ${name}`))).toHaveLength(1);
    }
    expect(problems).toHaveLength(5);
  });

  it('puts every problem into the message too', () => {
    expect(() => read({ SOAK_PORT_OFFSET: 'much', SOAK_A: '1' })).toThrow(/SOAK_PORT_OFFSET[^]*SOAK_A/);
  });

  it.each(['-1', '0.5', '50000', '1000'])('refuses a port offset of %s', (offset) => {
    expect(problemsOf({ SOAK_PORT_OFFSET: offset })).toHaveLength(1);
  });

  it('looks only at variables that are its own', () => {
    expect(problemsOf({ SOAKED: 'x', MY_SOAK_HOME: 'y' })).toEqual([]);
  });
});

describe('a Temporal service of somebody else', () => {
  it.each([{ TEMPORAL_ADDRESS: 'temporal.example.com:7233' }, { TEMPORAL_PROFILE: 'staging' }])(
    'is meant by %o',
    (variables) => {
      expect(read(variables).externalTemporal).toBe(true);
    },
  );

  it('is meant by the configuration file of the Temporal CLI', () => {
    mkdirSync(join(folder, 'temporalio'));
    writeFileSync(join(folder, 'temporalio', 'temporal.toml'), '');
    expect(read().externalTemporal).toBe(true);
  });

  it('is meant by a configuration file that is named, if it is there', () => {
    const file = join(folder, 'mine.toml');
    expect(read({ TEMPORAL_CONFIG_FILE: file }).externalTemporal).toBe(false);
    writeFileSync(file, '');
    expect(read({ TEMPORAL_CONFIG_FILE: file }).externalTemporal).toBe(true);
  });
});

describe('a guest', () => {
  it('is whoever is told where the stack of another host is described', () => {
    expect(read({ SOAK_STACK: '/srv/stack' }).guestOf).toBe('/srv/stack');
    expect(read()).not.toHaveProperty('guestOf');
  });
});

describe('what child processes are given', () => {
  it('is enough to come to the same settings, and nothing else', () => {
    const { forChildren } = read({
      PATH: '/bin',
      SOAK_HOME: '/tmp/there',
      TEMPORAL_ADDRESS: 'there:7233',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_OPTIONS: '--inspect',
    });
    expect(forChildren).toEqual({
      XDG_CONFIG_HOME: folder,
      PATH: '/bin',
      SOAK_HOME: '/tmp/there',
      TEMPORAL_ADDRESS: 'there:7233',
    });
  });

  it('holds options of their own, which are no setting', () => {
    const variables = { PATH: '/bin', SOAK_HELD: '{}', SOAK_HOME: '/tmp/there' };
    expect(() => read(variables)).toThrow('SOAK_HELD is not known');
    expect(readChildEnvironment('SOAK_HELD', variables).stateFolder).toBe('/tmp/there');
    expect(() => readChildEnvironment('SOAK_HELD', { ...variables, SOAK_HOST_: 'x' })).toThrow(
      'SOAK_HOST_ is not known',
    );
  });

  it('is nothing of ours where they are tools of somebody else', () => {
    const { forTools } = read({
      PATH: '/bin',
      SOAK_HOME: '/tmp/there',
      SOAKWAVE_PROCESS: '/runs/r/held/processes|engine-0|1|hash',
      TEMPORAL_API_KEY: 'secret',
    });
    expect(forTools).toEqual({
      XDG_CONFIG_HOME: folder,
      PATH: '/bin',
      SOAKWAVE_PROCESS: '/runs/r/held/processes|engine-0|1|hash',
    });
  });
});
