import type { Progress } from '#model/progress.ts';
import { renderBlocked, renderOperatorAction, renderPaused, renderProgress, renderStep } from './progress-text.ts';
import type { VerbContext } from './verb.ts';

/** Where progress is shown. `end` leaves the cursor on a fresh line. */
export interface Display {
  show(progress: Progress): void;
  say(line: string): void;
  end(): void;
}

const plainEveryMs = 10_000;

/**
 * On a terminal: ended steps stay, one line below them lives. Piped: a line for every ended step, at every change of phase and
 * every ten seconds. `toErr` keeps stdout for the JSON that a script reads.
 */
export function createDisplay(context: VerbContext, toErr: boolean): Display {
  const { terminal, now } = context;
  const isLive = terminal.isInteractive && !toErr;
  const print = toErr ? context.err : context.out;
  const shown = new Set<string>();
  let last = { phase: '', at: 0 };
  const clear = (): void => {
    if (isLive) terminal.write('\r\u001B[2K');
  };
  const showEvents = (progress: Progress): void => {
    for (const { key, text } of listEvents(progress, terminal.colour && !toErr)) {
      if (!shown.has(key)) print(text);
      shown.add(key);
    }
  };
  let standstill: string | undefined;
  const showStandstill = (progress: Progress): void => {
    const now = describeStandstill(progress);
    if (now !== undefined && now !== standstill) print(now);
    standstill = now;
  };
  return {
    show: (progress) => {
      clear();
      showEvents(progress);
      showStandstill(progress);
      const line = renderProgress(progress, now());
      if (isLive) {
        terminal.write(line.slice(0, Math.max(20, terminal.columns - 1)));
        return;
      }
      if (progress.phase === last.phase && now() - last.at < plainEveryMs) return;
      last = { phase: progress.phase, at: now() };
      print(line);
    },
    say: (line) => {
      clear();
      print(line);
    },
    end: clear,
  };
}

/** Ended steps and what operators did, in the order of time; each stays on the screen once it is there. */
function listEvents({ steps, operatorActions = [] }: Progress, colour: boolean): { key: string; text: string }[] {
  const ended = steps.flatMap((step) =>
    step.endedAt === undefined
      ? []
      : [{ at: step.endedAt, key: `${step.phase} ${step.startedAt}`, text: renderStep(step, colour) }],
  );
  const told = operatorActions.map((record) => ({
    at: record.at,
    key: `${record.action} ${record.at}`,
    text: renderOperatorAction(record, colour),
  }));
  return [...ended, ...told].sort((one, other) => one.at - other.at);
}

/** What only somebody's word ends; said once each time that it begins. */
function describeStandstill({ workflowId, blocked, paused }: Progress): string | undefined {
  if (blocked !== undefined) return renderBlocked(workflowId, blocked);
  return paused === true ? renderPaused(workflowId) : undefined;
}
