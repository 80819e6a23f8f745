import { type CancellationScope, condition } from '@temporalio/workflow';
import { onHost } from './activity-proxies.ts';
import { injecting } from './asked-fault.ts';
import { dueAt } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';

/** What goes on beside the windows of a load. */
export interface Beside {
  /** Ends all of it when the run ends early. */
  readonly scope: CancellationScope;
  /** What keeps the run from continuing as new, by name. */
  readonly pending: Map<string, Promise<void>>;
}

const isBegun = (run: Run, { pending }: Beside, name: string): boolean =>
  pending.has(name) || run.state.faults.some(({ fault }) => fault === name);

/** Begins the planned faults that fall due before `until`. One that a pause moves further than that is left for a later window. */
export function beginPlannedFaults(run: Run, beside: Beside, until: number): void {
  for (const { fault, offsetMs } of run.state.plan.faults) {
    if (isBegun(run, beside, fault) || dueAt(run, offsetMs) >= until) continue;
    begin(run, beside, { fault, untilDue: () => falls(run, offsetMs, until) });
  }
}

/** Asked for and not begun. */
export const hasAskedFaults = (run: Run, beside: Beside): boolean =>
  run.state.askedFaults.some(({ fault }) => !isBegun(run, beside, fault));

export function beginAskedFaults(run: Run, beside: Beside): void {
  for (const { fault } of run.state.askedFaults) {
    if (!isBegun(run, beside, fault)) begin(run, beside, { fault, untilDue: () => Promise.resolve(true) });
  }
}

function begin(
  run: Run,
  { scope, pending }: Beside,
  { fault, untilDue }: { fault: string; untilDue: () => Promise<boolean> },
): void {
  const carried = scope.run(async () => {
    if (await untilDue()) await carryFault(run, fault);
  });
  const settled = carried.catch(() => undefined);
  pending.set(
    fault,
    settled.finally(() => pending.delete(fault)),
  );
}

/** Waits for the moment, which a change of the schedule may move; false when it is not before `until`, or the load's end, any more. */
async function falls(run: Run, offsetMs: number, until: number): Promise<boolean> {
  for (;;) {
    const waitMs = dueAt(run, offsetMs) - Date.now();
    if (run.state.endedEarly !== undefined && dueAt(run, offsetMs) >= run.state.endsAt) return false;
    if (waitMs <= 0) return true;
    if (dueAt(run, offsetMs) >= until) return false;
    const { revision } = run.state;
    await condition(() => run.state.revision !== revision, waitMs, { summary: 'until the next fault' });
  }
}

/** Carries one fault through; whatever comes of it is noted, and the judge reads the evidence. */
async function carryFault(run: Run, fault: string): Promise<void> {
  const note = (state: string) => {
    const noted = run.state.faults.find((known) => known.fault === fault);
    if (noted === undefined) run.state.faults.push({ fault, state });
    else noted.state = state;
    run.view.update({ faults: run.state.faults });
  };
  note(injecting);
  const plan = run.state.askedFaults.find((asked) => asked.fault === fault);
  try {
    const { bit, healed, healedBy } = await onHost(run.state.host).injectFault({
      ...run.ref,
      fault,
      startsAt: run.state.startsAt,
      ...(plan === undefined ? {} : { plan }),
    });
    note(`${bit ? 'bit' : 'did not bite'}, ${healed ? `healed by ${healedBy}` : 'not healed'}`);
  } catch (error) {
    note(describeFailure(error));
    throw error;
  }
}
