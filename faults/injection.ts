import type { EvidenceSink, FaultRecord, faultEvents } from '#model/evidence.ts';
import type { FaultLease, FaultPlan } from '#model/fault-plan.ts';
import { catalogue } from './catalogue.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Fault, Processes } from './fault.ts';
import { advanceLease, enteredAt, isOpen, readLease, storeLease } from './lease-file.ts';

export interface InjectionOptions {
  readonly plan: FaultPlan;
  /** Where the run's leases are; the watchdog reads the same folder. */
  readonly folder: string;
  readonly runKey: string;
  readonly processes: Processes;
  readonly sink: EvidenceSink;
  /** Aborted: the harm is undone at once. */
  readonly signal: AbortSignal;
  /** Called on every transition and about every second while the harm holds; a heartbeat belongs here. */
  readonly onProgress: (state: FaultLease['state']) => void;
  readonly clock?: Clock;
}

export interface FaultOutcome {
  readonly fault: string;
  /** The harm was seen to take effect. */
  readonly bit: boolean;
  /** The harm was seen to be undone. */
  readonly healed: boolean;
  readonly healedBy: 'injector' | 'watchdog' | 'nobody';
  /** Wall clock, ms: when the harm was done and when it was seen to be undone. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * Carries one planned fault from whatever state its lease is in to its end, and proves that it bit and healed (R7.3).
 * A caller that died is continued by calling this again with the same plan. Throws when the harm cannot be done or undone;
 * the lease then stays open, and the watchdog heals it at its deadline.
 */
export async function inject(options: InjectionOptions): Promise<FaultOutcome> {
  const clock = options.clock ?? systemClock;
  const fault = catalogue[options.plan.kind](options.plan, options.processes, clock);
  const steps: Steps = { ...options, clock, fault, enter: createEnter(options, clock) };

  const lease = await begin(steps);
  if (isOpen(lease)) {
    await harm(steps, lease);
    await undo(steps);
  }
  const last = await readLease(options.folder, options.plan.fault);
  if (last === undefined) throw new Error(`the lease of ${options.plan.fault} is gone from ${options.folder}`);
  if (last.state === 'healed' || last.state === 'healed-by-watchdog') {
    await fault.cleanUp();
    await steps.enter('cleaned-up', 'nothing of the fault is left');
  }
  return outcomeOf(last);
}

type LeaseState = (typeof faultEvents)[number];

interface Steps extends InjectionOptions {
  readonly clock: Clock;
  readonly fault: Fault;
  /** Moves the lease and records the transition. Returns where the lease now is, which is further on if the watchdog healed. */
  readonly enter: (event: LeaseState, detail: string) => Promise<LeaseState>;
}

function createEnter({ plan, folder, sink, onProgress }: InjectionOptions, clock: Clock): Steps['enter'] {
  return async (event, detail) => {
    const { fault, victim } = plan;
    const record: FaultRecord = { kind: 'fault', at: clock.now(), fault, event, detail, victim };
    const { advanced, lease } = await advanceLease(folder, record);
    if (advanced) sink.append(record);
    onProgress(lease.state);
    return lease.state;
  };
}

/** The stored lease, or a new one: it is on disk before any harm is done. */
async function begin({ plan, folder, runKey, fault, sink, clock, onProgress }: Steps): Promise<FaultLease> {
  const stored = await readLease(folder, plan.fault);
  if (stored !== undefined) {
    // Whoever moved the lease may have died before its spool was on disk; a repeated record is the same event.
    for (const record of stored.history) sink.append(record);
    return stored;
  }
  await fault.setUp();
  const at = clock.now();
  const record: FaultRecord = {
    kind: 'fault',
    at,
    fault: plan.fault,
    event: 'set-up',
    detail: `${plan.victim} is ready`,
    victim: plan.victim,
  };
  const lease = await storeLease(folder, {
    runKey,
    plan,
    recipe: fault.recipe,
    deadlineAt: at + plan.deadlineMs,
    state: 'set-up',
    holdsDown: [...fault.holdsDown],
    history: [record],
  });
  sink.append(record);
  onProgress(lease.state);
  return lease;
}

/** Does the harm and holds it. A lease that is already recovering has had its harm: there is nothing left to do. */
async function harm(steps: Steps, lease: FaultLease): Promise<void> {
  const { plan, fault, clock, signal } = steps;
  if (lease.state === 'recovering' || lease.state === 'failed' || signal.aborted) return;
  // Too late to be worth it: the watchdog is about to heal what we would only be starting.
  if (clock.now() >= lease.deadlineAt) return;

  if (lease.state !== 'bit') {
    // Recorded first, so that the window in which errors are forgiven never begins after the harm. Until the state is
    // `recovering` nobody starts the victim, so an attempt that finds `injected` may safely do the harm again.
    if ((await steps.enter('injected', `${plan.kind} of ${plan.victim}`)) !== 'injected') return;
    await fault.inject();
    if (!(await fault.awaitEffect(signal))) return;
    if ((await steps.enter('bit', fault.words.bit)) !== 'bit') return;
  }
  await hold(steps);
}

/** Holds until `holdMs` after the injection, the abort, or until the watchdog has healed. */
async function hold({ plan, folder, clock, signal, onProgress }: Steps): Promise<void> {
  for (;;) {
    const lease = await readLease(folder, plan.fault);
    if (lease === undefined || !isOpen(lease) || signal.aborted) return;
    const remainingMs = (enteredAt(lease, 'injected') ?? 0) + plan.holdMs - clock.now();
    if (remainingMs <= 0) return;
    onProgress(lease.state);
    await clock.pause(Math.min(remainingMs, 1_000), signal);
  }
}

/**
 * Undoes the harm, whoever else has. It is done again even when the watchdog was first: its healing may have come
 * before a harm of ours that was late, and starting what runs changes nothing.
 */
async function undo(steps: Steps): Promise<void> {
  const { plan, fault, signal } = steps;
  await steps.enter('recovering', signal.aborted ? 'the injection was cancelled' : fault.words.recovering);
  await fault.recover();
  if (!(await fault.awaitRecovery())) throw new Error(`${plan.victim} did not become ready again`);
  await steps.enter('healed', `${plan.victim} is ready`);
}

function outcomeOf(lease: FaultLease): FaultOutcome {
  const byWatchdog = enteredAt(lease, 'healed-by-watchdog');
  const byInjector = enteredAt(lease, 'healed');
  const setUpAt = enteredAt(lease, 'set-up') ?? lease.deadlineAt - lease.plan.deadlineMs;
  return {
    fault: lease.plan.fault,
    bit: enteredAt(lease, 'bit') !== undefined,
    healed: !isOpen(lease),
    healedBy: byWatchdog !== undefined ? 'watchdog' : byInjector !== undefined ? 'injector' : 'nobody',
    startedAt: enteredAt(lease, 'injected') ?? setUpAt,
    endedAt: byWatchdog ?? byInjector ?? lease.history.at(-1)?.at ?? setUpAt,
  };
}
