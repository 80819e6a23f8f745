import type { PlantedDefect } from '#model/defect.ts';
import { type Answer, type Outcome, type Verdict, worstOutcome } from '#model/verdict.ts';
import type { SelftestCase } from './selftest-cases.ts';

/** A run with its verdict, and what tells how large a planted defect was in it. */
export interface EndedRun {
  readonly verdict: Verdict;
  readonly requests: number;
  readonly loadMs: number;
  readonly gateways: number;
}

/**
 * What became of a case. *found*: the right question failed, and names the defect. *misnamed*: only others failed, or it named
 * something else. *missed*: nothing failed. Of a healthy twin: *clean* or *accused*. *open*: no answer. *broken*: no verdict.
 */
type CaseResult = 'found' | 'misnamed' | 'missed' | 'clean' | 'accused' | 'open' | 'broken';

export interface CaseAccount {
  readonly name: string;
  readonly result: CaseResult;
  /** Questions that failed. */
  readonly failed: readonly string[];
  readonly why: string;
  readonly planted?: Figure;
  readonly measured?: Figure & { readonly between?: readonly [number, number] };
}

export interface Figure {
  readonly value: number;
  readonly unit: string;
}

const outcomes: Readonly<Record<CaseResult, Outcome>> = {
  found: 'pass',
  clean: 'pass',
  misnamed: 'fail',
  missed: 'fail',
  accused: 'fail',
  open: 'inconclusive',
  broken: 'inconclusive',
};

/** Pass when all is as it must be; fail when a defect was not named, or a healthy target was accused. */
export const outcomeOf = (accounts: readonly Pick<CaseAccount, 'result'>[]): Outcome =>
  worstOutcome(accounts.map(({ result }) => outcomes[result]));

/** Holds a run against what is true of it. */
export function accountFor(asked: SelftestCase, run: EndedRun): CaseAccount {
  const { answers, headline } = run.verdict;
  const failed = answers.filter(({ outcome }) => outcome === 'fail');
  const named = { name: asked.name, failed: failed.map(({ question }) => question) };
  const { expected, planted } = asked;
  if (expected === undefined || planted === undefined) return { ...named, ...judgeHealthy(run.verdict) };
  const answer = answers.find(({ question }) => question === expected.question);
  const size = plantedFigure(planted, run);
  return {
    ...named,
    ...(size === undefined ? {} : { planted: size }),
    ...measuredFigure(answer),
    ...judgePlanted({ expected, answer, isOtherFailed: failed.some((each) => each !== answer) }, headline),
  };
}

function judgeHealthy({ outcome, headline }: Verdict): Pick<CaseAccount, 'result' | 'why'> {
  return { result: outcome === 'pass' ? 'clean' : outcome === 'fail' ? 'accused' : 'open', why: headline };
}

function judgePlanted(
  seen: {
    readonly expected: NonNullable<SelftestCase['expected']>;
    readonly answer: Answer | undefined;
    readonly isOtherFailed: boolean;
  },
  headline: string,
): Pick<CaseAccount, 'result' | 'why'> {
  const { expected, answer, isOtherFailed } = seen;
  const why = answer?.reason ?? headline;
  if (answer?.outcome === 'fail') return { result: expected.names.test(answer.reason) ? 'found' : 'misnamed', why };
  if (isOtherFailed) return { result: 'misnamed', why };
  return { result: answer?.outcome === 'pass' ? 'missed' : 'open', why };
}

const measuredFigure = (answer: Answer | undefined): Pick<CaseAccount, 'measured'> =>
  answer?.measured === undefined
    ? {}
    : {
        measured: {
          ...{ value: answer.measured, unit: answer.unit ?? '' },
          ...(answer.between === undefined ? {} : { between: answer.between }),
        },
      };

const hourMs = 3_600_000;

/** In the unit that the question measures in; undefined where the amount does not tell how much comes of it. */
function plantedFigure({ name, amount }: PlantedDefect, run: EndedRun): Figure | undefined {
  const hours = run.loadMs / hourMs;
  switch (name) {
    case 'leak-per-request':
      return hours === 0 ? undefined : { value: (amount * run.requests) / run.gateways / hours / 1e6, unit: 'MB/h' };
    case 'leak-by-timer':
      return { value: (amount * 3_600) / 1e6, unit: 'MB/h' };
    case 'connection-leak':
      // Seen at the database, where those of all gateways are.
      return { value: amount * 60 * run.gateways, unit: 'an hour' };
    case 'descriptor-leak':
      return { value: amount * 60, unit: 'an hour' };
    case 'latency-creep':
      return { value: (amount * run.loadMs) / 60_000, unit: 'ms' };
    case 'leak-per-fault':
    case 'gc-storm':
    case 'cache-never-evicts':
    case 'lost-write':
    case 'scope-leak':
      return undefined;
  }
}
