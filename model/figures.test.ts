import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatFigure, formatNumber, formatRatio } from './figures.ts';

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.0214, '0.0214'],
    [0.15748, '0.157'],
    [12.346, '12.3'],
    [999.6, '1,000'],
    [1_234.5, '1,235'],
    [139_000_000, '139,000,000'],
    [-3, '-3'],
    [-0.0000001, '0'],
  ])('writes the number %d as %s', (value, written) => {
    expect(formatNumber(value)).toBe(written);
  });

  it.each([
    [0, '0 ms'],
    [59_500, '59.5 s'],
    [60_000, '1 min'],
    [95_000, '1 min 35 s'],
    [7_500_000, '2 h 5 min'],
    [172_800_000, '48 h'],
  ])('writes %d ms as %s', (durationMs, written) => {
    expect(formatDuration(durationMs)).toBe(written);
  });

  it('never rounds a ratio to all or nothing', () => {
    expect([1, 0.999999, 0.98995, 0.000001, 0].map(formatRatio)).toEqual(['100 %', '> 99.99 %', '99 %', '< 0.001 %', '0 %']); // prettier-ignore
  });

  it('writes figures in their unit', () => {
    expect(formatBytes(1_610_612_736)).toBe('1.5 GB');
    expect(formatFigure(25, 'ms')).toBe('25 ms');
    expect(formatFigure(0.98, 'ratio')).toBe('98 %');
    expect(formatFigure(20, 'connections')).toBe('20 connections');
    expect(formatFigure(1, 'faults')).toBe('1 fault');
    expect(formatFigure(3, undefined)).toBe('3');
  });
});
