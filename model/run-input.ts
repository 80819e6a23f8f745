import * as z from 'zod';
import { BehaviourWeights, MixName } from './behaviour-class.ts';
import { CapacityInput } from './capacity-input.ts';
import { DefectsInput } from './defect.ts';
import { DurationText } from './duration.ts';
import { LeakWatchInput } from './leak-watch.ts';
import { SeedProfile } from './population-plan.ts';
import { arrivalRateMax, StagesInput } from './stages-input.ts';
import { ObjectivesInput } from './objective.ts';
import { Question } from './verdict.ts';
import { WaveName } from './wave.ts';

/** The longest path that Linux takes. */
const pathMax = 4_096;
/** The step has half an hour. */
const warmUpMsMax = 20 * 60_000;
const pacingMsMax = 3_600_000;

/** What `SoakWave` takes: a wave's name and what should differ from it (R1.1). Unknown keys are refused. */
export const SoakWaveInput = z.strictObject({
  wave: WaveName,
  users: z.int().min(1).max(20_000).optional().describe('virtual users'),
  spawnRate: z.number().positive().max(10_000).optional().describe('virtual users started per second'),
  arrivalRate: z
    .number()
    .positive()
    .max(arrivalRateMax)
    .optional()
    .describe('iterations begun per second (the open model); users is then a pool'),
  connections: z
    .int()
    .min(1)
    .max(20_000)
    .optional()
    .describe('connections that all virtual users share; one each unless said'),
  pacing: DurationText.refine((ms) => ms <= pacingMsMax, 'a pacing is 1h at most')
    .optional()
    .describe('an iteration of each user begins once in so long, in place of thinking'),
  stages: StagesInput.optional().describe('shape of the load: 30s@50,2m@50 in users, 30s@50/s,2m@200/s in iterations'),
  capacity: CapacityInput.optional().describe('searches the highest arrival rate that meets the objectives'),
  duration: DurationText.optional().describe('length of the load, e.g. 90s, 15m, 48h'),
  scale: z.number().positive().max(1).optional().describe('shrinks the data set and keeps its shape'),
  seed: z.int().min(0).max(0xffff_ffff).optional().describe('random seed of data, load and faults'),
  profile: SeedProfile.optional().describe('how team sizes are laid out (R2.2)'),
  mix: MixName.optional().describe('which classes of users'),
  weights: BehaviourWeights.optional().describe('shares of the classes of users, instead of a mix'),
  scenario: z.string().min(1).max(pathMax).optional().describe('TypeScript scenario that drives the load (R3.6)'),
  locustfile: z.string().min(1).max(pathMax).optional().describe('Locust file that drives the load (R3.6)'),
  k6: z.string().min(1).max(pathMax).optional().describe('k6 script that drives the load (R3.6)'),
  target: z.literal('reference').optional().describe('what is under test'),
  faults: z.enum(['planned', 'none']).optional().describe('inject the planned faults, or none'),
  defect: DefectsInput.optional().describe('plants defects in the reference gateway, to see them found (R5.1)'),
  leakWatch: LeakWatchInput.optional().describe('judges leaks in a load of 150s and more: what may rise by how much'),
  growth: z.boolean().optional().describe('let what load creates pile up (R1.7)'),
  shards: z.int().min(1).max(64).optional().describe('engines that share the virtual users'),
  instances: z.int().min(1).max(64).optional().describe('gateway instances'),
  window: DurationText.optional().describe('length of one window'),
  warmUp: DurationText.refine((ms) => ms <= warmUpMsMax, 'a warm-up lasts at most 20m')
    .optional()
    .describe('longest time that caches are warmed for'),
  windowsPerExecution: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('windows after which the workflow continues as new'),
  windowsPerCheckpoint: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('windows from one checkpoint with a provisional verdict to the next'),
  toTheEnd: z
    .boolean()
    .optional()
    .describe('hold the load to its planned end, even when a checkpoint is certain of a leak'),
  objectives: ObjectivesInput.optional().describe('thresholds in place of the wave’s; they bind on any machine'),
  without: z.array(Question).max(30).optional().describe('promises to take out of the verdict; shown in its headline'),
  keep: z.enum(['stack', 'nothing']).optional().describe('what stays up after the run'),
  onBlocked: z.enum(['wait', 'abort']).optional().describe('what a step does whose retries are used up'),
  ifBusy: z.enum(['fail', 'wait']).optional().describe('what to do when another run holds the stack'),
});
export type SoakWaveInput = z.infer<typeof SoakWaveInput>;

/** What `FederationLoad` takes: as a wave, with the federation mix and at least the wave's gateways (R1.5). */
export const FederationLoadInput = SoakWaveInput.omit({
  mix: true,
  weights: true,
  scenario: true,
  locustfile: true,
  k6: true,
}).partial({ wave: true });

/** What `StabilityRun` takes (R1.4); the wave is its data set, `enterprise` unless said otherwise. */
export const StabilityRunInput = SoakWaveInput.partial({ wave: true });

/** What `AllWaves` takes (R1.3): which waves, in order, what all of them share, and which of them an earlier cycle has done. */
export const AllWavesInput = SoakWaveInput.omit({ wave: true }).extend({
  waves: z.array(WaveName).min(1).max(5).optional(),
  from: WaveName.optional().describe('wave to go on from; the waves before it are taken over from `previous`'),
  previous: z.string().min(1).max(250).optional().describe('run key or workflow id of the earlier AllWaves'),
});
export type AllWavesInput = z.infer<typeof AllWavesInput>;
