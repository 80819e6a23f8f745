import * as z from 'zod';
import { MixName } from './load-plan.ts';
import { SeedProfile } from './population-plan.ts';
import { Question } from './verdict.ts';
import { WaveName } from './wave.ts';

const secondsPerUnit = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 } as const;

/** A duration as people type it (`90s`, `15m`, `48h`); becomes whole milliseconds. */
const DurationText = z
  .string()
  .regex(/^\d+(\.\d+)?(s|m|min|h|d)$/, 'a duration is a number and a unit: 30s, 15m, 48h')
  .transform((text) => {
    const [, amount = '0', unit = 's'] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
    return Math.round(Number(amount) * secondsPerUnit[unit as keyof typeof secondsPerUnit] * 1_000);
  })
  .refine((durationMs) => durationMs > 0, 'a duration is more than nothing');

/** What `SoakWave` takes: a wave's name and what should differ from it (R1.1). Unknown keys are refused. */
export const SoakWaveInput = z.strictObject({
  wave: WaveName,
  users: z.int().min(1).max(20_000).optional().describe('virtual users'),
  spawnRate: z.number().positive().max(10_000).optional().describe('virtual users started per second'),
  duration: DurationText.optional().describe('length of the load, e.g. 90s, 15m, 48h'),
  scale: z.number().positive().max(1).optional().describe('shrinks the data set and keeps its shape'),
  seed: z.int().min(0).max(0xffff_ffff).optional().describe('random seed of data, load and faults'),
  profile: SeedProfile.optional().describe('how team sizes are laid out (R2.2)'),
  mix: MixName.optional().describe('which classes of users'),
  target: z.literal('reference').optional().describe('what is under test'),
  faults: z.enum(['planned', 'none']).optional().describe('inject the planned faults, or none'),
  growth: z.boolean().optional().describe('let what load creates pile up (R1.7)'),
  shards: z.int().min(1).max(64).optional().describe('engines that share the virtual users'),
  instances: z.int().min(1).max(64).optional().describe('gateway instances'),
  window: DurationText.optional().describe('length of one window'),
  windowsPerExecution: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('windows after which the workflow continues as new'),
  without: z.array(Question).max(20).optional().describe('promises to take out of the verdict; shown in its headline'),
  keep: z.enum(['stack', 'nothing']).optional().describe('what stays up after the run'),
  onBlocked: z.enum(['wait', 'abort']).optional().describe('what a step does whose retries are used up'),
  ifBusy: z.enum(['fail', 'wait']).optional().describe('what to do when another run holds the stack'),
});
export type SoakWaveInput = z.infer<typeof SoakWaveInput>;

/** What `FederationLoad` takes: as a wave, with the federation mix and at least the wave's gateways (R1.5). */
export const FederationLoadInput = SoakWaveInput.omit({ mix: true }).partial({ wave: true });

/** What `StabilityRun` takes (R1.4); the wave is its data set, `enterprise` unless said otherwise. */
export const StabilityRunInput = SoakWaveInput.partial({ wave: true });

/** What `AllWaves` takes (R1.3): which waves, in order, and what all of them share. */
export const AllWavesInput = SoakWaveInput.omit({ wave: true }).extend({
  waves: z.array(WaveName).min(1).max(5).optional(),
});
export type AllWavesInput = z.infer<typeof AllWavesInput>;
