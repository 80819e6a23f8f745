import { loadMsOf } from '#model/evidence-summary.ts';
import { formatBytes, formatDuration, formatNumber, formatRatio } from '#model/figures.ts';
import { driverNames } from '#model/load-driver.ts';
import { totalLoadMs } from '#model/load-plan.ts';
import { capacitySection } from './capacity.ts';
import { checkpointsSection } from './checkpoints.ts';
import { databaseSection } from './database.ts';
import { html, type Markup } from './html.ts';
import { costSection } from './harness-cost.ts';
import { objectivesSection } from './objectives.ts';
import { operatorSection } from './operator-actions.ts';
import { renderPage } from './page.ts';
import { renderPlots } from './plots.ts';
import type { ReportInput } from './report-input.ts';
import { writeCommands } from './reproduction.ts';
import {
  answersTable,
  badge,
  faultsTable,
  notCoveredTable,
  operationsTable,
  pointsTo,
  seededTable,
  stepsTable,
  surprisesTable,
} from './tables.ts';
import { surroundingsSection } from './surroundings.ts';
import { formatMoment, wordings, latencySentence } from './wording.ts';

/** One self-contained HTML page (R8.1): the verdict and its reasons first, then everything they rest on. */
export function renderReport(input: ReportInput): string {
  const { plan, verdict, meta } = input;
  const title = `${plan.workflow} ${plan.wave}: ${verdict.outcome} · ${meta.workflowId}`;
  return renderPage({
    title,
    body: html`${[opening(input), facts(input), measured(input), background(input), closing(input)]}`,
  });
}

function opening({ plan, verdict, meta }: ReportInput): Markup {
  const reasons = [
    ...verdict.answers.filter(({ outcome }) => outcome === 'fail'),
    ...verdict.answers.filter(({ outcome }) => outcome === 'inconclusive'),
  ];
  return html`<header>
    <p class="eyebrow">
      soakwave · ${plan.workflow} ${plan.wave} on target ${plan.stack.target} · ${meta.workflowId} ·
      ${formatMoment(meta.startedAt)}
    </p>
    <section class="verdict ${verdict.outcome}" id="verdict">
      ${badge(verdict.outcome)}
      <h1>${withoutOutcome(verdict.headline)}</h1>
      ${
        reasons.length === 0
          ? undefined
          : html`<ul>
              ${reasons.map((answer) => html`<li>${badge(answer.outcome)} <b>${wordings[answer.question]}</b> ${answer.reason}${pointsTo(answer)}</li>`)}
            </ul>`
      }
    </section>
  </header>`;
}

