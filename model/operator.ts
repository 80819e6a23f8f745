import * as z from 'zod';
import { DurationText } from './duration.ts';
import { FaultKind } from './fault-plan.ts';
import { arrivalRateMax } from './stages-input.ts';
import { virtualUsersMax } from './user-pool.ts';

const told = {
  why: z.string().trim().min(1, 'say why').max(500),
  /** Who asks; `soak` fills it in. The history names the client that sent the update besides. */
  who: z.string().trim().min(1).max(200).optional(),
};

/** Said beside what is wrong with the other keys. */
const always = (): boolean => true;

/** What somebody tells a run by an Update (R7.2); one schema an Update, parsed by its validator and by the command line. */
export const operatorRequests = {
  /** Planned load goes to nothing until `resume`; the rest of the schedule moves by the pause. */
  pause: z.strictObject(told),
  resume: z.strictObject(told),
  /** Load stops, faults heal, what there is is judged. */
  abort: z.strictObject(told),
  /**
   * From now on to the end of the load. Closed model: so many virtual users, reached at the plan's spawn rate. Open model:
   * so many iterations begun per second, at once.
   */
  scaleLoad: z
    .strictObject({
      users: z.int().min(1).max(virtualUsersMax).optional(),
      rate: z.number().positive().max(arrivalRateMax).optional(),
      ...told,
    })
    .refine(({ users, rate }) => users !== undefined || rate !== undefined, {
      ...{ path: ['users'], message: 'say users, or in the open model rate', when: always },
    })
    .refine(({ users, rate }) => users === undefined || rate === undefined, {
      ...{ path: ['rate'], message: 'a load has users or a rate, not both', when: always },
    }),
  /** A fault that was not planned, from now on. Without a victim the kind's own choice. */
  injectFault: z.strictObject({
    kind: FaultKind,
    victim: z.string().max(100).optional(),
    hold: DurationText.optional(),
    ...told,
  }),
  /** The load goes on for longer, with as many users, or at the rate, as at its end. */
  extend: z.strictObject({ by: DurationText, ...told }),
  /** What a blocked step shall do. */
  resolveStep: z.strictObject({ choice: z.enum(['retry', 'skip', 'abort']), ...told }),
} as const;

export type OperatorAction = keyof typeof operatorRequests;
export type OperatorRequest<A extends OperatorAction> = z.output<(typeof operatorRequests)[A]>;

/** What somebody told a run, as its report shows it; the audit in the evidence store has it in full. */
export const OperatorRecord = z.strictObject({
  at: z.number(),
  action: z.enum(Object.keys(operatorRequests) as [OperatorAction, ...OperatorAction[]]),
  /** What was asked for, in words. */
  what: z.string(),
  who: z.string(),
  why: z.string(),
});
export type OperatorRecord = z.infer<typeof OperatorRecord>;
