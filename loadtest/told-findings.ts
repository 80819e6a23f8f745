import type { EvidenceSink, FindingRecord } from '#model/evidence.ts';

/** Of each kind that somebody's own file found or broke; all of it is counted. */
const toldMax = 100;

/** Writes down what a file of somebody's own says is wrong. The same is told once: what it breaks, it breaks again and again. */
export function createTeller(
  sink: Pick<EvidenceSink, 'append'>,
  source: string,
): (finding: FindingRecord['finding'], detail: string, at: number) => void {
  const told = new Map<string, Set<string>>();
  return (finding, detail, at) => {
    const known = told.get(finding) ?? new Set();
    told.set(finding, known);
    if (known.has(detail) || known.size >= toldMax) return;
    known.add(detail);
    sink.append({ kind: 'finding', at, source, finding, detail: detail.slice(0, 400) });
  };
}
