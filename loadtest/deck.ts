import { fraction, hash32 } from '#model/random.ts';

/**
 * Indexes of `counts`, each as often as its count says, spread evenly: the k-th card of n lies in the first half of the
 * k-th n-th, at a place drawn from `seed`. So shares are exact, and rare cards come early instead of in clumps.
 */
export function spreadEvenly(counts: readonly number[], seed: number): number[] {
  const cards = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, k) => ({ index, place: (k + fraction(hash32(seed, index, k)) / 2) / count })),
  );
  return cards.sort((one, other) => one.place - other.place || one.index - other.index).map(({ index }) => index);
}

/** Deals names for ever; every full round holds each exactly as often as its weight says (R3.1). */
export interface Deck {
  deal(): string;
}

export function createDeck(weights: Readonly<Record<string, number>>, seed: number): Deck {
  const names = Object.keys(weights);
  const counts = Object.values(weights);
  if (!counts.some((count) => count > 0)) throw new Error('a deck needs a card');
  let round = 0;
  let cards: number[] = [];
  let dealt = 0;
  return {
    deal() {
      if (dealt === cards.length) {
        cards = spreadEvenly(counts, hash32(seed, round));
        round += 1;
        dealt = 0;
      }
      const name = names[cards[dealt] ?? 0] ?? '';
      dealt += 1;
      return name;
    },
  };
}

/** Whole users by weight, one after the other to whoever is furthest from its share; everybody gets one when there are enough. */
export function allotUsers(weights: readonly number[], users: number): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const shares = weights.map((weight) => (users * weight) / sum);
  const atLeast = users >= weights.length ? 1 : 0;
  const counts = weights.map((): number => atLeast);
  for (let left = users - atLeast * weights.length; left > 0; left -= 1) {
    const needs = shares.map((share, index) => share - (counts[index] ?? 0));
    const neediest = needs.indexOf(Math.max(...needs));
    counts[neediest] = (counts[neediest] ?? 0) + 1;
  }
  return counts;
}
