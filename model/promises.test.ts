import { describe, expect, it } from 'vitest';
import type { LoadDriver, ScenarioOutline } from './load-driver.ts';
import { parseInput } from './parse-input.ts';
import { planRun } from './plan-run.ts';

const machine = { cores: 2, memoryBytes: 24 * 1_024 ** 3, diskFreeBytes: 100 * 1_024 ** 3 };

const driverOf = (rest: Partial<LoadDriver>): LoadDriver => ({
  ...{ kind: 'scenario', file: '/x/y.ts', sha256: '0'.repeat(64) },
  ...rest,
});

/** What is promised of a load of somebody's own, and why the rest is not. */
function drivenBy(driver: LoadDriver) {
  const input = { wave: 'smoke' as const, users: 6, duration: 60_000 };
  const { promises, notCovered, load } = planRun({ workflow: 'SoakWave', input, machine, driver });
  return { promises, load, reasons: Object.fromEntries(notCovered.map(({ question, reason }) => [question, reason])) };
}

const scenario = (rest: Partial<ScenarioOutline>): LoadDriver =>
  driverOf({
    scenario: {
      ...{ classes: [{ name: 'a', weight: 1, tasks: { b: 1 } }], operations: [], requests: 'any' },
      ...rest,
    },
  });

function promisesOf(input: Record<string, unknown>): string[] {
  const parsed = parseInput('SoakWave', { wave: 'smoke', ...input });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine }).promises;
}

describe('what a plan promises', () => {
  it.each(['enterprise', 'cache-stress', 'write-heavy'])('is that no write is lost, where the mix %s writes', (mix) => {
    expect(promisesOf({ mix })).toContain('no-lost-write');
  });

  it.each(['federation', 'multi-tenant'])('is nothing about writes where the mix %s has none', (mix) => {
    expect(promisesOf({ mix })).not.toContain('no-lost-write');
  });

  it('is no healed fault where none is planned', () => {
    expect(promisesOf({})).toContain('faults-healed');
    expect(promisesOf({ faults: 'none' })).not.toContain('faults-healed');
  });
});

describe('what a plan promises of a load of somebody’s own', () => {
  it('is everything that a tool can answer for, and no more', () => {
    const { promises, reasons, load } = drivenBy(driverOf({ kind: 'locust' }));
    expect(load.shards).toHaveLength(1);
    expect(promises).toEqual([
      'seeding-reconciled',
      'load-delivered',
      'samples-present',
      'error-rate',
      'faults-healed',
      'generator-not-saturated',
      'no-unplanned-death',
    ]);
    expect(reasons['no-lost-write']).toBe(
      'Locust writes past the durability oracle: nobody keeps what it wrote, so nothing of it can be read back',
    );
    for (const question of ['operations-checked', 'no-scope-leak', 'stationary'] as const) {
      expect(reasons[question]).toContain('Locust');
    }
  });

  it('is neither a schedule that k6 has of its own, nor its room to spare', () => {
    expect(drivenBy(driverOf({ kind: 'k6' })).promises).toContain('load-delivered');
    const { promises, reasons } = drivenBy(driverOf({ kind: 'k6', ownSchedule: true }));
    expect(promises).not.toContain('load-delivered');
    expect(promises).not.toContain('generator-not-saturated');
    expect(reasons['load-delivered']).toContain("the script's own scenarios");
  });

  it('is no write of a scenario that words its own requests', () => {
    const { promises, reasons } = drivenBy(scenario({ operations: ['create-tool', 'look'] }));
    expect(promises).toContain('operations-checked');
    expect(promises).toContain('no-scope-leak');
    expect(promises).not.toContain('no-lost-write');
    expect(reasons['no-lost-write']).toBe(
      'the scenario words requests itself, and what these write is not kept by the oracle',
    );
  });

  it.each(['reads', 'none'] as const)(
    'is that no write is lost where a scenario writes by send alone (%s)',
    (requests) => {
      expect(drivenBy(scenario({ operations: ['create-tool'], requests })).promises).toContain('no-lost-write');
      expect(drivenBy(scenario({ operations: ['search-tools'], requests })).reasons['no-lost-write']).toBe(
        'the scenario names no operation that writes',
      );
    },
  );

  it('is nothing about operations where a scenario names none', () => {
    const { promises } = drivenBy(scenario({}));
    for (const question of ['operations-checked', 'no-lost-write', 'no-scope-leak', 'stationary'] as const) {
      expect(promises).not.toContain(question);
    }
    expect(promises).toContain('error-rate');
    expect(promises).toContain('load-delivered');
  });
});
