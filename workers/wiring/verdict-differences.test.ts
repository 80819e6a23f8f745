import { describe, expect, it } from 'vitest';
import type { Verdict } from '#model/verdict.ts';
import { listDifferences } from './verdict-differences.ts';

const verdict: Verdict = {
  outcome: 'fail',
  headline: 'Fail: error-rate',
  answers: [
    { question: 'error-rate', outcome: 'fail', reason: 'too many', measured: 0.2, limit: 0.1 },
    { question: 'no-lost-write', outcome: 'pass', reason: 'none' },
  ],
  notCovered: [{ question: 'memory-leak', reason: 'too short' }],
};
const told = (change: (verdict: Verdict) => unknown): string => JSON.stringify(change(structuredClone(verdict)));

describe('the differences of two verdicts', () => {
  it('are none when there is none', () => {
    expect(listDifferences(JSON.stringify(verdict), verdict)).toEqual([]);
  });

  it('name question, figure and outcome', () => {
    const then = told(({ answers: [first, ...rest], ...whole }) => ({
      ...whole,
      outcome: 'pass',
      answers: [{ ...first, outcome: 'pass', measured: 0.05 }, ...rest],
    }));
    expect(listDifferences(then, verdict)).toEqual([
      { what: 'outcome', told: '"pass"', now: '"fail"' },
      { question: 'error-rate', what: 'outcome', told: '"pass"', now: '"fail"' },
      { question: 'error-rate', what: 'measured', told: '0.05', now: '0.2' },
    ]);
  });

  it('name a question that only one of them answers, or leaves open', () => {
    const then = told((whole) => ({ ...whole, answers: whole.answers.slice(0, 1), notCovered: [] }));
    expect(listDifferences(then, verdict)).toMatchObject([
      { question: 'no-lost-write', what: 'answer', told: 'absent' },
      { question: 'memory-leak', what: 'not covered', told: 'absent' },
    ]);
  });

  it('name the order, when nothing else is another', () => {
    const then = told((whole) => ({ ...whole, answers: whole.answers.toReversed() }));
    expect(listDifferences(then, verdict)).toMatchObject([{ what: 'order of the questions' }]);
  });

  it.each(['', 'null', '{"outcome":"pass"}', '[1]'])('are one, of the whole, when %j was told', (text) => {
    expect(listDifferences(text, verdict)).toMatchObject([{ what: 'verdict', told: text }]);
  });
});
