import * as z from 'zod';
import type { VerdictDifference } from '#cli/judged-run.ts';
import type { Verdict } from '#model/verdict.ts';

/** A verdict of whatever version: what can be compared of it. */
const ToldVerdict = z.looseObject({
  outcome: z.string(),
  answers: z.array(z.looseObject({ question: z.string() })),
  notCovered: z.array(z.looseObject({ question: z.string() })),
});

const differencesMax = 200;
const valueCharactersMax = 300;
const absent = 'absent';

/**
 * Everything in which a verdict that was told, as JSON, is not the one of now: question by question, figure by figure. One at
 * least when the texts differ, 200 at most.
 */
export function listDifferences(toldText: string, verdict: Verdict): VerdictDifference[] {
  const told = ToldVerdict.safeParse(parseJson(toldText));
  if (!told.success) return [{ what: 'verdict', told: cut(toldText), now: cut(JSON.stringify(verdict)) }];
  const { answers, notCovered, ...whole } = told.data;
  const { answers: answersNow, notCovered: notCoveredNow, ...wholeNow } = verdict;
  const found = [
    ...compare(whole, wholeNow),
    ...byQuestion(answers, answersNow, 'answer'),
    ...byQuestion(notCovered, notCoveredNow, 'not covered'),
  ].slice(0, differencesMax);
  if (found.length > 0) return found;
  const orderOf = (list: readonly { question: string }[]): string =>
    cut(JSON.stringify(list.map(({ question }) => question)));
  const orders = [orderOf([...answers, ...notCovered]), orderOf([...answersNow, ...notCoveredNow])] as const;
  return orders[0] === orders[1] ? [] : [{ what: 'order of the questions', told: orders[0], now: orders[1] }];
}

interface OfQuestion {
  readonly question: string;
}

function byQuestion(then: readonly OfQuestion[], now: readonly OfQuestion[], name: string): VerdictDifference[] {
  const questions = [...new Set([...then, ...now].map(({ question }) => question))];
  return questions.flatMap((question) => {
    const [before, after] = [then, now].map((list) => list.find((each) => each.question === question));
    if (before !== undefined && after !== undefined) {
      return compare(before, after).map((difference) => ({ question, ...difference }));
    }
    return [{ question, what: name, told: describe(before), now: describe(after) }];
  });
}

function compare(then: object, now: object): VerdictDifference[] {
  const [before, after] = [leavesOf(then), leavesOf(now)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((what) => before.get(what) !== after.get(what))
    .map((what) => ({ what, told: cut(before.get(what) ?? absent), now: cut(after.get(what) ?? absent) }));
}

/** `a.0.b` → its JSON. */
function leavesOf(value: unknown, path = ''): Map<string, string> {
  if (value === null || typeof value !== 'object') return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .flatMap(([key, member]) => [...leavesOf(member, path === '' ? key : `${path}.${key}`)]),
  );
}

const describe = (value: unknown): string => (value === undefined ? absent : cut(JSON.stringify(value)));

const cut = (text: string): string =>
  text.length <= valueCharactersMax ? text : `${text.slice(0, valueCharactersMax)}…`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
