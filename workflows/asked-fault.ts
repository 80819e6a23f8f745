import type { FaultPlan } from '#model/fault-plan.ts';
import type { OperatorRequest } from '#model/operator.ts';
import { askedFaultsMax, type CarriedRun } from '#model/run-state.ts';
import { movedOffsetMs } from '#model/schedule.ts';

/** The state of a fault that is under way, as `progress` shows it. */
export const injecting = 'injecting';

const holdMsDefault = 5_000;
const holdMsMin = 1_000;
const holdMsMax = 10 * 60_000;
/** After the hold: time to come back, and to be seen to have come back, before the load ends. */
const recoveryMs = 5_000;
/** After the hold the watchdog heals, whatever happened. */
const deadlineMarginMs = 25_000;

/** The plan of a fault that somebody asks for, to begin at `now`; or the sentence that says why it makes no sense. */
export function planAskedFault(
  state: CarriedRun,
  { kind, victim = defaultVictim(state), hold }: OperatorRequest<'injectFault'>,
  now: number,
): { plan: FaultPlan } | { problem: string } {
  const holdMs = Math.round(hold ?? holdMsDefault);
  const problem =
    whyNotVictim(state, victim) ?? whyNotHold(state, holdMs, now) ?? whyNotBeside(state, { victim, holdMs }, now);
  if (problem !== undefined) return { problem };
  if (state.askedFaults.length >= askedFaultsMax) {
    return { problem: `${askedFaultsMax} faults were asked for already, and a run keeps no more` };
  }
  const number = state.askedFaults.length + 1;
  return {
    plan: {
      fault: `${kind.replace(/-[a-z]+$/, '')}-${victim}-asked-${number}`,
      ...{ kind, victim, holdMs, deadlineMs: holdMs + deadlineMarginMs },
      offsetMs: Math.max(0, Math.round(now - state.startsAt)),
    },
  };
}

const gatewaysOf = ({ plan }: CarriedRun): string[] =>
  Array.from({ length: plan.gatewayInstances }, (_, index) => `gateway-${index + 1}`);

/** As in plans: the second instance, so that the first one takes over. */
const defaultVictim = (state: CarriedRun): string => gatewaysOf(state)[1] ?? 'gateway-1';

function whyNotVictim(state: CarriedRun, victim: string): string | undefined {
  const gateways = gatewaysOf(state);
  if (gateways.length < 2) return 'with one gateway instance nobody could take over';
  if (gateways.includes(victim)) return undefined;
  return `there is no ${victim}: the gateway instances are gateway-1 to gateway-${gateways.length}`;
}

function whyNotHold({ endsAt }: CarriedRun, holdMs: number, now: number): string | undefined {
  if (holdMs < holdMsMin || holdMs > holdMsMax) {
    return `a fault holds for ${holdMsMin / 1_000} s to ${holdMsMax / 60_000} min, not for ${holdMs / 1_000} s`;
  }
  if (now + holdMs + recoveryMs <= endsAt) return undefined;
  const leftMs = Math.max(0, endsAt - now);
  return `the load ends in ${Math.round(leftMs / 1_000)} s, too soon for a fault of ${holdMs / 1_000} s to be seen to heal`;
}

/** Two faults on one victim could not be told apart, and somebody has to be left to take over. */
function whyNotBeside(
  state: CarriedRun,
  { victim, holdMs }: { victim: string; holdMs: number },
  now: number,
): string | undefined {
  const open = [...state.plan.faults, ...state.askedFaults].filter((fault) => isNear(state, fault, now + holdMs));
  const same = open.find((fault) => fault.victim === victim);
  if (same !== undefined) return `${same.fault} is under way on ${victim}, or falls due while this one would hold`;
  const left = gatewaysOf(state).filter(
    (gateway) => gateway !== victim && !open.some((fault) => fault.victim === gateway),
  );
  if (left.length > 0) return undefined;
  return `no gateway instance would be left to take over: ${open.map(({ fault }) => fault).join(', ')} is under way or falls due`;
}

function isNear(state: CarriedRun, { fault, offsetMs }: { fault: string; offsetMs: number }, until: number): boolean {
  const known = state.faults.find((each) => each.fault === fault);
  if (known !== undefined) return known.state === injecting;
  return state.startsAt + movedOffsetMs(state.stages, offsetMs) <= until + recoveryMs;
}
