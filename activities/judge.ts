import type { JudgeActivities, JudgeRequest, WaveOutcome } from '#model/activities.ts';
import type { Checkpoint } from '#model/checkpoint.ts';
import type { RunResult } from '#model/progress.ts';
import type { Verdict } from '#model/verdict.ts';
import { beating } from './heartbeat.ts';

/** Works in a child process, off the orchestrator's event loop (design §2). */
export interface Judge {
  judge(request: JudgeRequest, signal: AbortSignal): Promise<Verdict>;
  checkpoint(request: JudgeRequest & { number: number }, signal: AbortSignal): Promise<Checkpoint>;
  report(request: JudgeRequest, signal: AbortSignal): Promise<RunResult>;
  compare(request: { runKey: string; workflowId: string; results: WaveOutcome[] }): Promise<RunResult>;
}

const reasonsMax = 10;
const reasonCharactersMax = 250;

/** Why the verdict is what it is: everything that did not pass, cut to what a workflow may carry. */
const reasonsOf = (verdict: Verdict): string[] =>
  verdict.answers
    .filter(({ outcome }) => outcome !== 'pass')
    .slice(0, reasonsMax)
    .map(({ question, reason }) => `${question}: ${reason}`.slice(0, reasonCharactersMax));

/** Judging reads stored evidence only, so a second delivery comes to the same verdict (R6.5). */
export function createJudgeActivities(judge: Judge): JudgeActivities {
  return {
    async judge(request) {
      const verdict = await beating(({ signal }) => judge.judge(request, signal));
      return { outcome: verdict.outcome, headline: verdict.headline, reasons: reasonsOf(verdict) };
    },
    async checkpoint(request) {
      return beating(({ signal }) => judge.checkpoint(request, signal));
    },
    async report(request) {
      return beating(({ signal }) => judge.report(request, signal));
    },
    async compareWaves(request) {
      return beating(() => judge.compare(request));
    },
  };
}
