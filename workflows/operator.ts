import { ApplicationFailure, condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow';
import { messages } from '#model/messages.ts';
import { type OperatorAction, operatorRequests } from '#model/operator.ts';
import { handledUpdatesMax, operatorActionsMax, unauditedMax } from '#model/run-state.ts';
import { type Considered, type Control, considerations, type Resolution } from './considerations.ts';
import type { Scheduled } from './load-schedule.ts';

/** What people tell a run while it goes on (R7.2). Handlers change what is wanted; who carries the load sees to it. */
export interface Operator {
  /** Why somebody aborted the run, once they have. */
  abortReason(): string | undefined;
  /** Waits until somebody says what to do with the blocked step. */
  resolution(): Promise<Resolution>;
}

const descriptions: Readonly<Record<OperatorAction, string>> = {
  pause: 'Let the planned load go to nothing until `resume`; what follows moves by the pause. {"why":"…"}',
  resume: 'Go on with a paused load. {"why":"…"}',
  abort: 'End the run now; it is judged on what there is. {"why":"…"}',
  scaleLoad:
    'From now on to the end of the load so many virtual users, or in the open model iterations a second. {"users":20,"why":"…"} or {"rate":50,"why":"…"}',
  injectFault: 'A fault that was not planned, now. {"kind":"kill-gateway","victim":"gateway-2","hold":"5s","why":"…"}',
  extend: 'Let the load go on for longer. {"by":"10m","why":"…"}',
  resolveStep: 'Say what a blocked step shall do. {"choice":"retry","why":"…"}: retry, skip or abort',
};

export function createOperator(run: Scheduled): Operator {
  const control: Control = {};
  for (const action of Object.keys(operatorRequests) as OperatorAction[]) listen({ ...run, control }, action);
  return {
    abortReason: () => control.abortReason,
    async resolution() {
      await condition(() => control.resolution !== undefined || control.abortReason !== undefined);
      const chosen = control.abortReason === undefined ? (control.resolution ?? 'abort') : 'abort';
      delete control.resolution;
      return chosen;
    },
  };
}

/** A validator that refuses leaves no trace: not in the state, and not in the history. */
function listen(run: Scheduled & { control: Control }, action: OperatorAction): void {
  const { state } = run;
  const wasHandled = (): boolean => state.handledUpdates.includes(currentUpdateInfo()?.id ?? '');
  setHandler(
    defineUpdate<string, [unknown]>(messages[action]),
    (input) => {
      if (wasHandled()) return 'this was done when it was first asked for';
      const considered = consider(run, action, input);
      // Nothing happens between validator and handler; were it otherwise, the update would fail and not the run.
      if ('problem' in considered) throw ApplicationFailure.nonRetryable(considered.problem, 'InvalidInput');
      considered.act();
      note(run, { action, what: considered.what, ...told(input) });
      return considered.answer;
    },
    {
      description: descriptions[action],
      validator: (input: unknown) => {
        if (wasHandled()) return;
        const considered = consider(run, action, input);
        if ('problem' in considered) throw new Error(considered.problem);
        if (action !== 'abort' && state.unaudited.length >= unauditedMax) {
          throw new Error(`${unauditedMax} actions wait to be written down: the evidence store does not answer`);
        }
      },
    },
  );
}

function consider(run: Scheduled & { control: Control }, action: OperatorAction, input: unknown): Considered {
  const parsed = operatorRequests[action].safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`,
    );
    return { problem: `${problems.join('; ')}. ${descriptions[action]}` };
  }
  // The request is of the action's own schema, which the table of considerations goes by.
  return considerations[action](run, parsed.data as never, Date.now());
}

const whyCharactersMax = 200;

const told = (input: unknown): { who: string; why: string } => {
  const { who, why } = input as { who?: string; why: string };
  return { who: who?.trim() ?? 'not said', why: why.trim() };
};

/** Kept for the report, and on its way to the audit in the evidence store; ids are kept to know an update that comes twice. */
function note(
  { state, view }: Scheduled,
  done: { action: OperatorAction; what: string; who: string; why: string },
): void {
  const { action, what, who, why } = done;
  const at = Date.now();
  const entry = currentUpdateInfo()?.id ?? `${action}-${at}`;
  state.unaudited.push({ entry, at, who, what, why });
  state.operatorActions.push({ at, action, what, who, why: why.slice(0, whyCharactersMax) });
  state.operatorActions = state.operatorActions.slice(-operatorActionsMax);
  state.handledUpdates = [...state.handledUpdates, entry].slice(-handledUpdatesMax);
  view.update({ operatorActions: state.operatorActions.slice(-5) });
}
