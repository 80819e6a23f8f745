import type { EvidenceRecord } from '#model/evidence.ts';
import type { LedgerSecond } from '#model/ledger.ts';
import { isTool } from '#model/load-driver.ts';
import type { Plan } from '#model/plan.ts';
import {
  type BadStretch,
  busyShareMin,
  type Coincidence,
  type Disturbance,
  partyOfSign,
  type Sign,
  signBounds,
  type Surroundings,
} from '#model/surroundings.ts';
import type { Party } from '#model/verdict.ts';
import { type Bad, createBadFold } from './bad-fold.ts';
import { type CpuFold, createCpuFold } from './cpu-fold.ts';
import { createMachineFold, type MachineFold, type Seen } from './machine-fold.ts';
import { createSlots } from './slots.ts';
import type { Window } from './windows.ts';

/** What machine and generator did while something was bad, and while nothing was (R6). Records come in any order. */
export interface SurroundingsFold {
  add(record: EvidenceRecord): void;
  /** Called before `summary`, for each second outside all fault windows. */
  readonly addSecond: (second: LedgerSecond) => void;
  /** Undefined where the machine was not sampled: then nothing can be said of it, and nothing is put down to it. */
  summary(): Surroundings | undefined;
}

const listedMax = 200;

export function createSurroundingsFold(plan: Plan, load: Window | undefined): SurroundingsFold {
  const slots = createSlots(load);
  const machine = createMachineFold(slots);
  const cpu = createCpuFold(slots);
  const bad = createBadFold(plan, slots);
  // The processes that a tool starts are nobody's that is sampled.
  const knowsOthers = !isTool(plan.load.driver);

  function othersIn(slot: number): { share: number; busy: number } | undefined {
    const busy = machine.busyIn(slot);
    if (busy === undefined || !knowsOthers) return undefined;
    const { target, generator, harness } = cpu.coresIn(slot);
    return { share: Math.max(0, busy.share - (target + generator + harness) / busy.cores), busy: busy.share };
  }

  function signsIn(slot: number): Seen[] {
    if (!machine.isWatched(slot)) return [];
    const others = othersIn(slot);
    const isCrowded =
      others !== undefined && others.busy >= busyShareMin && others.share > signBounds['other-processes'];
    return [
      ...machine.signsIn(slot),
      ...(isCrowded ? [{ sign: 'other-processes' as const, measured: others.share }] : []),
      ...cpu.signsIn(slot),
    ];
  }

  function summary(): Surroundings | undefined {
    const all = Array.from({ length: slots.count }, (_, slot) => slot);
    const watched = all.filter((slot) => machine.isWatched(slot));
    if (watched.length === 0) return undefined;
    const seen = new Map(watched.map((slot) => [slot, signsIn(slot)]));
    const partyOf = (slot: number): Culprit | undefined => worstParty(seen.get(slot) ?? []);
    const near = (slot: number): Culprit | undefined => worst([partyOf(slot - 1), partyOf(slot), partyOf(slot + 1)]);
    const msOf = (slot: number): number => slots.windowOf(slot).to - slots.windowOf(slot).from;
    const total = (party: Culprit): number =>
      watched.filter((slot) => partyOf(slot) === party).reduce((sum, slot) => sum + msOf(slot), 0);
    return {
      slotMs: slots.widthMs,
      watchedMs: watched.reduce((sum, slot) => sum + msOf(slot), 0),
      machine: { ...machine.figures(), ...sharesOfCpu(watched, { machine, cpu, knowsOthers }) },
      signs: summariseSigns(seen, msOf),
      disturbances: listDisturbances(seen, (slot) => slots.windowOf(slot)).slice(0, listedMax),
      disturbedMs: { environment: total('environment'), generator: total('generator') },
      coincidences: bad.list().map((each) => countCoincidence(each, near)),
      stretches: bad.list().flatMap((each) => listStretches(each, near, (slot) => slots.windowOf(slot))).slice(0, listedMax), // prettier-ignore
    };
  }

  return {
    add(record) {
      if (record.kind === 'operation') bad.addOperation(record);
      if (record.kind !== 'sample') return;
      machine.add(record);
      cpu.add(record);
      bad.addSample(record);
    },
    addSecond: (second) => {
      bad.addSecond(second);
    },
    summary,
  };
}

interface CpuParts {
  readonly machine: MachineFold;
  readonly cpu: CpuFold;
  readonly knowsOthers: boolean;
}

