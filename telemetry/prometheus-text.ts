import type { ProbeSpec } from '#model/target.ts';
import type { Values } from './source.ts';

type Series = ProbeSpec['series'][number];

/** What stands in a line before its value, and what that value is wanted for. */
interface Line {
  readonly prefix: string;
  readonly metrics: readonly string[];
}

/** Of longer pages, the rest is taken apart anew each time. */
const linesMax = 20_000;

/**
 * Reads the values of the wanted series from pages in Prometheus' text format. Lines that match the same series are summed; a
 * series without a line, or whose value is no number, is absent.
 *
 * There is a page a process and second, of hundreds of lines of which few are wanted. A page has the same lines in the same
 * order as the one before, but for their values, so that each line is taken apart once and recognised from then on.
 */
export function createPageReader(series: ProbeSpec['series']): (text: string) => Values {
  const wanted = new Map<string, Series[]>();
  for (const one of series) wanted.set(one.name, [...(wanted.get(one.name) ?? []), one]);
  const known: Line[] = [];
  return (text) => {
    const values: Record<string, number> = {};
    let index = 0;
    for (let from = 0, end = 0; from < text.length; from = end + 1) {
      end = text.indexOf('\n', from);
      if (end === -1) end = text.length;
      if (text.charCodeAt(from) === hash) continue;
      let line = known[index];
      if (line === undefined || !text.startsWith(line.prefix, from)) {
        line = takeApart(text.slice(from, end), wanted);
        if (index < linesMax) known[index] = line;
      }
      index += 1;
      if (line.metrics.length === 0) continue;
      const value = valueOf(text.slice(from + line.prefix.length, end));
      if (value !== undefined) for (const metric of line.metrics) values[metric] = (values[metric] ?? 0) + value;
    }
    return values;
  };
}

const hash = '#'.charCodeAt(0);

/** Before a timestamp or an exemplar. */
function valueOf(text: string): number | undefined {
  const spaceAt = text.search(/\s/);
  const value = Number(spaceAt === -1 ? text : text.slice(0, spaceAt));
  return text === '' || !Number.isFinite(value) ? undefined : value;
}

const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;
const prefixPattern = /^([^\s{]+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+/;
const escapes: Readonly<Record<string, string>> = { n: '\n' };

/** What is no line is never recognised: nothing but the end of one begins with its end. */
const noLine: Line = { prefix: '\n', metrics: [] };

function takeApart(text: string, wanted: ReadonlyMap<string, readonly Series[]>): Line {
  const [prefix, name = '', labelText = ''] = prefixPattern.exec(text) ?? [];
  if (prefix === undefined) return noLine;
  const matching = wanted.get(name) ?? [];
  if (matching.length === 0) return { prefix, metrics: [] };
  const found: Record<string, string> = {};
  for (const [, label = '', value = ''] of labelText.matchAll(labelPattern))
    found[label] = value.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped);
  const metrics = matching.flatMap(({ labels = {}, metric }) =>
    Object.entries(labels).every(([label, value]) => found[label] === value) ? [metric] : [],
  );
  return { prefix, metrics };
}
