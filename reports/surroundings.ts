import { formatDuration, formatFigure, formatRatio } from '#model/figures.ts';
import { partyOfSign, type Sign, type Surroundings } from '#model/surroundings.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';
import { formatOffset, wordings } from './wording.ts';

const signTitles: Readonly<Record<Sign, string>> = {
  steal: 'CPU stolen by the hypervisor',
  throttling: 'CPU quota used up',
  'other-processes': 'CPU taken by other processes',
  'clock-jump': 'Clock jumped',
  'disk-full': 'Disk nearly full',
  'generator-cpu': 'Engine out of CPU',
  'generator-late': 'Engine late',
};

/** What was in the way of target and figures, when, and what was bad meanwhile. Nothing where the machine was not sampled. */
export function surroundingsSection({ evidence }: ReportInput): Markup | undefined {
  const { surroundings, loadStartsAt = 0 } = evidence;
  if (surroundings === undefined) return undefined;
  const from = (at: number): string => formatOffset(at - loadStartsAt);
  return html`<h2 id="surroundings">What was in the way</h2>
    <p class="lead">
      Slots of ${formatDuration(surroundings.slotMs)} in which machine or generator were beyond a bound. What was bad in
      them, or within ten seconds of them, is not held against the target: an objective fails only where it would be
      missed without it.
    </p>
    ${disturbancesTable(surroundings, from)}
    <h3>What was bad, and whom it points to</h3>
    ${stretchesTable(surroundings, from)} ${machineTable(surroundings)}`;
}

type From = (at: number) => string;

function disturbancesTable({ disturbances }: Surroundings, offset: From): Markup {
  const rows = disturbances
    .slice(0, rowsMax)
    .map(({ sign, from, to, measured, bound }) => [
      offset(from),
      formatDuration(to - from),
      signTitles[sign],
      figureOf(sign, measured),
      figureOf(sign, bound),
      partyOfSign(sign),
    ]);
  const columns = [figure('Load time'), figure('For'), text('What'), figure('Worst'), figure('Bound'), text('Points to')]; // prettier-ignore
  return table(columns, rows, 'Nothing was beyond its bound.');
}

function stretchesTable({ stretches }: Surroundings, offset: From): Markup {
  const rows = stretches
    .slice(0, rowsMax)
    .map(({ question, from, to, bad, pointsTo }) => [
      offset(from),
      formatDuration(to - from),
      wordings[question],
      bad,
      pointsTo,
    ]);
  const columns = [figure('Load time'), figure('For'), text('Question'), figure('Bad'), text('Points to')];
  return table(columns, rows, 'In no slot was an objective missed that is judged.');
}

function machineTable({ machine }: Surroundings): Markup {
  const shares: [string, number | undefined][] = [
    ['CPU busy', machine.busyShare],
    ['– by the target', machine.targetShare],
    ['– by the generator', machine.generatorShare],
    ['– by the rest of the harness', machine.harnessShare],
    ['– by others', machine.otherShare],
    ['CPU stolen', machine.stealShare],
    ['Idle, waiting for a disk', machine.iowaitShare],
    ['Periods throttled', machine.throttledShare],
    ['Some task waited for CPU', machine.cpuStallShare],
    ['All tasks waited for memory', machine.memoryStallShare],
    ['All tasks waited for a disk', machine.ioStallShare],
  ];
  const others: [string, number | undefined, string | undefined][] = [
    ['Killed for want of memory', machine.oomKills, undefined],
    ['Least memory available', machine.memoryAvailableBytesMin, 'bytes'],
    ['Least disk free', machine.diskFreeBytesMin, 'bytes'],
  ];
  const rows = [
    ...shares.map(([title, share]) => [title, share === undefined ? '–' : formatRatio(share)]),
    ...others.map(([title, value, unit]) => [title, value === undefined ? '–' : formatFigure(value, unit)]),
  ];
  return html`<p></p>
    ${table([text('Machine, over the load'), figure('')], rows, '')}`;
}

const rowsMax = 30;

function figureOf(sign: Sign, value: number): string {
  switch (sign) {
    case 'clock-jump':
      return formatDuration(value * 1_000);
    case 'disk-full':
      return formatFigure(value, 'bytes');
    case 'generator-cpu':
      return formatFigure(value, 'cores');
    case 'steal':
    case 'throttling':
    case 'other-processes':
    case 'generator-late':
      return formatRatio(value);
  }
}

const text = (title: string) => ({ title });
const figure = (title: string) => ({ title, isFigure: true });
