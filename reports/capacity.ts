import type { CapacityResult } from '#model/capacity-answer.ts';
import type { Probe } from '#model/capacity-search.ts';
import { formatDuration, formatNumber, formatRatio } from '#model/figures.ts';
import type { Plan } from '#model/plan.ts';
import { html, type Markup } from './html.ts';
import { type Axis, type Line, type Plot, renderPlot, type Shade } from './plot.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';
import type { Point } from './series.ts';
import { formatOffset } from './wording.ts';

/** What a capacity search found, and every probe that it rests on (R6.7); nothing for other loads. */
export function capacitySection(input: ReportInput): Markup | undefined {
  const { plan, capacity, evidence } = input;
  if (plan.capacity === undefined || capacity === undefined) return undefined;
  const { latencyMsP95Max, failedRatioMax } = plan.capacity.limits;
  return html`<h2 id="capacity">Capacity</h2>
    <p class="lead">
      The rate of iterations was raised and halved between until it was known what meets the objectives and what does
      not: 95 % of local reads within ${formatNumber(latencyMsP95Max)} ms, and no more failures than
      ${formatRatio(failedRatioMax)} explains. Each probe is judged here from the stored evidence. Void are probes that
      say nothing of the target.
    </p>
    ${resultTable(capacity)} ${renderRatePlots(plan, capacity)} ${probesTable(capacity, evidence.loadStartsAt ?? 0)}`;
}

/** What was offered over time, by what came of it; on the time axis of all plots. */
export function probesPlot({ probes }: CapacityResult): Plot {
  const lines = looks.map(({ name, colour, isOf }): Line => {
    const points = probes.filter(isOf).flatMap(({ from, to, ratePerSecond }): Point[] => [
      [from, ratePerSecond],
      [to, ratePerSecond],
      [to, undefined],
    ]);
    return { name, colour, points };
  });
  return { id: 'probes', title: 'Probes', note: 'iterations begun per second, while measured', height: 120, lines };
}

const looks = [
  { name: 'met', colour: 's1', isOf: ({ outcome }: Probe) => outcome === 'met' },
  { name: 'missed', colour: 'bad', isOf: ({ outcome }: Probe) => outcome === 'missed' },
  { name: 'void', colour: 'plan', isOf: ({ outcome }: Probe) => outcome === 'void' },
] as const;

function resultTable({ low, high, knee, safe, noisyRates }: CapacityResult): Markup {
  const rate = (each: { ratePerSecond: number; requestsPerSecond?: number | undefined }): string[] => [
    formatNumber(each.ratePerSecond),
    each.requestsPerSecond === undefined ? '–' : formatNumber(each.requestsPerSecond),
  ];
  const held = low?.isHeld === true ? `held for ${formatDuration(low.heldSeconds * 1_000)}` : 'not over a longer look';
  const rows = [
    ...(low === undefined ? [] : [['Met', ...rate(low), held]]),
    ...(high === undefined ? [] : [['Not met', ...rate(high), bounds[high.by]]]),
    ...(knee === undefined
      ? []
      : [
          [
            'Knee',
            ...rate(knee),
            `where throughput for latency is best, at a p95 of ${formatNumber(knee.latencyMsP95)} ms`,
          ],
        ]),
    ...(safe === undefined
      ? []
      : [
          ['Safe limit', ...rate(safe), safe.by === 'knee' ? 'the knee' : `${formatRatio(safe.share)} of what was met`],
        ]),
    ...(noisyRates.length === 0
      ? []
      : [
          [
            'Disagreed',
            noisyRates.map(formatNumber).join(', '),
            '',
            'looks at these rates, or at lower ones, said otherwise',
          ],
        ]),
  ];
  const figures = [
    { title: 'Iterations/s', isFigure: true },
    { title: 'Requests/s', isFigure: true },
  ];
  return table([{ title: '' }, ...figures, { title: '', isWide: true }], rows, 'No probe met the objectives.');
}

const bounds = {
  target: 'the objectives were missed',
  generator: 'the generator was saturated: the limit of the harness, not of the target',
  users: 'there were too few virtual users: the limit of the harness, not of the target',
} as const;

