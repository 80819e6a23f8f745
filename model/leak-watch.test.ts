import { describe, expect, it } from 'vitest';
import { LeakWatchInput, planLeakWatch } from './leak-watch.ts';

const hourMs = 3_600_000;

describe('the watch for leaks', () => {
  it('is given as slopes, of bytes and of what is counted', () => {
    expect(LeakWatchInput.parse('600MB/h')).toEqual({ bytes: 600e6 });
    expect(LeakWatchInput.parse('0.5GB/h, 120/h')).toEqual({ bytes: 500e6, count: 120 });
    expect(LeakWatchInput.parse(['20/h'])).toEqual({ count: 20 });
  });

  it.each(['600MB', '0MB/h', 'much', '', '1/h,2/h,3MB/h', 600, ['1/h', 2]])('is not given as %j', (given) => {
    expect(LeakWatchInput.safeParse(given).success).toBe(false);
  });

  it('is for a day what is usual', () => {
    const usual = { allowedPerHour: { bytes: 0.1e6, count: 1 }, settlesWithinHours: 8, materialHours: 720 };
    expect(planLeakWatch({}, 24 * hourMs)).toEqual(usual);
    expect(planLeakWatch({}, 48 * hourMs)).toEqual(usual);
  });

  it('takes the length of a shorter run for a day, and a stated slope as it is', () => {
    const watch = planLeakWatch({ bytes: 600e6 }, 0.05 * hourMs);
    expect(watch.allowedPerHour.bytes).toBe(600e6);
    expect(watch.allowedPerHour.count).toBeCloseTo(480, 6);
    expect(watch.settlesWithinHours * 60).toBeCloseTo(1, 6);
    expect(watch.materialHours).toBeCloseTo(1.5, 6);
  });
});
