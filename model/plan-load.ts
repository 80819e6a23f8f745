import { isOpenInput, peakRateOf, spawnSlopes, virtualUsersOf } from './load-conflicts.ts';
import { isTool, type LoadDriver } from './load-driver.ts';
import type { LoadPlan, Shard, Stage } from './load-plan.ts';
import type { Machine } from './machine.ts';
import type { RunInput } from './parse-input.ts';
import type { StagesInput } from './stages-input.ts';
import { poolFor, virtualUsersMax } from './user-pool.ts';
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

/**
 * The two models (R3.3). Closed: users arrive at the spawn rate and stay until the end; the ramp is part of the load's length.
 * Open: iterations begin at a rate, and a pool of users takes them. Stages shape either. One engine, and on more than two
 * cores one more for every further 500 users.
 */
export function planLoad(request: LoadRequest): { load: LoadPlan; remarks: string[] } {
  const { input, wave, durationMs, driver } = request;
  const virtualUsers = virtualUsersOf(input, wave.name, request.seededUsers);
  // A tool drives from one process.
  const wantedShards = request.machine.cores > 2 && !isTool(driver) ? Math.ceil(virtualUsers / usersPerShard) : 1;
  const [thinkTimeMsMin, thinkTimeMsMax] = thinkTimes(request);
  const spawnRatePerSecond = input.spawnRate ?? Math.max(spawnRateDefault, ...spawnSlopes(input.stages ?? []));
  const { stages, remarks } = isOpenInput(input)
    ? planRates(request, virtualUsers)
    : planStages(request, virtualUsers, spawnRatePerSecond);
  return {
    load: {
      model: isOpenInput(input) ? 'open' : 'closed',
      ...mixOf(request),
      seed: request.seed,
      virtualUsers,
      usersMax: usersMaxOf(virtualUsers, request.seededUsers),
      spawnRatePerSecond,
      thinkTimeMsMin,
      thinkTimeMsMax,
      ...(input.connections === undefined ? {} : { connections: input.connections }),
      ...(input.pacing === undefined ? {} : { pacingMs: input.pacing }),
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

function mixOf({ input, isFederation }: LoadRequest): Pick<LoadPlan, 'mix' | 'weights'> {
  if (isFederation) return { mix: 'federation' };
  return input.weights === undefined ? { mix: input.mix ?? 'enterprise' } : { mix: 'custom', weights: input.weights };
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

function planStages(
  { input, durationMs }: LoadRequest,
  users: number,
  spawnRate: number,
): { stages: Stage[]; remarks: string[] } {
  if (input.stages !== undefined) {
    const stages = shape(input.stages, 0, ({ users: to = 0 }, from) => ({ usersFrom: from, usersTo: to, to }));
    return { stages, remarks: [] };
  }
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

/** The pool is there throughout. A rate without stages holds from the first second; with stages it is what they begin at. */
function planRates(
  { input, durationMs, seededUsers }: LoadRequest,
  pool: number,
): { stages: Stage[]; remarks: string[] } {
  const { arrivalRate = 0, stages: shaped = [{ duration: durationMs, rate: arrivalRate }] } = input;
  const stages = shape(shaped, arrivalRate, ({ rate: to = 0 }, from) => {
    return { usersFrom: pool, usersTo: pool, ratePerSecondFrom: from, ratePerSecondTo: to, to };
  });
  const wanted = poolFor(peakRateOf(input));
  const isCut = input.users === undefined && pool < wanted;
  const why = seededUsers < virtualUsersMax ? 'there are no more seeded users to be' : 'a run has no more';
  const remarks = isCut ? [`The pool has ${pool} virtual users where the rate asks for ${wanted}: ${why}.`] : [];
  return { stages, remarks };
}

type Shaped = Omit<Stage, 'name' | 'durationMs'> & { readonly to: number };

/** Stages one after the other, each from where the one before it ended. */
function shape(
  stages: StagesInput,
  begin: number,
  reach: (stage: StagesInput[number], from: number) => Shaped,
): Stage[] {
  let from = begin;
  return stages.map((stage) => {
    const { to, ...reached } = reach(stage, from);
    const name = stage.name ?? (from === to ? 'hold' : 'ramp');
    from = to;
    return { name, durationMs: stage.duration, ...reached };
  });
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
