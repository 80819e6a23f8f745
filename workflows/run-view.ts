import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { NewestCheckpoint } from '#model/checkpoint.ts';
import { messages } from '#model/messages.ts';
import type { Phase, Progress, StepRecord } from '#model/progress.ts';

const progressQuery = defineQuery<Progress>(messages.progress);

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const attributes = {
  wave: keyword('SoakWave'),
  phase: keyword('SoakPhase'),
  target: keyword('SoakTarget'),
  verdict: keyword('SoakVerdict'),
} as const;

const icons = { running: '▶', done: '✓', failed: '✗', skipped: '–', cancelled: '■' } as const;

const duration = ({ startedAt, endedAt }: StepRecord): string =>
  endedAt === undefined ? '' : `${((endedAt - startedAt) / 1_000).toFixed(1)} s`;

const describeCheckpoint = ({ number, of, headline }: NewestCheckpoint): string =>
  `Checkpoint ${number} of ${of}, provisional: ${headline}`;

/** The run as markdown: what somebody sees who opens it in the Temporal UI. */
function describeRun(progress: Progress): string {
  const rows = progress.steps.map(
    (step) => `| ${icons[step.outcome]} | ${step.phase} | ${duration(step)} | ${step.note ?? ''} |`,
  );
  const blocked =
    progress.blocked === undefined
      ? []
      : [
          `**Blocked:** ${progress.blocked}`,
          '',
          'Send the update `resolveStep` with `{"choice":"retry","why":"…"}`; or `skip`, or `abort`.',
        ];
  const load = progress.load;
  const window = progress.window;
  return [
    `### ${progress.wave} on ${progress.target}: ${progress.outcome ?? progress.phase}`,
    ...blocked,
    ...(progress.paused === true ? ['**Paused:** the update `resume` goes on.'] : []),
    ...(window === undefined ? [] : [`Window ${window.index + 1} of ${window.of}`]),
    ...(progress.checkpoint === undefined ? [] : [describeCheckpoint(progress.checkpoint)]),
    ...(load === undefined
      ? []
      : [
          `Load: ${load.delivered} of ${load.due} user-seconds delivered, ${load.requests} requests, ${load.failed} failed`,
        ]),
    ...describeSearch(progress),
    ...describeOperators(progress),
    '',
    '| | step | took | |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** How far a capacity search is, in a line. */
function describeSearch({ capacity }: Progress): string[] {
  if (capacity === undefined) return [];
  const { probes, look, ratePerSecond, met, missed, endedBy } = capacity;
  const known = [met === undefined ? '' : `; met at ${met}/s`, missed === undefined ? '' : `; not met at ${missed}/s`];
  const now = ratePerSecond === undefined ? '' : `, now ${ratePerSecond}/s (${look ?? 'first'})`;
  return [`Capacity search: ${probes} probes${endedBy === undefined ? now : `, over: ${endedBy}`}${known.join('')}`];
}

/** The newest of what people told the run, in their words. */
function describeOperators({ operatorActions = [], users, rate, phase }: Progress): string[] {
  const lines = operatorActions.map(
    ({ at, what, who, why }) => `- ${new Date(at).toISOString().slice(11, 19)} ${what} (${who}: ${why})`,
  );
  const isKnown = phase === 'load' && users !== undefined;
  const wanted = isKnown
    ? [rate === undefined ? `Virtual users wanted: ${users}` : `Iterations a second wanted: ${rate}, of ${users} users`]
    : [];
  return [...wanted, ...(lines.length === 0 ? [] : ['', ...lines])];
}

/** What is visible of a run while it goes on: query `progress`, search attributes and current details (design §3). */
export interface RunView {
  readonly progress: Progress;
  /** Changes the view and publishes it. */
  update(change: Partial<Progress>): void;
  begin(phase: Phase): StepRecord;
  end(step: StepRecord, outcome: StepRecord['outcome'], note?: string): void;
}

export function createRunView(runKey: string, steps: readonly StepRecord[]): RunView {
  const progress: Progress = {
    runKey,
    workflowId: workflowInfo().workflowId,
    wave: '',
    target: '',
    phase: 'plan',
    steps: [...steps],
    faults: [],
  };
  let published = '';
  const publish = () => {
    setCurrentDetails(describeRun(progress));
    const pairs: SearchAttributeUpdatePair[] = [{ key: attributes.phase, value: progress.phase }];
    if (progress.wave !== '') pairs.push({ key: attributes.wave, value: progress.wave });
    if (progress.target !== '') pairs.push({ key: attributes.target, value: progress.target });
    if (progress.outcome !== undefined) pairs.push({ key: attributes.verdict, value: progress.outcome });
    const now = JSON.stringify(pairs.map(({ value }) => value));
    if (now !== published) upsertSearchAttributes(pairs);
    published = now;
  };
  setHandler(progressQuery, () => progress, { description: 'Where the run is: steps, load, faults, verdict' });
  return {
    progress,
    update(change) {
      Object.assign(progress, change);
      publish();
    },
    begin(phase) {
      const step: StepRecord = { phase, startedAt: Date.now(), outcome: 'running' };
      progress.steps.push(step);
      progress.phase = phase;
      publish();
      return step;
    },
    end(step, outcome, note) {
      Object.assign(step, {
        endedAt: Date.now(),
        outcome,
        ...(note === undefined ? {} : { note: note.slice(0, 300) }),
      });
      publish();
    },
  };
}