/** The same probes by rate: how latency and what was delivered follow what is offered. */
function renderRatePlots(plan: Plan, capacity: CapacityResult): Markup {
  const spoken = capacity.probes.filter(({ outcome, figures }) => outcome !== 'void' && figures !== undefined);
  const highest = Math.max(0, ...spoken.map(({ ratePerSecond }) => ratePerSecond));
  if (highest === 0) return html``;
  const axis: Axis = { zeroAt: 0, from: 0, to: highest * 1.05, shades: marksOf(capacity), ...rateTicks(highest) };
  const limitMs = plan.capacity?.limits.latencyMsP95Max ?? 0;
  const byRate = (value: (figures: NonNullable<Probe['figures']>) => number | undefined): Point[] =>
    [...spoken]
      .sort((a, b) => a.ratePerSecond - b.ratePerSecond)
      .map(({ ratePerSecond, figures }) => [ratePerSecond, figures === undefined ? undefined : value(figures)]);
  const latency: Plot = {
    ...{
      id: 'rate-latency',
      title: 'Latency by rate',
      note: 'p95 of local reads in ms, by iterations offered per second',
    },
    lines: [
      { name: 'p95', colour: 'middle', points: byRate(({ latencyMsP95 }) => latencyMsP95), hasDots: true },
      {
        name: 'objective',
        colour: 'bad',
        points: [
          [0, limitMs],
          [axis.to, limitMs],
        ],
        isDashed: true,
      },
    ],
  };
  const delivered: Plot = {
    ...{ id: 'rate-delivered', title: 'Delivered by rate', note: 'iterations ended per second, by iterations offered' },
    lines: [
      { name: 'delivered', colour: 's1', points: byRate(({ ended, seconds }) => ended / seconds), hasDots: true },
      {
        name: 'offered',
        colour: 'plan',
        points: [
          [0, 0],
          [axis.to, axis.to],
        ],
        isDashed: true,
      },
    ],
  };
  return html`<div class="plots">${[latency, delivered].map((plot) => renderPlot(plot, axis))}</div>`;
}

const marksOf = ({ low, high, knee, safe }: CapacityResult): Shade[] => [
  ...(safe === undefined ? [] : [markAt('safe limit', 'operator', safe.ratePerSecond)]),
  ...(knee === undefined ? [] : [markAt('knee', 'operator', knee.ratePerSecond)]),
  ...(low === undefined || high === undefined
    ? []
    : [{ kind: 'fault' as const, name: 'capacity', from: low.ratePerSecond, to: high.ratePerSecond }]),
];

const markAt = (name: string, kind: Shade['kind'], rate: number): Shade => ({ name, kind, from: rate, to: rate });

const ticksOfRates = 8;

function rateTicks(highest: number): Pick<Axis, 'interval' | 'format'> {
  const rough = highest / ticksOfRates;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
  return { interval, format: formatNumber };
}

function probesTable({ probes }: CapacityResult, zero: number): Markup {
  const rows = probes.map(({ look, ratePerSecond, from, to, outcome, isClear, reason, figures }, index) => [
    index + 1,
    formatOffset(from - zero),
    `${(to - from) / 1_000} s`,
    look,
    formatNumber(ratePerSecond),
    html`<b>${outcome}</b>${outcome !== 'void' && !isClear ? html` <span class="note">close</span>` : undefined}`,
    figures?.latencyMsP95 === undefined ? '–' : formatNumber(figures.latencyMsP95),
    figures === undefined ? '–' : formatNumber(figures.requests / figures.seconds),
    reason,
  ]);
  const figure = (title: string) => ({ title, isFigure: true });
  const before = [figure('No.'), figure('Load time'), figure('Measured'), { title: 'Look' }, figure('Iterations/s')];
  const after = [{ title: 'Objectives' }, figure('p95 ms'), figure('Requests/s'), { title: 'Why', isWide: true }];
  return table([...before, ...after], rows, 'No probe was measured.');
}
