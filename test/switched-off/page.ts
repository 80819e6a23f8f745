import { formatDuration } from '#model/figures.ts';
import type { Switch } from './switches.ts';

/** What came of one switch: the test as it is, and with the mechanism off. */
export interface Outcome {
  readonly switch: Switch;
  /** Tests that ran and passed with the mechanism on; none failed. */
  readonly passedWith: number;
  /** Tests that failed with the mechanism off. */
  readonly failedWithout: readonly string[];
  readonly elapsedMs: number;
}

/** A test that runs, passes with the mechanism and fails without it. */
export const isShown = ({ passedWith, failedWithout }: Outcome): boolean => passedWith > 0 && failedWithout.length > 0;

/** `docs/testing/switched-off.md`, whole. */
export function renderSwitchedOff(outcomes: readonly Outcome[], { at, commit }: { at: Date; commit: string }): string {
  const rows = outcomes.map((outcome) => {
    const { promise, without, file, test } = outcome.switch;
    const verdict = isShown(outcome) ? `✓ ${outcome.failedWithout.length} failed` : '✗ not shown';
    return `| ${promise} | ${without} | \`${file}\` | \`${test.file}\` | ${verdict} | ${formatDuration(outcome.elapsedMs)} |`;
  });
  const shown = outcomes.filter(isShown).length;
  return `# Switched off

\`make switched-off\` takes each mechanism that the durability promises rest on out of a copy of this tree, one after the other, and runs the test that must fail then; before that, the same test as it is, which must pass. Made on commit ${commit}, ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC: ${shown} of ${outcomes.length} shown.

| promise | what is switched off | in | test | without it | took |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
