import type { RunListing, ScheduleListing } from './service.ts';
import { renderTable } from './table.ts';

/** Every schedule in a line, and below the table why one is paused and what it did not start. */
export function renderSchedules(schedules: readonly ScheduleListing[]): string {
  if (schedules.length === 0)
    return 'No schedules: soak schedule create nightly --wave small --cron "0 2 * * *" makes one.';
  const table = renderTable([
    ['NAME', 'WORKFLOW', 'WHEN', 'NEXT', 'LAST RUN', 'LAST OUTCOME'],
    ...schedules.map((each) => [
      each.name,
      `${each.workflow} ${describeInput(each.input)}`.trim(),
      `${each.when} ${each.timeZone}`,
      each.paused ? 'paused' : readable(each.next[0]),
      each.last?.workflowId ?? 'none yet',
      each.last === undefined ? '' : describeOutcome(each.last),
    ]),
  ]);
  return [table, ...schedules.flatMap(renderRemarks)].join('\n');
}

/** A run may have failed without a verdict, and then Temporal's state says more. */
const describeOutcome = ({ state, outcome, phase }: RunListing): string =>
  state === 'completed' ? (outcome ?? state) : state === 'running' ? `running: ${phase ?? 'plan'}` : state;

/** What a schedule starts, in short; the JSON has all of it. */
function describeInput(input: unknown): string {
  const { wave, waves } = (input ?? {}) as { wave?: unknown; waves?: unknown };
  return Array.isArray(waves) ? waves.join(' ') : typeof wave === 'string' ? wave : '';
}

function renderRemarks({ name, paused, note, skipped, missed }: ScheduleListing): string[] {
  const remarks: string[] = [];
  if (paused)
    remarks.push(`${name} is paused (${note ?? 'nobody said why'}): soak schedule resume ${name} lets it go on`);
  if (skipped > 0) remarks.push(`${name} was skipped ${times(skipped)}, because its last run still went on`);
  if (missed > 0) remarks.push(`${name} was missed ${times(missed)}, because nothing was up here for over 10 minutes`);
  return remarks;
}

/** A schedule as it was just made. */
export const renderCreated = (schedule: ScheduleListing): string =>
  [
    `${schedule.name} starts ${schedule.workflow} ${JSON.stringify(schedule.input)}`,
    `  ${schedule.when} ${schedule.timeZone}; next ${schedule.next.slice(0, 3).map(readable).join(', ')} UTC`,
    '  Only while soak is up here; a run that still goes on skips the next one; one that fails without a verdict pauses it.',
  ].join('\n');

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const readable = (iso: string | undefined): string =>
  iso === undefined ? 'never' : iso.slice(0, 16).replace('T', ' ');
