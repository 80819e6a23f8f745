import type { ProbeSpec } from '#model/target.ts';
import type { Values } from './source.ts';

/**
 * Values of the wanted series in Prometheus' text format. Lines that match the same series are summed; a series without a
 * line, or whose value is no number, is absent.
 */
export function parseMetrics(text: string, series: ProbeSpec['series']): Values {
  const wanted = new Map<string, ProbeSpec['series'][number][]>();
  for (const one of series) wanted.set(one.name, [...(wanted.get(one.name) ?? []), one]);
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const matching = wanted.get(/^[^\s{#]+/.exec(line)?.[0] ?? '');
    const sample = matching && parseSample(line);
    if (sample === undefined) continue;
    for (const { labels = {}, metric } of matching ?? []) {
      const matches = Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
      if (matches) values[metric] = (values[metric] ?? 0) + sample.value;
    }
  }
  return values;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;
const linePattern = /^[^\s{]+(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)/;
const escapes: Readonly<Record<string, string>> = { n: '\n' };

/** Undefined for a line that holds no finite number. */
function parseSample(line: string): Sample | undefined {
  const [, labelText = '', valueText = ''] = linePattern.exec(line) ?? [];
  const value = Number(valueText);
  if (valueText === '' || !Number.isFinite(value)) return undefined;
  const labels: Record<string, string> = {};
  for (const [, label = '', text = ''] of labelText.matchAll(labelPattern)) {
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped);
  }
  return { labels, value };
}
