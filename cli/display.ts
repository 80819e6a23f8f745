import type { Progress } from '#model/progress.ts';
import { renderProgress, renderStep } from './progress-text.ts';
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
  const showSteps = ({ steps }: Progress): void => {
    for (const step of steps) {
      const key = `${step.phase} ${step.startedAt}`;
      if (step.endedAt === undefined || shown.has(key)) continue;
      shown.add(key);
      print(renderStep(step, terminal.colour && !toErr));
    }
  };
  return {
    show: (progress) => {
      clear();
      showSteps(progress);
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
