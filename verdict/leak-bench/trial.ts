import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { hash32 } from '#model/random.ts';
import type { Outcome } from '#model/verdict.ts';
import { judgeLeaks } from '../leak/judge-run.ts';
import { families, type Family, generate } from './families.ts';
import { type PeerName, peers } from './peers.ts';

export const limits = { allowedPerHour: allowedPerHourDefault.bytes, settlesWithinHours: settlesWithinHoursDefault };
/** A sample every ten seconds, as far as it is worth it. */
export const samplesOf = (hours: number): number => Math.min(8_640, hours * 360);

/** One series of a family, judged alone. */
export interface SeriesTrial {
  readonly family: string;
  readonly hours: number;
  readonly number: number;
  readonly outcome: Outcome;
  readonly needHours?: number;
  /** The true slope lies between the bounds; absent where the family has no one slope. */
  readonly isCovered?: boolean;
  /** Peers that raise an alarm. */
  readonly alarms: readonly PeerName[];
}

/** The series are those of (seed, family, length, number) and no other. */
export function trySeries(family: Family, at: { hours: number; number: number; seed: number }): SeriesTrial {
  const { hours, number } = at;
  const made = generate(family, { hours, samples: samplesOf(hours), seed: seedOf(family, at) });
  const lives = made.map((life, index) => ({ series: 'rss', incarnation: `one#${index + 1}`, limits, ...life }));
  const [judged] = judgeLeaks(lives);
  const known = judged !== undefined && 'slopePerHour' in judged ? judged : undefined;
  const { slopePerHour: truth } = family;
  const isCovered = known !== undefined && truth !== undefined && known.low <= truth && truth <= known.high;
  const moments = made.flatMap((life) => life.moments);
  const names = Object.keys(peers) as PeerName[];
  return {
    ...{ family: family.name, hours, number, outcome: judged?.outcome ?? 'inconclusive' },
    ...(known !== undefined && Number.isFinite(known.needHours) && { needHours: known.needHours }),
    ...(truth !== undefined && { isCovered }),
    alarms: names.filter((name) => peers[name](moments, limits.allowedPerHour)),
  };
}

const seedOf = (family: Family, { hours, number, seed }: { hours: number; number: number; seed: number }): number =>
  hash32(seed, families.indexOf(family), hours, number);
