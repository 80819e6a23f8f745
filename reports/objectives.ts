import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { formatFigure } from '#model/figures.ts';
import { machineClass } from '#model/machine.ts';
import { objectiveNames, objectives, type ObjectiveName } from '#model/objective.ts';
import { baselineOf } from '#model/objectives.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';

/** Every threshold that is stated for a wave of this size, what this run is held to, and what was measured. */
export function objectivesSection(input: ReportInput): Markup {
  const rows = objectiveNames.flatMap((name) => rowOf(name, input));
  return html`<h2 id="objectives">Objectives</h2>
    <p class="lead">
      The wave’s own bind on a machine of the class that they were stated for, ${machineClass} or more with the
      generator on another machine; elsewhere they are shown, not judged. What the input states binds on the machine that the run is on.
    </p>
    ${table([{ title: 'Objective' }, ...['Wave’s own', 'In force', 'Measured'].map((title) => ({ title, isFigure: true })), { title: '' }], rows, 'No objective is stated.')}`; // prettier-ignore
}

function rowOf(name: ObjectiveName, { plan, verdict, evidence, capacity }: ReportInput): string[][] {
  const { says, unit, isFloor, question, key } = objectives[name];
  const own = baselineOf(name, { wave: plan.wave, gateways: plan.stack.mockGateways });
  const limit = plan.objectives[key] ?? own;
  // Nobody but a search looks for a capacity.
  if (limit === undefined || (name === 'requestsPerSecond' && capacity === undefined)) return [];
  const told = (value: number | undefined): string =>
    value === undefined ? '–' : `${isFloor ? '≥' : '≤'} ${formatFigure(value, unit)}`;
  const answer = verdict.answers.find((each) => each.question === question);
  const shown = verdict.notCovered.find((each) => each.question === question)?.measured;
  const measured = answer?.measured ?? measuredAside(name, evidence);
  const isAsked = plan.overridden?.some(({ objective }) => objective === name) === true;
  return [
    [
      says,
      told(own),
      told(limit),
      measured === undefined ? (shown ?? '–') : formatFigure(measured, unit),
      `${answer === undefined ? 'shown, not judged' : 'judged'}${isAsked ? ', as asked' : ''}`,
    ],
  ];
}

/** Of what no question of the plan is about. */
function measuredAside(name: ObjectiveName, { operations, classes }: EvidenceSummary): number | undefined {
  if (name === 'analyticsP95Ms') return classes.find((each) => each.class === 'analytics')?.overall.p95Ms;
  if (name !== 'federationP95Ms') return undefined;
  return operations.find(({ operation }) => operation === 'federation-aggregate')?.latency?.p95Ms;
}
