import { isTool, type LoadDriver } from './load-driver.ts';
import type { LoadPlan, Shard, Stage } from './load-plan.ts';
import type { Machine } from './machine.ts';
import type { RunInput } from './parse-input.ts';
import type { Wave } from './wave.ts';

interface LoadRequest {
  readonly wave: Wave;
  readonly input: RunInput;
  readonly machine: Machine;
  readonly durationMs: number;
  readonly seed: number;
  readonly isFederation: boolean;
  readonly seededUsers: number;
  readonly driver: LoadDriver | undefined;
}

const spawnRateDefault = 50;
const usersPerShard = 500;
const shardsMax = 64;
const virtualUsersMax = 20_000;

/**
 * The closed model (R3.3): users arrive at the spawn rate and stay until the end; the ramp is part of the load's length.
 * One engine, and on more than two cores one more for every further 500 users.
 */
export function planLoad(request: LoadRequest): { load: LoadPlan; remarks: string[] } {
  const { input, wave, durationMs } = request;
  const virtualUsers = input.users ?? wave.virtualUsers;
  const spawnRatePerSecond = input.spawnRate ?? spawnRateDefault;
  const { driver } = request;
  // A tool drives from one process.
  const wantedShards = request.machine.cores > 2 && !isTool(driver) ? Math.ceil(virtualUsers / usersPerShard) : 1;
  const [thinkTimeMsMin, thinkTimeMsMax] = thinkTimes(request);
  const { stages, remarks } = planStages(virtualUsers, spawnRatePerSecond, durationMs);
  return {
    load: {
      model: 'closed',
      mix: request.isFederation ? 'federation' : (input.mix ?? 'enterprise'),
      seed: request.seed,
      virtualUsers,
      usersMax: usersMaxOf(virtualUsers, request.seededUsers),
      spawnRatePerSecond,
      thinkTimeMsMin,
      thinkTimeMsMax,
      stages,
      shards: dealShards(
        usersMaxOf(virtualUsers, request.seededUsers),
        input.shards ?? Math.min(wantedShards, shardsMax),
      ),
      windowMs: Math.min(input.window ?? windowFor(durationMs), durationMs),
      drainMs: 10_000,
      requestTimeoutMs: 10_000,
      liveObjectsMax: 20,
      growth: input.growth ?? false,
      ...(driver === undefined ? {} : { driver }),
    },
    remarks,
  };
}

/** An operator may ask for twice the planned users while the load runs; each has a seeded user to be. */
const usersMaxOf = (virtualUsers: number, seededUsers: number): number =>
  Math.max(virtualUsers, Math.min(2 * virtualUsers, seededUsers, virtualUsersMax));

/**
 * R3.3's default is 0.5 to 1.5 s. Smoke thinks half as long: one minute of 20 users must meet its rarest operation,
 * a bulk export (2 in 65 iterations of one class), well more than 20 times.
 */
const thinkTimes = ({ wave }: LoadRequest): readonly [number, number] =>
  wave.name === 'smoke' ? [250, 750] : [500, 1_500];

function planStages(users: number, spawnRate: number, durationMs: number): { stages: Stage[]; remarks: string[] } {
  const rampMs = Math.ceil((users / spawnRate) * 1_000);
  if (rampMs >= durationMs) {
    const reached = Math.min(users, Math.max(1, Math.floor((durationMs / 1_000) * spawnRate)));
    const remarks =
      rampMs === durationMs
        ? []
        : [`At ${spawnRate} users a second the load ends before its ${users} users are there: it reaches ${reached}.`];
    return { stages: [{ name: 'ramp', durationMs, usersFrom: 0, usersTo: reached }], remarks };
  }
  return {
    stages: [
      { name: 'ramp', durationMs: rampMs, usersFrom: 0, usersTo: users },
      { name: 'hold', durationMs: durationMs - rampMs, usersFrom: users, usersTo: users },
    ],
    remarks: [],
  };
}

/** Contiguous ranges whose sizes differ by one at most, larger ones first, as `usersOfShard` deals them. */
function dealShards(users: number, count: number): Shard[] {
  const shards: Shard[] = [];
  let firstSlot = 0;
  for (let shard = 0; shard < count; shard += 1) {
    const slots = Math.floor(users / count) + (shard < users % count ? 1 : 0);
    shards.push({ shard, firstSlot, slots });
    firstSlot += slots;
  }
  return shards;
}

/** Windows grow with the load, from 20 s (so that a smoke run has some) to 5 min (hundreds in 48 h). */
function windowFor(durationMs: number): number {
  if (durationMs <= 3 * 60_000) return 20_000;
  return Math.min(5 * 60_000, Math.max(60_000, Math.round(durationMs / 60 / 60_000) * 60_000));
}