/** The badge says it already. */
function withoutOutcome(headline: string): string {
  const rest = headline.replace(/^(Pass|Fail|Inconclusive): /, '');
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function facts({ plan, evidence, meta }: ReportInput): Markup {
  const { load, population, stack } = plan;
  const loadMs = loadMsOf(evidence);
  const { requests } = evidence.ledger.totals;
  const reads = evidence.classes.find((each) => each.class === 'local-read')?.overall;
  const ended = evidence.iterations.ok + evidence.iterations.failed;
  const entries: [string, string][] = [
    ['Load', `${describeLoad(load)}, ${formatDuration(totalLoadMs(load))}${describeDriver(load)}`],
    ['Requests', loadMs === 0 ? '–' : `${formatNumber(requests)} (${formatNumber(requests / (loadMs / 1_000))}/s)`],
    [
      'Iterations',
      ended === 0 ? '–' : `${formatNumber(ended)}, ${formatRatio(evidence.iterations.failed / ended)} failed`,
    ],
    [
      'Local reads p50 / p95 / p99',
      reads === undefined ? '–' : `${[reads.p50Ms, reads.p95Ms, reads.p99Ms].map(formatNumber).join(' / ')} ms`,
    ],
    [
      'Data set',
      `${formatNumber(population.users)} users, ${formatNumber(population.teams)} teams, ${formatNumber(population.tools)} tools`,
    ],
    ['Scale · seed', `${formatNumber(plan.scale)} · ${plan.seed}`],
    ['Stack', `${stack.gatewayInstances} gateways, ${stack.provisioner}`],
    ['Machine', `${meta.host.cores} cores, ${formatBytes(meta.host.memoryBytes)}`],
  ];
  return html`<dl class="facts">
      ${entries.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <p class="note">${latencySentence(load)} Placement: ${stack.placement}.</p>`;
}

/** Of stages, the highest. */
function describeLoad({ model, stages, virtualUsers, pacingMs }: ReportInput['plan']['load']): string {
  const users = `${formatNumber(virtualUsers)} virtual users`;
  if (model === 'closed') return pacingMs === undefined ? users : `${users}, each every ${formatDuration(pacingMs)}`;
  const peak = Math.max(
    ...stages.map(({ ratePerSecondFrom = 0, ratePerSecondTo = 0 }) => Math.max(ratePerSecondFrom, ratePerSecondTo)),
  );
  return `${formatNumber(peak)} iterations/s, taken by ${users}`;
}

const describeDriver = ({ driver }: ReportInput['plan']['load']): string =>
  driver === undefined ? '' : `, by ${driverNames[driver.kind]}`;

const isCoLocated = ({ plan }: ReportInput): boolean => /co-located/i.test(plan.stack.placement);

function measured(input: ReportInput): Markup {
  const plots = renderPlots(input);
  const mark = isCoLocated(input) ? ' (co-located)' : '';
  return html` <h2 id="answers">Questions and answers</h2>
    ${answersTable(input)} ${objectivesSection(input)} ${surroundingsSection(input)} ${capacitySection(input)}
    <h2 id="time">Over time</h2>
    <p class="lead">
      All plots share one time axis, counted from the start of the load. Shaded: faults, from injection until two
      seconds after healing, outages of the harness itself, pauses, and the moments at which operators did something. A
      line is broken where nobody recorded.
    </p>
    ${plots.length === 0 ? html`<p class="empty">The load never began.</p>` : html`<div class="plots">${plots}</div>`}
    <h2 id="operations">Operations${mark}</h2>
    <p class="lead">
      Service time in the closed model, over the whole load, faults included. Partial answers said themselves that a
      mocked upstream had failed, as scripted.
    </p>
    ${operationsTable(input)} ${databaseSection(input)}
    <h2 id="faults">Faults</h2>
    ${faultsTable(input)} ${operatorSection(input)}
    <h2 id="surprises">What nobody planned</h2>
    ${surprisesTable(input)}`;
}

function background(input: ReportInput): Markup {
  const { plan, warmUp } = input;
  const warmth =
    warmUp === undefined
      ? undefined
      : html`<p class="note">
          Cache warming sent ${formatNumber(warmUp.requests)} requests, counted nowhere else; the hit ratio
          ${warmUp.settled ? 'settled' : 'did not settle within its budget'}${warmUp.hitRatio === undefined ? '' : `, at ${formatRatio(warmUp.hitRatio)}`}.
        </p>`;
  return html` <h2 id="steps">Steps</h2>
    ${stepsTable(input)} ${warmth} ${checkpointsSection(input)}
    <h2 id="data">Data set</h2>
    <p class="lead">
      Profile ${plan.population.profile}; history ends on ${plan.population.asOf}. The same plan gives the same counts
      and checksums anywhere.
    </p>
    ${seededTable(input)} ${costSection(input)}
    <h2 id="not-covered">Not covered</h2>
    <p class="lead">
      Questions that this run, of this length on this stack, could not answer. What was measured is shown, and was not
      judged.
    </p>
    ${notCoveredTable(input)}
    ${
      plan.remarks.length === 0
        ? undefined
        : html`<h2 id="remarks">Remarks of the plan</h2>
            <ul class="plain">
              ${plan.remarks.map((remark) => html`<li>${remark}</li>`)}
            </ul>`
    }`;
}

function closing({ plan, evidence, meta }: ReportInput): Markup {
  const { temporal, soak } = writeCommands(plan, meta);
  const versions = Object.entries(meta.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(' · ');
  const records = Object.entries(evidence.records)
    .map(([kind, count]) => `${formatNumber(count)} ${kind}`)
    .join(', ');
  const refused =
    evidence.histogramsRefused === 0
      ? ''
      : ` ${formatNumber(evidence.histogramsRefused)} histograms could not be read; their counts are in, their latencies are not.`;
  return html` <h2 id="reproduce">How to reproduce</h2>
    <p>From a terminal:</p>
    <pre>${soak}</pre>
    <p>Through Temporal:</p>
    <pre>${temporal}</pre>
    <footer>
      <p>
        Run ${meta.runKey}, workflow ${meta.workflowId}; ${formatMoment(meta.startedAt)} to
        ${formatMoment(meta.endedAt)}.
      </p>
      <p>
        ${meta.host.name}: ${meta.host.cpu}, ${meta.host.cores} cores, ${formatBytes(meta.host.memoryBytes)}.
        ${versions}
      </p>
      <p>Rests on ${records === '' ? 'no evidence' : `${records} records`}.${refused}</p>
    </footer>`;
}
