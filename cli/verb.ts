import type { Service } from './service.ts';

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** How its value is called in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly kind: 'switch' | 'text' | 'number' | 'list';
  /** Of a list: what is given again is added. */
  readonly isRepeatable?: true;
  readonly means: string;
}

export type FlagValue = string | number | true | string[];

/** A command line taken apart: what stands for itself, the flags by name, and what was wrong with the rest. */
export interface Call {
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, FlagValue>>;
  readonly problems: readonly string[];
}

/** One word after `soak`: declared once, for parsing and for the help. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly operand?: { readonly name: string; readonly means: string; readonly most: number };
  readonly flags: readonly Flag[];
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [commandLine: string, does: string])[];
  /** Further problems of a call, found before anything starts. */
  check?(call: Call): string[];
  /** It sees to interruptions itself; every other verb is simply ended by one. */
  readonly detaches?: true;
  /** Answers with the exit status. */
  run(call: Call, context: VerbContext): Promise<number>;
}

/** What a verb may touch. Everything that a test must be able to replace is in here. */
export interface VerbContext {
  readonly service: Service;
  /** Writes to stdout, or to stderr; a line break is added. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly terminal: Terminal;
  /** True in CI: blocked steps abort instead of waiting for somebody. */
  readonly isCi: boolean;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly interrupted: AbortSignal;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Terminal {
  /** Somebody is looking: progress may redraw its line. `write` adds no line break. */
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly colour: boolean;
  readonly write: (text: string) => void;
}

export const jsonFlag: Flag = { name: 'json', kind: 'switch', means: 'print one line of JSON for scripts' };
