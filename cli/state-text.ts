import { paint } from './colour.ts';
import type { DoctorReport, RunListing, StatusReport } from './service.ts';
import { renderTable } from './table.ts';

/** Where Temporal is, what runs, which runs there are. */
export function renderStatus({ temporal, processes, runs, janitor = [] }: StatusReport): string {
  const reached = temporal.reachable ? '' : '  not reachable: soak up starts it';
  const place = `${temporal.address}  namespace ${temporal.namespace}${temporal.ui === undefined ? '' : `  UI ${temporal.ui}`}`;
  const table = renderTable([
    ['ROLE', 'PID', 'STARTED', 'STATE'],
    ...processes.map(({ role, pid, startedAt, state }) => [role, String(pid), readableTime(startedAt), state]),
  ]);
  const dead = processes.filter(({ state }) => state === 'dead').map(({ role }) => role);
  const hint = dead.includes('supervisor')
    ? ['The supervisor is dead and restarts nobody: soak up starts it again.']
    : [];
  const parts = [
    `Temporal  ${place}${reached}`,
    processes.length === 0 ? 'No processes.' : table,
    ...hint,
    renderRuns(runs),
    ...(janitor.length === 0 ? [] : [renderFindings(janitor)]),
  ];
  return parts.join('\n\n');
}

const renderFindings = (findings: NonNullable<StatusReport['janitor']>): string =>
  [
    'Left behind by deaths, found and healed:',
    ...findings.map(({ at, found }) => `  ${readableTime(at)}  ${found}`),
  ].join('\n');

/** Runs, latest first. */
export function renderRuns(runs: readonly RunListing[]): string {
  if (runs.length === 0) return 'No runs yet: soak run smoke starts one.';
  return renderTable([
    ['RUN', 'WORKFLOW', 'STATE', 'PHASE', 'VERDICT', 'STARTED', 'RUN KEY'],
    ...runs.map((run) => [
      ...[run.workflowId, run.workflow, run.importedAt === undefined ? run.state : 'imported', run.phase ?? ''],
      ...[run.outcome ?? '', readableTime(run.startedAt), run.runId],
    ]),
  ]);
}

/** Every check in one line, and below each that failed what to do. */
export function renderDoctor({ checks }: DoctorReport, colour: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length), 0);
  return checks
    .flatMap((check) => [
      `${check.ok ? paint('✓', 'green', colour) : paint('✗', 'red', colour)} ${check.name.padEnd(width)}  ${check.problem ?? check.found ?? ''}`.trimEnd(),
      ...(check.ok || check.advice === undefined ? [] : [`  ${' '.repeat(width)}  ${check.advice}`]),
    ])
    .join('\n');
}

const readableTime = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
