import { describe, expect, it } from 'vitest';
import { type ServerShape, simulateServer, type SimulatedServer, trueCapacity } from '../test/simulated-server.ts';
import { answerOf, type CapacityAnswer } from './capacity-answer.ts';
import type { CapacityPlan } from './capacity-plan.ts';
import { betweenMs, nextStep, type Probe, type SearchEnd, settleRates, stepMs } from './capacity-search.ts';
import { sumProbeParts } from './probe.ts';
import { judgeProbe, voidOf } from './probe-verdict.ts';

const limitMs = 100;
const plan: CapacityPlan = {
  ...{ startRatePerSecond: 40, minRatePerSecond: 5, maxRatePerSecond: 5_000, resolution: 0.05 },
  ...{ probeMs: 20_000, settleMs: 5_000, coolDownMs: 8_000, holdMs: 60_000, probes: 30, safeShare: 0.75 },
  limits: { latencyMsP95Max: limitMs, failedRatioMax: 0.001 },
};
/** Eight servers of 20 ms: all of them busy at 400 a second. */
const shape: ServerShape = { seed: 1, servers: 8, serviceMsMean: 20 };
const truth = trueCapacity(shape, limitMs);
const budgetMs = 20 * 60_000;

interface Searched extends CapacityAnswer {
  readonly probes: readonly Probe[];
  readonly seconds: number;
}

/** Searches as a run does, on the server's own clock. `whatIf` may make another probe of each. */
function search(
  server: SimulatedServer,
  own: Partial<CapacityPlan> & { leftMs?: number; whatIf?: (probe: Probe, number: number) => Probe } = {},
): Searched {
  const { leftMs = budgetMs, whatIf = (probe: Probe) => probe, ...changed } = own;
  const searched = { ...plan, ...changed };
  const { latencyMsP95Max } = searched.limits;
  const probes: Probe[] = [];
  for (;;) {
    const step = nextStep(searched, probes, leftMs - server.now() * 1_000);
    if (step.kind === 'done') {
      return { ...answerOf(searched, probes, step.endedBy), probes, seconds: server.now() };
    }
    server.rest(betweenMs / 1_000 + step.coolDownMs / 1_000);
    const seconds = step.measureMs / 1_000;
    const { look, ratePerSecond } = step;
    const span = { settleSeconds: searched.settleMs / 1_000, seconds, limitMs: latencyMsP95Max };
    const figures = sumProbeParts([server.offer(ratePerSecond, span)], { seconds, shards: 1 });
    const to = server.now() * 1_000;
    const judged = judgeProbe(figures, searched.limits);
    probes.push(whatIf({ look, ratePerSecond, from: to - step.measureMs, to, ...judged, figures }, probes.length));
  }
}

const rateOf = ({ low }: Searched): number => low?.ratePerSecond ?? 0;
const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const searchAll = (
  count: number,
  queue: Omit<ServerShape, 'seed'>,
  own: Parameters<typeof search>[1] = {},
): Searched[] => seeds(count).map((seed) => search(simulateServer({ ...queue, seed }), own));
const endsOf = (all: readonly Searched[]): SearchEnd[] => [...new Set(all.map(({ endedBy }) => endedBy))];

