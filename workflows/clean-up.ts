import type { JudgeRequest } from '#model/activities.ts';
import type { RunResult } from '#model/progress.ts';
import { judge, onHost, onLoadHost, report } from './activity-proxies.ts';
import { untilAudited } from './audit-loop.ts';
import { judgedSchedule } from './load-schedule.ts';
import { cleanUpStep, type Run } from './run.ts';

/** Every host that made something for this run. */
const hostsOf = (run: Run): string[] => [...new Set([run.state.host, ...run.state.shardHosts.filter(Boolean)])];

export async function stopShards(run: Run): Promise<{ stopped: number }> {
  const stops = run.state.shardHosts.map(async (host, shard) =>
    host === '' ? { stopped: false } : onLoadHost(host).stopLoad({ ...run.ref, shard }),
  );
  const ended = await Promise.all(stops);
  return { stopped: ended.filter(({ stopped }) => stopped).length };
}

export async function collectEverywhere(run: Run): Promise<{ batches: number }> {
  const collected = await Promise.all(hostsOf(run).map((host) => onHost(host).collectSpools(run.ref)));
  return { batches: collected.reduce((sum, { batches }) => sum + batches, 0) };
}

/**
 * What always follows, whatever happened: heal, stop, collect, judge, report, release. Runs where nothing can cancel it;
 * each step is bounded, and a step that fails is noted and followed by the next.
 */
export async function cleanUp(run: Run, aborted: string | undefined): Promise<RunResult> {
  const host = onHost(run.state.host);
  await cleanUpStep(run, 'heal', {
    work: () => host.healFaults(run.ref),
    note: ({ healed }) => (healed.length === 0 ? 'nothing was broken' : `healed ${healed.join(', ')}`),
  });
  if (!run.state.steps.some(({ phase, outcome }) => phase === 'drain' && outcome === 'done')) {
    await cleanUpStep(run, 'drain', {
      work: () => stopShards(run),
      note: ({ stopped }) => `${stopped} engines ended`,
    });
  }
  await cleanUpStep(run, 'collect', {
    work: async () => {
      await host.stopWatching(run.ref);
      await untilAudited(run.state);
      return collectEverywhere(run);
    },
    note: ({ batches }) => `${batches} batches of evidence stored`,
  });
  const result = await judgeAndReport(run, aborted);
  await cleanUpStep(run, 'release', {
    work: () => host.release({ ...run.ref, keep: run.state.plan.keep }),
    note: ({ note }) => note,
  });
  run.view.update({ phase: 'done', outcome: result.outcome });
  return result;
}

/** What the judge is told besides the evidence, as things stand now. */
export function judgeRequest(run: Run, aborted?: string): JudgeRequest {
  const { state } = run;
  return {
    ...run.ref,
    steps: state.steps,
    seeded: state.seeded,
    ...(state.startsAt === 0 ? {} : { loadStartsAt: state.startsAt, loadEndsAt: state.endsAt }),
    ...judgedSchedule(run),
    ...(state.capacity === undefined ? {} : { capacity: state.capacity }),
    ...(state.operatorActions.length === 0 ? {} : { operatorActions: state.operatorActions }),
    ...(run.verification === undefined ? {} : { verification: run.verification }),
    ...(state.warmUp === undefined ? {} : { warmUp: state.warmUp }),
    ...(aborted === undefined ? {} : { aborted }),
  };
}

async function judgeAndReport(run: Run, aborted: string | undefined): Promise<RunResult> {
  const request = (): JudgeRequest => judgeRequest(run, aborted);
  const judged = await cleanUpStep(run, 'judge', { work: () => judge(request()), note: ({ headline }) => headline });
  const reported = await cleanUpStep(run, 'report', { work: () => report(request()), note: (made) => made.report });
  if (reported !== undefined) return reported;
  const nothing = 'the judge did not answer: see the failed steps';
  return {
    runId: run.ref.runKey,
    outcome: judged?.outcome ?? 'inconclusive',
    reasons: judged?.reasons ?? [nothing],
    report: '',
    result: '',
  };
}
