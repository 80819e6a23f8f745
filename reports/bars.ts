import { html, type Markup, raw } from './html.ts';

export interface Bar {
  readonly name: string;
  /** Absent: nothing was measured, which is said and not drawn. */
  readonly value: number | undefined;
  readonly label: (value: number) => string;
}

const width = 1_040;
const rowHeight = 24;
const nameWidth = 90;
const labelWidth = 110;

/** A bar a name, to one scale that begins at zero. */
export function barRows(title: string, bars: readonly Bar[]): Markup {
  const largest = Math.max(...bars.map(({ value }) => value ?? 0));
  const rows = bars.map(({ name, value, label }, index) => {
    const y = index * rowHeight;
    const length = largest > 0 ? ((value ?? 0) / largest) * (width - nameWidth - labelWidth) : 0;
    const text = (x: number, said: string) => html`<text x="${x}" y="${y + 16}" font-size="12">${said}</text>`;
    const bar = html`<rect
      x="${nameWidth}"
      y="${y + 4}"
      width="${length.toFixed(1)}"
      height="16"
      style="fill:var(--s1)"
    ></rect>`;
    return html`${text(0, name)}${bar}${text(nameWidth + length + 8, value === undefined ? '–' : label(value))}`;
  });
  const size = raw(`viewBox="0 0 ${width} ${bars.length * rowHeight}"`);
  return html`<figure class="plot">
    <figcaption><b>${title}</b></figcaption>
    <svg role="img" aria-label="${title} by wave" ${size} style="fill:var(--ink)">${rows}</svg>
  </figure>`;
}
