import { describe, expect, it } from 'vitest';
import { countCheckpoints, planCheckpoints } from './checkpoint.ts';

const hour = 3_600_000;

describe('planCheckpoints', () => {
  it.each([
    { what: '48 h of 5 minutes: one an hour', loadMs: 48 * hour, windowMs: 300_000, every: 12, checkpoints: 47 },
    { what: '62 min of a minute: 30 of them', loadMs: 62 * 60_000, windowMs: 60_000, every: 2, checkpoints: 30 },
    { what: '40 s of 5 s: one, at half time', loadMs: 40_000, windowMs: 5_000, every: 4, checkpoints: 1 },
    { what: 'two windows: one', loadMs: 20_000, windowMs: 10_000, every: 1, checkpoints: 1 },
    { what: 'one window: none', loadMs: 10_000, windowMs: 10_000, every: 1, checkpoints: 0 },
    { what: '30 days of 1 s: no more than 48', loadMs: 720 * hour, windowMs: 1_000, every: 54_000, checkpoints: 47 },
  ])('$what', ({ loadMs, windowMs, every, checkpoints }) => {
    expect(planCheckpoints(loadMs, windowMs)).toBe(every);
    expect(countCheckpoints(Math.ceil(loadMs / windowMs), every)).toBe(checkpoints);
  });
});
