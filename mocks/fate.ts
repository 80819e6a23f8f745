import { fraction, hash32 } from '#model/random.ts';
import type { Region } from '#model/region.ts';
import type { MockScenario } from './options.ts';

/** R4.2: what a call takes at least and at most, whatever the region and scenario. */
const latencyMsMin = 50;
const latencyMsMax = 2_000;

/** Base latencies by region; us-east and eu-central are the source's, the others lie around them by distance. */
const latencyMsBase: Readonly<Record<Region, number>> = {
  'us-east': 75,
  'us-west': 110,
  'eu-central': 150,
  'eu-west': 140,
  'ap-south': 220,
  'ap-east': 250,
};
/** One call in so many is a straggler. */
const stragglerRate = 0.005;

/** What happens to one call. */
export interface Fate {
  readonly latencyMs: number;
  readonly isFailed: boolean;
}

/** Drawn from the seed and the number of the call at its gateway, so the same seed gives every gateway the same sequence (R4.4). */
export function drawFate(
  seed: number,
  call: { gatewayId: number; region: Region; number: number },
  scenario: MockScenario,
): Fate {
  const draw = (what: number): number => fraction(hash32(seed, call.gatewayId, call.number, what));
  const jittered = latencyMsBase[call.region] * (0.8 + 0.5 * draw(1));
  const latencyMs = draw(2) < stragglerRate ? jittered + draw(3) * (latencyMsMax - jittered) : jittered;
  return {
    latencyMs: Math.round(Math.min(latencyMsMax, Math.max(latencyMsMin, latencyMs * scenario.latencyFactor))),
    isFailed: draw(4) < scenario.failureRate,
  };
}
