import * as z from 'zod';
import { probesMax } from './capacity-plan.ts';
import { DurationText } from './duration.ts';

const rateMax = 1_000_000;

/** How a capacity search shall go about it; what is not said is planned. */
const CapacityOptions = z.strictObject({
  startRate: z.number().positive().max(rateMax).optional(),
  maxRate: z.number().positive().max(rateMax).optional(),
  resolution: z.number().min(0.01).max(0.5).optional(),
  probe: DurationText.optional(),
  hold: DurationText.optional(),
  coolDown: DurationText.optional(),
  probes: z.int().min(3).max(probesMax).optional(),
  safeShare: z.number().positive().max(1).optional(),
});
export type CapacityOptions = z.infer<typeof CapacityOptions>;

const howTo = `capacity is true, or an object with some of ${Object.keys(CapacityOptions.shape).join(', ')}`;

/** `true`, or how to search; `false` is as good as nothing. Each problem is a sentence (R9.1). */
export const CapacityInput = z.unknown().transform((given, context): CapacityOptions | undefined => {
  if (given === undefined || given === false) return undefined;
  const parsed = CapacityOptions.safeParse(given === true ? {} : given);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const message = issue.path.length === 0 ? describeWhole(issue) : issue.message;
    context.addIssue({ code: 'custom', message, path: issue.path });
  }
  return z.NEVER;
});

const describeWhole = (issue: z.core.$ZodIssue): string =>
  issue.code === 'unrecognized_keys' ? `${issue.keys.join(', ')}: there is no such key; ${howTo}` : howTo;
