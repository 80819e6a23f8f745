import * as echarts from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import { formatNumber } from '#model/figures.ts';
import { html, type Markup, raw } from './html.ts';
import type { Point } from './series.ts';
import { formatOffset } from './wording.ts';

echarts.use([LineChart, GridComponent, MarkAreaComponent, SVGRenderer]);

/** Names of the page's custom properties for colours; a theme gives them values. */
export const lineColours = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'] as const;
export type Colour = (typeof lineColours)[number] | 'low' | 'middle' | 'high' | 'plan' | 'bad';

export interface Line {
  readonly name: string;
  readonly colour: Colour;
  readonly points: readonly Point[];
  readonly isDashed?: boolean;
  readonly isFilled?: boolean;
  readonly isStep?: boolean;
  /** Marks each point: for lines of few points. */
  readonly hasDots?: boolean;
  /** Marks the first point: a process that began anew. */
  readonly marksStart?: boolean;
}

/** A stretch of the time axis that is shaded in every plot. */
export interface Shade {
  readonly kind: 'fault' | 'outage' | 'operator';
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The horizontal axis of a plot: of time, unless it says how else it is read. */
export interface Axis {
  readonly zeroAt: number;
  readonly from: number;
  readonly to: number;
  readonly shades: readonly Shade[];
  /** Of its labels, from `zeroAt` on; absent: a step that a clock has. */
  readonly interval?: number;
  readonly format?: (value: number) => string;
}

/** The one time axis of a page: the same range and margins in every plot, so that they can be read across. */
export type TimeAxis = Omit<Axis, 'interval' | 'format'>;

export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly lines: readonly Line[];
  readonly height?: number;
  readonly min?: number;
  readonly max?: number;
  readonly format?: (value: number) => string;
}

const width = 1_040;
const margins = { left: 66, right: 14, top: 18, bottom: 24 };
const labelledShadesMax = 6;
const font = 'system-ui, sans-serif';

/** One plot as a figure: its legend is HTML, its drawing an SVG that follows the page's colours. */
export function renderPlot(plot: Plot, axis: Axis): Markup {
  const drawn = plot.lines.filter(({ points }) => points.some(([, value]) => value !== undefined));
  const body =
    drawn.length === 0 ? html`<p class="empty">Nothing was seen.</p>` : raw(draw({ ...plot, lines: drawn }, axis));
  return html`<figure class="plot" id="plot-${plot.id}">
    <figcaption>
      <b>${plot.title}</b>${plot.note === undefined ? undefined : html` <span class="note">${plot.note}</span>`}
      <span class="legend">${legend(drawn)}</span>
    </figcaption>
    ${body}
  </figure>`;
}

/** One entry a name: the incarnations of a process share theirs. */
function legend(lines: readonly Line[]): Markup[] {
  const first = lines.filter(({ name }, index) => lines.findIndex((line) => line.name === name) === index);
  return first.map(({ name, colour, isDashed }) => {
    const kind = isDashed === true ? 'dashed' : 'solid';
    return html`<span class="key"><i class="${kind}" style="border-color:var(--${colour})"></i>${name}</span>`;
  });
}

function draw(plot: Plot, axis: Axis): string {
  const height = plot.height ?? 130;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(optionOf(plot, axis));
    return themed(chart.renderToSVGString(), `Plot of ${plot.title}`, plot.id);
  } finally {
    chart.dispose();
  }
}

