import type { EvidenceSummary, NamedWindow } from '#model/evidence-summary.ts';
import type { LedgerGap } from '#model/ledger.ts';
import type { Shade } from './plot.ts';
import type { ReportInput } from './report-input.ts';

/** Everything that happened to the run, as stretches of the one time axis: faults, outages, pauses, and what operators did. */
export function shadesOf(input: Pick<ReportInput, 'plan' | 'evidence' | 'operatorActions'>): Shade[] {
  const { faultWindows, outages, ledger } = input.evidence;
  return [
    ...faultWindows.map((window): Shade => ({ ...window, kind: 'fault' })),
    ...outages.map((outage): Shade => ({ ...outage, kind: 'outage', name: describeOutage(outage, ledger.gaps) })),
    ...pausesOf(input),
    ...momentsOf(input),
  ];
}

/** Why an engine's seconds are not in the ledger. */
const causes: Readonly<Record<LedgerGap['cause'], string>> = {
  dead: 'died',
  'not-begun': 'had not begun',
  unrecorded: 'lived and recorded nothing',
};

/** `engine-0 out (died)`: the name of an outage of the harness, with its cause where the ledger knows it. */
export function describeOutage({ name, from, to }: NamedWindow, gaps: EvidenceSummary['ledger']['gaps']): string {
  const gap = gaps.find((each) => `engine-${each.shard}` === name && each.from < to && each.to > from);
  return gap === undefined ? `${name} out` : `${name} out (${causes[gap.cause]})`;
}

/** From the schedule as operators left it, so that the shade is exactly what was neither planned nor judged. */
function pausesOf({ plan, evidence }: Pick<ReportInput, 'plan' | 'evidence'>): Shade[] {
  let from = evidence.loadStartsAt ?? 0;
  return plan.load.stages.flatMap((stage): Shade[] => {
    const to = from + stage.durationMs;
    const shade: Shade = { kind: 'operator', name: 'paused', from, to };
    from = to;
    return stage.inserted === 'pause' ? [shade] : [];
  });
}

/** What is drawn as a stretch of its own needs no line besides. */
const drawnOtherwise = ['pause', 'resume', 'injectFault'];

const momentsOf = ({ operatorActions = [] }: Pick<ReportInput, 'operatorActions'>): Shade[] =>
  operatorActions
    .filter(({ action }) => !drawnOtherwise.includes(action))
    .map(({ at, action }): Shade => ({ kind: 'operator', name: action, from: at, to: at }));
