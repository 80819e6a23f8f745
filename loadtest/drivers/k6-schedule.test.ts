import { describe, expect, it } from 'vitest';
import { stagesFrom } from './k6-schedule.ts';

const startsAt = 1_000_000;
const schedule = {
  startsAt,
  endsAt: startsAt + 30_000,
  spawnRatePerSecond: 2,
  stages: [
    { durationMs: 10_000, usersFrom: 0, usersTo: 8 },
    { durationMs: 20_000, usersFrom: 8, usersTo: 8 },
  ],
};
const left = (now: number, changes: Partial<typeof schedule> = {}) =>
  stagesFrom({ ...schedule, ...changes }, now).map(({ duration, target }) => `${duration}:${target}`);

describe('a schedule in the words of k6', () => {
  it('has nobody there before its start', () => {
    expect(left(startsAt - 2_500)).toEqual(['2500ms:0', '10000ms:8', '20000ms:8', '1000ms:8']);
    expect(left(startsAt)).toEqual(['10000ms:8', '20000ms:8', '1000ms:8']);
  });

  it('begun in mid-load comes to the users of that moment, and goes on from there', () => {
    expect(left(startsAt + 5_000)).toEqual(['2000ms:4', '3000ms:8', '20000ms:8', '1000ms:8']);
    expect(left(startsAt + 12_000)).toEqual(['4000ms:8', '14000ms:8', '1000ms:8']);
  });

  it('ends where an operator has moved its end to', () => {
    expect(left(startsAt, { endsAt: startsAt + 15_000 })).toEqual(['10000ms:8', '5000ms:8', '1000ms:8']);
  });
});
