import { describe, expect, it } from 'vitest';
import { parseInput } from './parse-input.ts';
import { planRun } from './plan-run.ts';

const machine = { cores: 2, memoryBytes: 24 * 1_024 ** 3, diskFreeBytes: 100 * 1_024 ** 3 };

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