function optionOf(plot: Plot, axis: Axis): echarts.EChartsCoreOption {
  const format = plot.format ?? formatNumber;
  const text = { color: placeholder('muted'), fontFamily: font, fontSize: 11 };
  const rule = { show: true, lineStyle: { color: placeholder('grid'), width: 1 } };
  return {
    animation: false,
    grid: { ...margins, containLabel: false },
    xAxis: {
      ...{
        type: 'value',
        min: axis.from - axis.zeroAt,
        max: axis.to - axis.zeroAt,
        interval: axis.interval ?? tickMs(axis),
      },
      axisLabel: { ...text, formatter: axis.format ?? formatOffset, showMinLabel: true, showMaxLabel: false },
      ...{ splitLine: rule, axisLine: { ...rule, onZero: false }, axisTick: { show: false } },
    },
    yAxis: {
      ...{ type: 'value', min: plot.min ?? 0, ...(plot.max !== undefined && { max: plot.max }), splitNumber: 3 },
      ...{
        axisLabel: { ...text, formatter: format },
        splitLine: rule,
        axisLine: { show: false },
        axisTick: { show: false },
      },
    },
    series: plot.lines.map((line, index) => seriesOption(line, axis, index === 0 ? axis.shades : [])),
  };
}

function seriesOption(line: Line, axis: Axis, shades: readonly Shade[]): object {
  const colour = placeholder(line.colour);
  return {
    type: 'line',
    silent: true,
    data: line.points.map(([at, value], index) => {
      const point = [at - axis.zeroAt, value ?? null];
      return line.marksStart === true && index === 0 ? { value: point, symbol: 'circle', symbolSize: 6 } : point;
    }),
    ...{
      symbol: line.hasDots === true || line.points.length === 1 ? 'circle' : 'none',
      symbolSize: 4,
      showSymbol: true,
    },
    ...{ clip: true, connectNulls: false, ...(line.isStep === true && { step: 'end' }) },
    lineStyle: { color: colour, width: 1.5, type: line.isDashed === true ? [5, 4] : 'solid' },
    itemStyle: { color: colour },
    ...(line.isFilled === true && { areaStyle: { color: colour, opacity: 0.14 } }),
    ...(shades.length > 0 && {
      markArea: { silent: true, data: shades.map((shade) => shadeOption(shade, axis, shades.length)) },
    }),
  };
}

function shadeOption({ kind, name, from, to }: Shade, axis: Axis, shades: number): object[] {
  const label = { show: shades <= labelledShadesMax, position: 'top', fontFamily: font, fontSize: 10 };
  return [
    {
      xAxis: Math.max(from, axis.from) - axis.zeroAt,
      name,
      // The border keeps seconds visible in a plot of days.
      itemStyle: { color: placeholder(kind), borderColor: placeholder(kind), borderWidth: 0.75, opacity: 0.16 },
      label: { ...label, color: placeholder(kind), distance: 4 },
    },
    { xAxis: Math.min(to, axis.to) - axis.zeroAt },
  ];
}

const tickSteps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200];
const ticksMax = 13;

/** A step that a clock has. */
function tickMs({ from, to }: Axis): number {
  const seconds = (to - from) / 1_000;
  return (tickSteps.find((step) => seconds / step <= ticksMax) ?? 86_400) * 1_000;
}

/**
 * The renderer knows colours as hexadecimal only, and the page's are custom properties that follow its theme:
 * each is drawn in a colour of its own that nothing else has, and replaced afterwards.
 */
const themeColours = [
  ...lineColours,
  'low',
  'middle',
  'high',
  'plan',
  'bad',
  'muted',
  'grid',
  'fault',
  'outage',
  'operator',
] as const;

const placeholder = (name: (typeof themeColours)[number]): string =>
  `#fe01${themeColours.indexOf(name).toString(16).padStart(2, '0')}`;

function themed(svg: string, label: string, id: string): string {
  const coloured = themeColours.reduce((text, name) => text.replaceAll(placeholder(name), `var(--${name})`), svg);
  // What the renderer adds for a live page has no use in a still one, and doubles its size.
  const still = coloured
    .replaceAll(/ (ecmeta_\w+|pointer-events|class)="[^"]*"/g, '')
    .replace(/<style[^]*?<\/style>/, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`);
  return still.replace(/^<svg width="\d+" height="\d+"/, `<svg role="img" aria-label="${label}"`);
}
