import type { Progress, RunResult } from '#model/progress.ts';
import type { Display } from './display.ts';
import { whenAborted } from './interruption.ts';
import { bitAndHealed } from './progress-text.ts';
import { inputOf, type SelftestCase, shapes } from './selftest-cases.ts';
import type { FailedRun, RunHandle } from './service.ts';
import type { VerbContext } from './verb.ts';

const pollMs = 1_000;
/** Beyond any case; what lasts longer hangs. */
const caseMsMax = 20 * 60_000;
const abortMsMax = 120_000;
const pauseHold = '1.5s';
/** Of fewer pauses too little leaks to be found. */
const bitShareMin = 0.8;

export interface DrivenCase {
  readonly handle: RunHandle;
  readonly end: RunResult | FailedRun | 'interrupted' | 'late';
  /** How many of the faults of the case came, where too few did. */
  readonly undisturbed?: string;
}

/**
 * Starts the run of a case and follows it to its end, stopping a gateway whenever the case wants it. Interrupted, or too late, the
 * run is aborted and waited for, so that nothing of it goes on.
 */
export async function driveCase(
  asked: SelftestCase,
  context: VerbContext,
  options: { readonly seed: number | undefined; readonly keep: 'stack' | 'nothing'; readonly display: Display },
): Promise<DrivenCase> {
  const { service, now } = context;
  const startedAt = now();
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const handle = await service.startRun({
    workflow: 'SoakWave',
    input: { ...inputOf(asked, options.seed), keep: options.keep },
    workflowId: `selftest/${asked.name.replaceAll(', ', '-')}/${stamp}`,
  });
  const ended = service.result(handle);
  const interrupted = whenAborted(context.interrupted);
  const disturbance = createDisturbance(asked, handle, context);
  for (;;) {
    const winner = await Promise.race([ended, interrupted, context.sleep(pollMs)]);
    if (winner === 'interrupted') return { handle, end: await abortCase(handle, context, 'interrupted') };
    if (winner !== undefined) return { handle, end: winner, ...disturbance.account() };
    if (now() - startedAt > caseMsMax) return { handle, end: await abortCase(handle, context, 'late') };
    const progress = await service.progress(handle.workflowId).catch(() => undefined);
    if (progress === undefined) continue;
    options.display.show(progress);
    await disturbance.follow(progress);
  }
}

interface Disturbance {
  follow(progress: Progress): Promise<void>;
  account(): Pick<DrivenCase, 'undisturbed'>;
}

/** Injects the pauses of the case when their time has come, each once; one that is refused is not asked for again. */
function createDisturbance({ shape }: SelftestCase, { workflowId }: RunHandle, { service }: VerbContext): Disturbance {
  const all = shapes[shape].pausesAt ?? [];
  const due = [...all];
  const refused: string[] = [];
  let bit = 0;
  return {
    async follow({ phase, loadStartsAt, faults }) {
      bit = Math.max(bit, faults.filter(({ state }) => state.startsWith(bitAndHealed)).length);
      const [next] = due;
      if (next === undefined || phase !== 'load' || loadStartsAt === undefined) return;
      if (Date.now() < loadStartsAt + next * 1_000) return;
      due.shift();
      const why = 'the self-test disturbs this run';
      const request = { kind: 'pause-gateway', victim: 'gateway-1', hold: pauseHold, why };
      const answer = await service.tell({ run: workflowId, action: 'injectFault', request });
      if (answer.kind !== 'accepted') refused.push(answer.kind === 'rejected' ? answer.problem : answer.kind);
    },
    account() {
      if (bit >= bitShareMin * all.length) return {};
      return { undisturbed: `${bit} of ${all.length} pauses bit: ${refused[0] ?? 'the others came too late'}` };
    },
  };
}

async function abortCase<Why extends string>(
  handle: RunHandle,
  { service, sleep }: VerbContext,
  why: Why,
): Promise<Why> {
  const request = { why: `the self-test was ${why}` };
  await service.tell({ run: handle.workflowId, action: 'abort', request }).catch(() => undefined);
  await Promise.race([service.result(handle).catch(() => undefined), sleep(abortMsMax)]);
  return why;
}
