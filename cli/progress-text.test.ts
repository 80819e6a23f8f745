import { describe, expect, it } from 'vitest';
import type { Progress } from '#model/progress.ts';
import { renderProgress } from './progress-text.ts';

const progressWith = (states: readonly string[]): Progress => ({
  ...{ runKey: 'key', workflowId: 'smoke', wave: 'smoke', target: 'reference', phase: 'verify' },
  steps: [],
  faults: states.map((state, index) => ({ fault: `pause-${index + 1}`, state })),
});

describe('the line of a run', () => {
  it('tells a few faults one by one, once they have begun', () => {
    expect(renderProgress(progressWith(['bit, healed by injection', 'injecting', 'planned']), 0)).toBe(
      'verify     0:00 · pause-1 bit, healed by injection · pause-2 injecting',
    );
  });

  it('counts many, and tells those that are not over', () => {
    const healed = Array.from({ length: 11 }, () => 'bit, healed by watchdog');
    expect(
      renderProgress(progressWith([...healed, 'did not bite, healed by injection', 'injecting', 'planned']), 0),
    ).toBe(
      'verify     0:00 · 11 of 13 faults healed · pause-12 did not bite, healed by injection · pause-13 injecting',
    );
  });
});
