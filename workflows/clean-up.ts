import { isCancellation, sleep } from '@temporalio/workflow';
import type { JudgeRequest } from '#model/activities.ts';
import { placedAnewAfterMs } from '#model/held.ts';
import type { RunResult } from '#model/progress.ts';
import { judge, onHost, onLoadHost, report } from './activity-proxies.ts';
import { untilAudited } from './audit-loop.ts';
import { judgedSchedule } from './load-schedule.ts';
import { cleanUpStep, type Run } from './run.ts';
import { gather, guestsOf } from './spread-load.ts';

/** Every host that made something for this run, as long as one host drives all its load. */
const hostsOf = (run: Run): string[] => [...new Set([run.state.host, ...run.state.shardHosts.filter(Boolean)])];

export async function stopShards(run: Run): Promise<{ stopped: number }> {
  const stops = run.state.shardHosts.map(async (host, shard) => {
    if (host === '') return noEngine;
    return run.state.spread === undefined || host === run.state.host
      ? onLoadHost(host).stopLoad({ ...run.ref, shard })
      : stopOnGuest(run, shard, host);
  });
  const ended = await Promise.all(stops);
  return { stopped: ended.filter(({ stopped }) => stopped).length };
}

const noEngine = { stopped: false };

/** Of a guest that does not answer, an engine has nobody to hold it, and ends when its lease does. */
async function stopOnGuest(run: Run, shard: number, host: string): Promise<{ stopped: boolean }> {
  try {
    return await onLoadHost(host).stopLoad({ ...run.ref, shard });
  } catch (error) {
    if (isCancellation(error)) throw error;
    await sleep(placedAnewAfterMs, { summary: `until no engine of shard ${shard} lives` });
    return noEngine;
  }
}

/**
 * `journals`: what load wrote is to be read back. `unheard`: guests that drove load and do not answer; the run is judged on
 * what is there.
 */
export async function collectEverywhere(
  run: Run,
  { journals = false }: { journals?: boolean } = {},
): Promise<{ batches: number; unheard: string[] }> {
  if (run.state.spread === undefined) {
    const collected = await Promise.all(hostsOf(run).map((host) => onHost(host).collectSpools(run.ref)));
    return { batches: collected.reduce((sum, { batches }) => sum + batches, 0), unheard: [] };
  }
  const [home, guests] = await Promise.all([
    onHost(run.state.host).collectSpools(run.ref),
    gather(run, { hosts: guestsOf(run), journals }),
  ]);
  return { batches: home.batches + guests.batches, unheard: guests.unheard };
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
    note: ({ batches, unheard }) =>
      `${batches} batches of evidence stored${unheard.length === 0 ? '' : `, none from ${unheard.join(', ')}`}`,
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
    ...(state.endedEarly === undefined ? {} : { endedEarly: state.endedEarly }),
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
