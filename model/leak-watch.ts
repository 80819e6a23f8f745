import * as z from 'zod';
import { allowedPerHourDefault, materialHoursDefault, settlesWithinHoursDefault } from './leak-limits.ts';

const hourMs = 3_600_000;
/** Of a day and more nothing is scaled: the usual limits are made for it. */
const dayHours = 24;
/** The judge needs eight blocks of eight samples in the last third behind the warm-up, which may be half of it; at two a second. */
export const leakWatchMsMin = 150_000;

/** What may rise by how much an hour, as it was asked for; what is absent is the usual slope on the run's own clock. */
interface AllowedSlopes {
  bytes?: number;
  count?: number;
}

/** What a run judges leaks against instead of what is usual for a day; all of it is decided in the plan. */
export const LeakWatch = z.strictObject({
  allowedPerHour: z.strictObject({ bytes: z.number().positive(), count: z.number().positive() }),
  /** What fills up and then stays is taken to have its time constant below this, and cycles to be shorter. */
  settlesWithinHours: z.number().positive(),
  /** A leak matters that would take a tenth of the level in so long. */
  materialHours: z.number().positive(),
});
export type LeakWatch = z.infer<typeof LeakWatch>;

/**
 * A short run takes its own length for the day that the usual limits are made for: slopes that nobody stated, the time in which
 * things settle, and the time in which a leak has to matter are scaled by it.
 */
export function planLeakWatch(allowed: AllowedSlopes, loadMs: number): LeakWatch {
  const scale = Math.min(1, loadMs / hourMs / dayHours);
  return {
    allowedPerHour: {
      bytes: allowed.bytes ?? allowedPerHourDefault.bytes / scale,
      count: allowed.count ?? allowedPerHourDefault.count / scale,
    },
    settlesWithinHours: settlesWithinHoursDefault * scale,
    materialHours: materialHoursDefault * scale,
  };
}

const bytesOf = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 } as const;
const slopeForm = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)?\/h$/i;

/** `0.1MB/h` of bytes (MB is 10⁶ bytes) or `1/h` of counts; a sentence when it is neither. */
export function readSlope(text: string): AllowedSlopes | string {
  const [, number, unit] = slopeForm.exec(text.trim()) ?? [];
  if (number === undefined || Number(number) === 0)
    return `${text}: a slope is e.g. 0.1MB/h, or 1/h of a count, and more than nothing`;
  if (unit === undefined) return { count: Number(number) };
  return { bytes: Number(number) * bytesOf[unit.toUpperCase() as keyof typeof bytesOf] };
}

/** `600MB/h`, `600MB/h,120/h`, or the same as a list. */
export const LeakWatchInput = z.unknown().transform((given, context): AllowedSlopes => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const texts = typeof given === 'string' ? given.split(',') : given;
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > 2 || texts.some((text) => typeof text !== 'string'))
    return refuse('it must be what may rise by how much: text such as "600MB/h" or "600MB/h,120/h"');
  const allowed: AllowedSlopes = {};
  for (const text of texts as string[]) {
    const slope = readSlope(text);
    if (typeof slope === 'string') return refuse(slope);
    Object.assign(allowed, slope);
  }
  return allowed;
});
