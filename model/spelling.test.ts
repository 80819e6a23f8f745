import { describe, expect, it } from 'vitest';
import { nearestWord } from './spelling.ts';

describe('nearestWord', () => {
  it.each([
    ['smal', 'small'],
    ['Samll', 'small'],
    ['entreprise', 'enterprise'],
    ['medium', 'medium'],
    ['xyz', undefined],
    ['', undefined],
  ])('takes %j for %s', (given, meant) => {
    expect(nearestWord(given, ['smoke', 'small', 'medium', 'large', 'enterprise'])).toBe(meant);
  });

  it('is not tempted by short words', () => {
    expect(nearestWord('id', ['mix', 'up'])).toBeUndefined();
  });
});
