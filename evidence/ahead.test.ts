import { describe, expect, it } from 'vitest';
import { oneByOne, readAhead } from './ahead.ts';

async function* countTo(last: number) {
  for (let number = 1; number <= last; number += 1) yield await Promise.resolve(number);
}

describe('reading ahead', () => {
  it('hands on all in order, with one made ready before it is asked for', async () => {
    const made: number[] = [];
    const taken: [number, number][] = [];
    const make = (item: number): Promise<number> => {
      made.push(item);
      return Promise.resolve(item);
    };
    for await (const item of readAhead(countTo(4), make)) taken.push([item, made.length]);
    expect(taken).toEqual([[1, 2], [2, 3], [3, 4], [4, 4]]); // prettier-ignore
    for await (const item of readAhead(countTo(0), make)) taken.push([item, -1]);
    expect(taken).toHaveLength(4);
  });

  it('fails when it is the turn of what failed, and with nothing unheard when nobody asks for it', async () => {
    const make = (item: number): Promise<number> =>
      item === 3 ? Promise.reject(new Error('the third is damaged')) : Promise.resolve(item);
    const taken: number[] = [];
    const readAll = async (): Promise<void> => {
      for await (const item of readAhead(countTo(4), make)) taken.push(item);
    };
    await expect(readAll()).rejects.toThrow('the third is damaged');
    expect(taken).toEqual([1, 2]);
    for await (const item of readAhead(countTo(4), make)) if (item === 2) break;
  });
});

describe('one by one', () => {
  it('hands on the items of lists in order, of empty ones none, and lets go of the lists when it is let go of', async () => {
    const ended: number[] = [];
    async function* lists() {
      try {
        for (const length of [0, 2, 0, 0, 3]) yield await Promise.resolve(Array.from({ length }, (_, index) => index));
      } finally {
        ended.push(1);
      }
    }
    const taken: number[] = [];
    for await (const item of oneByOne(lists())) taken.push(item);
    expect(taken).toEqual([0, 1, 0, 1, 2]);
    expect(ended).toHaveLength(1);
    for await (const item of oneByOne(lists())) if (item === 1) break;
    expect(ended).toHaveLength(2);
  });
});
