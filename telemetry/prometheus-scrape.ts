import type { ProbeSpec } from '#model/target.ts';
import { createHttpText } from './http-text.ts';
import { parseMetrics } from './prometheus-text.ts';
import type { Source } from './source.ts';

/** Reads a target's own metrics page and gives them their canonical names. */
export function createProbe(probe: ProbeSpec, timeoutMs: number): Source {
  const page = createHttpText(probe.url, timeoutMs);
  return {
    name: `probe-${probe.role}`,
    role: probe.role,
    metrics: [...new Set(probe.series.map(({ metric }) => metric))],
    read: async () => parseMetrics(await page.get(), probe.series),
    close: () => page.close(),
  };
}