describe('a capacity search', { timeout: 120_000 }, () => {
  it.each([
    ['eight servers', shape, limitMs],
    ['one fast server', { servers: 1, serviceMsMean: 2.5 }, 80],
    ['twenty slow servers', { servers: 20, serviceMsMean: 50 }, 250],
  ])('finds what a queue with %s can carry, within its resolution, in 95 of 100 seeds', (_name, queue, limit) => {
    const known = trueCapacity({ seed: 1, ...queue }, limit);
    const limits = { ...plan.limits, latencyMsP95Max: limit };
    const all = searchAll(20, queue, { limits });
    const near = all.filter((searched) => Math.abs(rateOf(searched) / known - 1) <= plan.resolution);
    expect(near.length).toBeGreaterThanOrEqual(19);
    expect(known).toBeGreaterThan(250);
    // Each of them ended by itself, within its bounds of probes and time, and says that it was near enough.
    expect(endsOf(all)).toEqual(['resolution']);
    expect(all.every(({ isFound }) => isFound)).toBe(true);
    expect(Math.max(...all.map(({ probes }) => probes.length))).toBeLessThanOrEqual(plan.probes);
    expect(Math.max(...all.map(({ seconds }) => seconds))).toBeLessThanOrEqual(budgetMs / 1_000);
  });

  it('answers with the requests of its longest look, of which it is sure that it met the objectives', () => {
    const searched = search(simulateServer(shape));
    expect(searched.low).toMatchObject({ isHeld: true });
    expect(searched.low?.requestsPerSecond).toBeCloseTo(rateOf(searched), -1);
    expect(searched.low?.latencyMsP95).toBeLessThanOrEqual(limitMs * 1.05);
    expect(searched.high).toMatchObject({ by: 'target' });
    const looks = searched.probes.map(({ look }) => look);
    expect(looks.slice(-2)).toContain('closing');
    expect(looks).toContain('hold');
  });

  it('finds a cliff, where answers are quick up to a rate and fail beyond it', () => {
    const all = searchAll(
      10,
      { servers: 8, serviceMsMean: 20, waitingMax: 2 },
      { limits: { latencyMsP95Max: 1_000, failedRatioMax: 0.001 } },
    );
    // Failures, and not slowness, are what is missed.
    for (const { probes, low, high } of all) {
      expect(
        probes.filter(({ outcome }) => outcome === 'missed').every(({ reason }) => reason.includes('failed')),
      ).toBe(true);
      expect((high?.ratePerSecond ?? 0) / (low?.ratePerSecond ?? 1)).toBeLessThan(1.06);
    }
    const rates = all.map(rateOf);
    expect(Math.max(...rates) / Math.min(...rates)).toBeLessThan(1.3);
  });

  it('is not misled by a target that is slow until it is warm: what was missed early is looked at again', () => {
    const slowness = (at: number): number => 1 + 9 * Math.exp(-at / 40);
    const all = searchAll(10, { ...shape, slowness });
    const near = all.filter((searched) => Math.abs(rateOf(searched) / truth - 1) <= plan.resolution);
    expect(near.length).toBeGreaterThanOrEqual(9);
    expect(all.every(({ probes }) => probes[0]?.outcome === 'missed')).toBe(true);
    expect(all.every(({ noisyRates }) => noisyRates.length > 0)).toBe(true);
  });

  it('never promises more than a target still carries that grows slower all the time', () => {
    const slowness = (at: number): number => 1 + at / 1_800;
    for (const searched of searchAll(10, { ...shape, slowness })) {
      const capacityAt = (at: number): number => trueCapacity({ ...shape, serviceMsMean: 20 * slowness(at) }, limitMs);
      const held = searched.probes.findLast(({ look, outcome }) => look === 'hold' && outcome === 'met');
      expect(rateOf(searched)).toBeLessThanOrEqual(capacityAt((held?.from ?? 0) / 1_000) * 1.05);
      expect(rateOf(searched)).toBeGreaterThan(capacityAt(searched.seconds) / 2);
      expect(searched.probes.length).toBeLessThanOrEqual(plan.probes);
    }
  });

  it('says "at least" of a target that meets the highest rate of its plan', () => {
    const searched = search(simulateServer({ seed: 3, servers: 64, serviceMsMean: 5 }), { maxRatePerSecond: 600 });
    expect(searched).toMatchObject({ endedBy: 'rate', isFound: false, low: { ratePerSecond: 600, isHeld: true } });
    expect(searched.high).toBeUndefined();
  });

  it('gives up on a target that never meets anything, at the lowest rate of its plan', () => {
    const searched = search(simulateServer({ ...shape, isBroken: true }));
    expect(searched.endedBy).toBe('floor');
    expect(searched.low).toBeUndefined();
    expect(Math.min(...searched.probes.map(({ ratePerSecond }) => ratePerSecond))).toBe(plan.minRatePerSecond);
    expect(searched.probes.length).toBeLessThanOrEqual(10);
  });

  it('does not take the limit of its generator for the target’s', () => {
    // At nine tenths of a core, the generator is at its end at 200 a second; the target carries much more.
    const searched = search(simulateServer({ ...shape, coresPerRequest: 0.9 / 200 }));
    expect(searched).toMatchObject({ endedBy: 'generator', isFound: false, high: { by: 'generator' } });
    expect(rateOf(searched)).toBeGreaterThan(180);
    expect(rateOf(searched)).toBeLessThan(200);
    expect(searched.probes.some(({ outcome }) => outcome === 'missed')).toBe(false);
  });

  it('does not take too few virtual users for the target’s limit', () => {
    const searched = search(simulateServer({ ...shape, users: 6 }));
    expect(searched).toMatchObject({ endedBy: 'users', isFound: false, high: { by: 'users' } });
  });

  it('answers with what it has when its time is over: held, and with the bracket that it got to', () => {
    for (const minutes of [3, 4, 5, 7]) {
      const searched = search(simulateServer(shape), { leftMs: minutes * 60_000 });
      expect(searched.seconds).toBeLessThanOrEqual(minutes * 60);
      expect(searched.endedBy).toBe('time');
      const held = searched.probes.findLast(({ look }) => look === 'hold');
      expect(searched.low?.isHeld).toBe(held?.outcome === 'met');
      expect(searched.isFound).toBe(false);
      expect(rateOf(searched)).toBeGreaterThanOrEqual(160);
      expect(rateOf(searched)).toBeLessThanOrEqual(truth * 1.05);
    }
  });

  it('measures once more what somebody disturbed, and gives up after three times', () => {
    const disturbed = (probe: Probe): Probe => {
      return { ...probe, ...voidOf('disturbed', 'the load was paused') };
    };
    const once = search(simulateServer(shape), {
      whatIf: (probe, number) => (number === 4 ? disturbed(probe) : probe),
    });
    expect(once.isFound).toBe(true);
    expect(once.probes[5]?.ratePerSecond).toBe(once.probes[4]?.ratePerSecond);
    const always = search(simulateServer(shape), {
      whatIf: (probe, number) => (number >= 4 ? disturbed(probe) : probe),
    });
    expect(always.endedBy).toBe('unseen');
    expect(always.probes).toHaveLength(7);
  });

  it('says which rates it could not be sure of, and ends all the same, when every tenth look is wrong', () => {
    const flip = (probe: Probe, number: number): Probe =>
      number % 10 === 3 && probe.outcome !== 'void'
        ? { ...probe, outcome: probe.outcome === 'met' ? 'missed' : 'met', isClear: true }
        : probe;
    for (const searched of searchAll(10, shape, { whatIf: flip })) {
      expect(searched.noisyRates.length).toBeGreaterThan(0);
      expect(Math.abs(rateOf(searched) / truth - 1)).toBeLessThan(0.1);
    }
  });
});

