import { formatFigure } from '#model/figures.ts';
import type { Plan } from '#model/plan.ts';
import {
  type Answer,
  type NotCovered,
  type Outcome,
  type Question,
  type Verdict,
  worstOutcome,
} from '#model/verdict.ts';
import { attribute } from './attribution.ts';
import { capacityRule } from './capacity.ts';
import { writeHeadline } from './headline.ts';
import { objectiveRules } from './objective-rules.ts';
import { harnessRules } from './harness-rules.ts';
import { creepRules } from './creep-rules.ts';
import { leakRules } from './leak-rule.ts';
import type { JudgeInput, Rule } from './rule.ts';
import { targetRules } from './target-rules.ts';

/**
 * Evidence → verdict. *Fail* is said of the target alone; what the harness did not do, or did not see, makes a run
 * inconclusive. Questions that the plan does not promise are shown with what was measured, and never judged.
 */
export function judge(input: JudgeInput): Verdict {
  const { plan } = input;
  const promised = plan.promises.filter((question) => !plan.without.includes(question));
  const answers = promised.map((question) => answer(question, input));
  const notCovered = [...takenOut(plan), ...plan.notCovered].map((gap) => withFigure(gap, input));
  const interruption = findInterruption(input);
  const outcome = overall(answers, interruption);
  return { outcome, headline: writeHeadline({ ...input, answers, outcome, interruption }), answers, notCovered };
}

const rules: Readonly<Record<Question, Rule>> = {
  ...harnessRules,
  ...targetRules,
  ...objectiveRules,
  capacity: capacityRule,
  ...leakRules,
  ...creepRules,
};

/** A judge that breaks on one question leaves that one open, and the others standing. */
function answer(question: Question, input: JudgeInput): Answer {
  try {
    return { question, ...attribute(question, rules[question](input), input) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { question, outcome: 'inconclusive', reason: `The judge broke on this question: ${message}` };
  }
}

const takenOut = ({ without }: Plan): NotCovered[] =>
  without.map((question) => ({ question, reason: 'taken out with --without' }));

function withFigure(gap: NotCovered, input: JudgeInput): NotCovered {
  if (gap.measured !== undefined) return gap;
  const { measured, unit } = answer(gap.question, input);
  return measured === undefined ? gap : { ...gap, measured: formatFigure(measured, unit) };
}

/** What kept the run from its end, in words; undefined when every step that ran ended well. */
function findInterruption({ aborted, steps }: JudgeInput): string | undefined {
  if (aborted !== undefined) return /^abort/i.test(aborted) ? aborted : `aborted: ${aborted}`;
  // A step that failed, and was done when somebody had it tried again, kept the run from nothing.
  const broken = steps.find(
    ({ phase, outcome }, index) =>
      (outcome === 'failed' || outcome === 'cancelled') &&
      !steps.slice(index + 1).some((later) => later.phase === phase && later.outcome === 'done'),
  );
  if (broken === undefined) return undefined;
  return `step ${broken.phase} ${broken.outcome}${broken.note === undefined ? '' : `: ${broken.note}`}`;
}

function overall(answers: readonly Answer[], interruption: string | undefined): Outcome {
  const outcomes = answers.map(({ outcome }) => outcome);
  return worstOutcome(interruption === undefined ? outcomes : [...outcomes, 'inconclusive']);
}
