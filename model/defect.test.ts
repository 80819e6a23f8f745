import { describe, expect, it } from 'vitest';
import { defectKinds, defectNames, DefectsInput, describeDefect, PlantedDefect } from './defect.ts';

const read = (given: unknown) => DefectsInput.safeParse(given);
const problemOf = (given: unknown): string => read(given).error?.issues[0]?.message ?? '';

describe('defects that are to be planted', () => {
  it('are names, with an amount or the usual one', () => {
    expect(read('lost-write,leak-per-request=16KB').data).toEqual([
      { name: 'lost-write', amount: 20 },
      { name: 'leak-per-request', amount: 16_000 },
    ]);
    expect(read(['gc-storm=2.5']).data).toEqual([{ name: 'gc-storm', amount: 2.5 }]);
  });

  it.each([
    ['leak-per-reqest', 'with NAME one of leak-per-request'],
    ['', 'a defect is NAME or NAME=AMOUNT'],
    [[], 'a defect is NAME or NAME=AMOUNT'],
    [7, 'a defect is NAME or NAME=AMOUNT'],
    ['lost-write,lost-write=3', 'lost-write is there twice'],
    ['gc-storm=0', 'above 0 and at most 50'],
    ['leak-by-timer=99MB', 'at most 16000000'],
    ['gc-storm=2MB', 'without a unit'],
  ])('are refused as %j, with what is allowed', (given, told) => {
    expect(problemOf(given)).toContain(told);
  });

  it('have a usual amount each that is within its bound, and say what it counts', () => {
    for (const name of defectNames) {
      const defect = PlantedDefect.parse({ name, amount: defectKinds[name].amount });
      expect(defect.amount).toBeLessThanOrEqual(defectKinds[name].most);
      expect(describeDefect(defect)).toMatch(new RegExp(`^${name} [\\d.]+ \\(.{10,}\\)$`));
    }
  });
});