const look = (ratePerSecond: number, outcome: Probe['outcome'], change: Partial<Probe> = {}): Probe => ({
  ...{ look: 'first', ratePerSecond, from: 0, to: 20_000, outcome, isClear: true, reason: '', ...change },
});
const rateAfter = (...probes: Probe[]): string => {
  const step = nextStep(plan, probes, budgetMs);
  return step.kind === 'done' ? step.endedBy : `${step.look} ${step.ratePerSecond}`;
};

describe('the next step of a search', () => {
  it('doubles what was met, and looks again at what was missed after a cool-down', () => {
    expect(rateAfter()).toBe('first 40');
    expect(rateAfter(look(40, 'met'))).toBe('first 80');
    expect(nextStep(plan, [look(40, 'met'), look(80, 'missed')], budgetMs)).toMatchObject({
      ...{ look: 'again', ratePerSecond: 80, coolDownMs: plan.coolDownMs, measureMs: plan.probeMs },
    });
  });

  it('builds on nothing that could be chance: an unclear look is repeated, and two that disagree are followed by a third', () => {
    expect(rateAfter(look(40, 'met', { isClear: false }))).toBe('again 40');
    expect(rateAfter(look(40, 'met', { isClear: false }), look(40, 'met', { isClear: false }))).toBe('first 80');
    const disagreeing = [look(40, 'met'), look(80, 'missed'), look(80, 'met')];
    expect(rateAfter(...disagreeing)).toBe('again 80');
    expect(rateAfter(...disagreeing, look(80, 'met'))).toBe('first 160');
    expect(rateAfter(...disagreeing, look(80, 'missed'))).toBe('first 56.6');
  });

  it('holds what is nearest, then looks once more at what was missed above it', () => {
    const near = [look(100, 'met'), look(104, 'missed'), look(104, 'missed')];
    expect(rateAfter(...near)).toBe('hold 100');
    const held = [...near, look(100, 'met', { look: 'hold' })];
    expect(rateAfter(...held)).toBe('closing 104');
    expect(rateAfter(...held, look(104, 'missed', { look: 'closing' }))).toBe('resolution');
    const reopened = [...held, look(104, 'met', { look: 'closing' })];
    expect(rateAfter(...reopened)).toBe('again 104');
    expect(rateAfter(...reopened, look(104, 'met', { look: 'again' }))).toBe('first 208');
  });

  it('goes below a rate that did not hold, and keeps to what is said last', () => {
    const probes = [look(100, 'met'), look(104, 'missed'), look(104, 'missed')];
    const fell = [...probes, look(100, 'missed', { look: 'hold' })];
    expect(settleRates(fell)).toMatchObject([{ state: 'missed', isNoisy: true }, { state: 'missed' }]);
    expect(rateAfter(...fell)).toBe('first 50');
    expect(rateAfter(...probes, look(100, 'missed', { look: 'hold', isClear: false }))).toBe('hold 100');
  });

  it('widens its answer to what was met above a rate that was missed', () => {
    const probes = [look(100, 'met'), look(100, 'met', { look: 'hold' }), look(104, 'missed'), look(104, 'missed')];
    const contradicting = [...probes, look(200, 'met')];
    expect(answerOf(plan, probes, 'resolution')).toMatchObject({ isFound: true, high: { ratePerSecond: 104 } });
    expect(answerOf(plan, contradicting, 'time')).toMatchObject({
      ...{ isFound: false, low: { ratePerSecond: 100 }, high: { ratePerSecond: 200 }, noisyRates: [200] },
    });
  });

  it('is done at once where there is no time for a single probe', () => {
    expect(nextStep(plan, [], stepMs(plan, { coolDownMs: 0, measureMs: plan.probeMs }) - 1)).toEqual({
      ...{ kind: 'done', endedBy: 'time' },
    });
  });
});
