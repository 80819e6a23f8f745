import type { ProbeSpec } from '#model/target.ts';
import { createHttpText } from './http-text.ts';
import { createPageReader } from './prometheus-text.ts';
import type { Source } from './source.ts';

/** Reads a target's own metrics page and gives them their canonical names. */
export function createProbe(probe: ProbeSpec, timeoutMs: number): Source {
  const page = createHttpText(probe.url, timeoutMs);
  const readPage = createPageReader(probe.series);
  const optional = new Map(
    probe.series.flatMap(({ metric, optional: why }) => (why === undefined ? [] : [[metric, why] as const])),
  );
  const wanted = new Set(probe.series.map(({ metric }) => metric));
  return {
    name: `probe-${probe.role}`,
    role: probe.role,
    metrics: [...wanted].filter((metric) => !optional.has(metric)),
    optional: Object.fromEntries(optional),
    read: async () => readPage(await page.get()),
    close: () => page.close(),
  };
}