/** Who used the machine's CPU, as shares of all cores. */
function sharesOfCpu(
  watched: readonly number[],
  { machine, cpu, knowsOthers }: CpuParts,
): Partial<Surroundings['machine']> {
  const sums = { cores: 0, target: 0, generator: 0, harness: 0, busy: 0 };
  for (const slot of watched) {
    const busy = machine.busyIn(slot);
    if (busy === undefined) continue;
    const { target, generator, harness } = cpu.coresIn(slot);
    sums.cores += busy.cores;
    sums.busy += busy.cores * busy.share;
    sums.target += target;
    sums.generator += generator;
    sums.harness += harness;
  }
  if (sums.cores === 0) return {};
  const { cores, target, generator, harness, busy } = sums;
  return {
    ...{ targetShare: target / cores, generatorShare: generator / cores, harnessShare: harness / cores },
    ...(knowsOthers && { otherShare: Math.max(0, busy - target - generator - harness) / cores }),
  };
}

type Culprit = Exclude<Party, 'target'>;

/** A machine in trouble makes its generator late: what points to both points to the machine. */
const worst = (parties: readonly (Culprit | undefined)[]): Culprit | undefined =>
  parties.includes('environment') ? 'environment' : parties.includes('generator') ? 'generator' : undefined;

const worstParty = (seen: readonly Seen[]): Culprit | undefined => worst(seen.map(({ sign }) => partyOfSign(sign)));

/** Of the disk the least is the worst, of everything else the most. */
const worse = (sign: Sign, one: number, other: number): number =>
  sign === 'disk-full' ? Math.min(one, other) : Math.max(one, other);

function summariseSigns(
  seen: ReadonlyMap<number, readonly Seen[]>,
  msOf: (slot: number) => number,
): Surroundings['signs'] {
  const signs = new Map<Sign, { measured: number; ms: number }>();
  for (const [slot, found] of seen) {
    for (const { sign, measured } of found) {
      const known = signs.get(sign);
      const whole = known === undefined ? measured : worse(sign, known.measured, measured);
      signs.set(sign, { measured: whole, ms: (known?.ms ?? 0) + msOf(slot) });
    }
  }
  return [...signs].map(([sign, figures]) => ({ sign, ...figures })).sort((a, b) => (a.sign < b.sign ? -1 : 1));
}

/** Slots that follow each other with one sign are one. */
function listDisturbances(
  seen: ReadonlyMap<number, readonly Seen[]>,
  windowOf: (slot: number) => Window,
): Disturbance[] {
  const open = new Map<Sign, Disturbance>();
  const all: Disturbance[] = [];
  for (const [slot, found] of seen) {
    const { from, to } = windowOf(slot);
    for (const { sign, measured } of found) {
      const before = open.get(sign);
      if (before?.to === from) {
        before.to = to;
        before.measured = worse(sign, before.measured, measured);
        continue;
      }
      const begun = { sign, from, to, measured, bound: signBounds[sign] };
      open.set(sign, begun);
      all.push(begun);
    }
  }
  return all;
}

/**
 * What is put down to others is bounded by the whole of what can be, taken over all disturbed slots together: so whatever more
 * is disturbed, never less is put down to it.
 */
function countCoincidence(bad: Bad, near: (slot: number) => Culprit | undefined): Coincidence {
  const sums = { of: 0, bad: 0, environment: 0, generator: 0, excusable: 0 };
  for (const [slot, counts] of bad.slots) {
    sums.of += counts.of;
    sums.bad += counts.bad;
    const culprit = near(slot);
    if (culprit !== undefined) sums[culprit] += counts.bad;
  }
  for (const [slot, count] of bad.excusable ?? []) if (near(slot) !== undefined) sums.excusable += count;
  const disturbed = sums.environment + sums.generator;
  const excused = bad.excusable === undefined ? disturbed : Math.min(disturbed, sums.excusable);
  const environment = Math.min(sums.environment, excused);
  return {
    ...{ question: bad.question, of: sums.of, bad: sums.bad },
    ...{ environment, generator: excused - environment, others: sums.bad - excused },
  };
}

/** Where more was bad than may be, and whom that points to. */
function listStretches(
  { question, allowedShare, slots }: Bad,
  near: (slot: number) => Culprit | undefined,
  windowOf: (slot: number) => Window,
): BadStretch[] {
  const all: BadStretch[] = [];
  for (const [slot, { of, bad }] of [...slots].sort(([a], [b]) => a - b)) {
    if (bad === 0 || bad <= of * allowedShare) continue;
    const pointsTo = near(slot) ?? 'target';
    const { from, to } = windowOf(slot);
    const before = all.at(-1);
    if (before?.to === from && before.pointsTo === pointsTo) {
      before.to = to;
      before.bad += bad;
    } else {
      all.push({ question, from, to, bad, pointsTo });
    }
  }
  return all;
}
