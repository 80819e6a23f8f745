import type { FaultKind, FaultPlan } from '#model/fault-plan.ts';
import type { Clock } from './clock.ts';
import type { Fault, Processes } from './fault.ts';
import { createKillGateway } from './kill-gateway.ts';
import { createPauseGateway } from './pause-gateway.ts';

/** Every kind of fault there is, and how each is made from its plan. */
export const catalogue: Readonly<Record<FaultKind, (plan: FaultPlan, processes: Processes, clock: Clock) => Fault>> = {
  'kill-gateway': createKillGateway,
  'pause-gateway': createPauseGateway,
};
