import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allotUsers, createDeck, spreadEvenly } from './deck.ts';

const weights = { list: 25, search: 15, federated: 10, create: 8, share: 5, export: 2 };

describe('a deck', () => {
  it('holds every task exactly as often as its weight says, in every round', () => {
    const deck = createDeck(weights, 7);
    for (let round = 0; round < 3; round += 1) {
      const dealt = Array.from({ length: 65 }, () => deck.deal());
      for (const [name, weight] of Object.entries(weights)) {
        expect(dealt.filter((card) => card === name)).toHaveLength(weight);
      }
    }
  });

  it('deals the same cards for the same seed, and others in the next round', () => {
    const deal = (seed: number): string[] => {
      const deck = createDeck(weights, seed);
      return Array.from({ length: 130 }, () => deck.deal());
    };
    expect(deal(7)).toEqual(deal(7));
    expect(deal(7)).not.toEqual(deal(8));
    expect(deal(7).slice(0, 65)).not.toEqual(deal(7).slice(65));
  });

  it('brings the rare card of a pair in the first half of each half', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const cards = spreadEvenly(Object.values(weights), seed);
      const places = cards.flatMap((card, place) => (card === 5 ? [place] : []));
      expect(places[0]).toBeLessThan(22);
      expect(places[1]).toBeLessThan(55);
    }
  });
});

describe('allotted users', () => {
  it('are the nearest whole shares of the weights', () => {
    expect(allotUsers([40, 10, 5], 20)).toEqual([14, 4, 2]);
    expect(allotUsers([40, 10, 5], 2_000)).toEqual([1_454, 364, 182]);
  });

  it('are one of each at least, when there are as many users as behaviours', () => {
    expect(allotUsers([40, 10, 5], 3)).toEqual([1, 1, 1]);
    expect(allotUsers([1_000, 1, 1], 10)).toEqual([8, 1, 1]);
    expect(allotUsers([40, 10, 5], 1)).toEqual([1, 0, 0]);
  });

  it('add up for any weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 5_000 }),
        (shares, users) => {
          const counts = allotUsers(shares, users);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(users);
          if (users >= shares.length) expect(Math.min(...counts)).toBeGreaterThan(0);
        },
      ),
    );
  });
});
