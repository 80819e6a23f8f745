import { falseAlarmsMax } from '#model/leak-limits.ts';
import { type Analysis, analyse, type LeakSeries } from './analysis.ts';
import { decide, type LeakJudgement, type LeakLimits } from './decide.ts';
import type { LeakReason } from './leak-reasons.ts';
import { pool } from './pool.ts';
import { exceeds } from './trend.ts';

export interface NamedSeries extends LeakSeries {
  readonly series: string;
  /** One life of a process, `gateway-1#2`: what is before the number sign is the process. */
  readonly incarnation: string;
  readonly limits: LeakLimits;
}

interface Unknown {
  readonly outcome: LeakJudgement['outcome'];
  readonly reasons: readonly LeakReason[];
}

export type JudgedSeries = Pick<NamedSeries, 'series' | 'incarnation'> & (LeakJudgement | Unknown);

interface Life {
  readonly named: NamedSeries;
  readonly analysis: Analysis | undefined;
}

/** A series of one process, in all its lives. */
interface Question {
  readonly lives: readonly Life[];
  readonly analysis: Analysis | undefined;
  readonly limits: LeakLimits;
}

/**
 * Judges all series of one run together: the more there are, the surer each has to be (Holm 1979). The surest is asked to be
 * sure among all, the next one among the rest, until one is not; the others are held against the same bar as that one. The lives
 * of a process are one question, so that each of them has the outcome of all, beside a slope of its own. `falseAlarms`: how often
 * a run that does not leak may be called one that does.
 */
export function judgeLeaks(all: readonly NamedSeries[], falseAlarms = falseAlarmsMax): JudgedSeries[] {
  const questions = questionsOf(all);
  const tails = tailsOf(questions, falseAlarms);
  const judged = new Map<NamedSeries, JudgedSeries>();
  for (const question of questions) {
    const tail = tails.get(question) ?? falseAlarms;
    const together = judgementOf(question.analysis, question.limits, { tail, falseAlarms });
    for (const { named, analysis } of question.lives) {
      const own = question.lives.length === 1 ? together : judgementOf(analysis, named.limits, { tail, falseAlarms });
      const { series, incarnation } = named;
      judged.set(named, { series, incarnation, ...(own === together ? own : asPart(own, together)) });
    }
  }
  return all.flatMap((named) => judged.get(named) ?? []);
}

const judgementOf = (
  analysis: Analysis | undefined,
  limits: LeakLimits,
  chances: Parameters<typeof decide>[2],
): LeakJudgement | Unknown =>
  analysis === undefined ? { outcome: 'inconclusive', reasons: ['too-short'] } : decide(analysis, limits, chances);

/** Its own figures, and the outcome of all. */
const asPart = <Own extends Unknown>(own: Own, { outcome, reasons }: Unknown): Own => ({
  ...own,
  outcome,
  reasons: ['with-other-lives', ...reasons],
});

function questionsOf(all: readonly NamedSeries[]): Question[] {
  const lives = new Map<string, Life[]>();
  for (const named of all) {
    const [process = ''] = named.incarnation.split('#');
    const key = `${named.series}\n${process}`;
    lives.set(key, [...(lives.get(key) ?? []), { named, analysis: analyse(named, named.limits) }]);
  }
  return [...lives.values()].flatMap((own) => {
    const analysis = pool(own.flatMap((life) => life.analysis ?? []));
    return own[0] === undefined ? [] : [{ lives: own, analysis, limits: own[0].named.limits }];
  });
}

function tailsOf(questions: readonly Question[], falseAlarms: number): Map<Question, number> {
  const chances = questions.flatMap((question) =>
    question.analysis === undefined
      ? []
      : [{ question, chance: exceeds(question.analysis.trend, question.limits.allowedPerHour) }],
  );
  const tails = new Map<Question, number>();
  let stopped: number | undefined;
  for (const [index, { question, chance }] of chances.sort((one, other) => one.chance - other.chance).entries()) {
    const tail = stopped ?? falseAlarms / (chances.length - index);
    if (chance > tail) stopped ??= tail;
    tails.set(question, tail);
  }
  return tails;
}
