import type { Outcome } from '#model/verdict.ts';

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Ink = keyof typeof codes;

/** Text in a colour, or the text itself where colours are off. */
export const paint = (text: string, ink: Ink, colour: boolean): string =>
  colour ? `\u001B[${codes[ink]}m${text}\u001B[0m` : text;

export const outcomeInk: Readonly<Record<Outcome, Ink>> = { pass: 'green', inconclusive: 'yellow', fail: 'red' };
