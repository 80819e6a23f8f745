import { describe, expect, it } from 'vitest';
import { studentQuantile, studentTail } from './student.ts';

describe('Student’s t', () => {
  it('has the quantiles of the tables', () => {
    // NIST/SEMATECH e-Handbook, 1.3.6.7.2.
    for (const [tail, freedom, t] of [
      [0.05, 1, 6.314],
      [0.025, 8, 2.306],
      [0.01, 8, 2.896],
      [0.001, 12, 3.93],
      [0.1, 30, 1.31],
    ] as const)
      expect(studentQuantile(tail, freedom)).toBeCloseTo(t, 3);
  });

  it('is exact in the far tail', () => {
    // One degree of freedom is Cauchy's distribution: the tail is arctan(1/t)/π.
    expect(studentTail(1e6, 1)).toBeCloseTo(Math.atan(1e-6) / Math.PI, 12);
    expect(studentTail(studentQuantile(6e-5, 8), 8)).toBeCloseTo(6e-5, 10);
  });

  it('is symmetrical', () => {
    expect(studentTail(1.3, 5) + studentTail(-1.3, 5)).toBeCloseTo(1, 12);
    expect(studentQuantile(0.5, 7)).toBeCloseTo(0, 6);
    expect(studentQuantile(0.9, 7)).toBeCloseTo(-studentQuantile(0.1, 7), 9);
  });
});
