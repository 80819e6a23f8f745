import * as z from 'zod';
import { DurationText } from './duration.ts';

/** Beyond what any machine begins; a larger one is a slip of the keyboard. */
export const arrivalRateMax = 1_000_000;
const stagesInputMax = 50;

/** One stage as people give it: where the load goes to in this time, in users or in iterations a second. */
const StageInput = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,40}$/, 'a stage is called with lower-case letters, digits and hyphens')
    .optional(),
  duration: DurationText,
  users: z.int().min(0).max(20_000).optional(),
  rate: z.number().min(0).max(arrivalRateMax).optional(),
});
type StageInput = z.infer<typeof StageInput>;

const howTo =
  'stages are text such as "30s@50,2m@200" (users) or "30s@50/s,2m@200/s" (iterations per second), or a list of {duration, users} or {duration, rate}';

/**
 * The shape of a load, `{duration, users}` a stage (closed model) or `{duration, rate}` (open model), as a list or as the
 * compact text that fits a command line. Each stage goes linearly from where the one before it ended to its own value;
 * one that is to hold says the same value again.
 */
export const StagesInput = z.unknown().transform((given, context): StageInput[] => {
  const list = typeof given === 'string' ? readText(given) : given;
  const refuse = (message: string, path: PropertyKey[] = []): never => {
    context.addIssue({ code: 'custom', message, path });
    return z.NEVER;
  };
  if (!Array.isArray(list)) return refuse(howTo);
  if (list.length === 0) return refuse('there is at least one stage');
  if (list.length > stagesInputMax) return refuse(`there are at most ${stagesInputMax} stages`);
  const parsed = z.array(StageInput).safeParse(list);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) refuse(issue.message, typeof given === 'string' ? [] : issue.path);
    return z.NEVER;
  }
  const inUsers = parsed.data.filter(({ users }) => users !== undefined).length;
  const inRates = parsed.data.filter(({ rate }) => rate !== undefined).length;
  if (
    parsed.data.some(({ users, rate }) => (users === undefined) === (rate === undefined)) ||
    (inUsers > 0 && inRates > 0)
  )
    return refuse('each stage has users, or each stage has a rate: a load is closed or open, not both');
  if (parsed.data.every(({ users = 0, rate = 0 }) => users === 0 && rate === 0))
    return refuse('some stage has load: all of these are at nothing');
  return parsed.data;
});
export type StagesInput = z.infer<typeof StagesInput>;

/** `30s@50,2m@200/s` as a list; undefined when it is not that. */
function readText(text: string): unknown[] | undefined {
  const stages = text.split(',').map((part) => {
    const [, duration, value, perSecond] = /^\s*([\d.a-z]+)@(\d+(?:\.\d+)?)(\/s)?\s*$/.exec(part) ?? [];
    if (duration === undefined) return undefined;
    return { duration, ...(perSecond === undefined ? { users: Number(value) } : { rate: Number(value) }) };
  });
  return stages.includes(undefined) ? undefined : stages;
}

/** How long the stages are together. */
export const stagesMs = (stages: StagesInput): number => stages.reduce((sum, { duration }) => sum + duration, 0);
