import type { EngineOrders } from '#model/load-plan.ts';
import type { ToldThing, ToolReport } from './tool-report.ts';

/** A program of somebody else's that drives load by its user's file. */
export interface Tool {
  /** As in sentences. */
  readonly name: string;
  /** So long before the first user is due it is started: what it needs to be there in time. */
  readonly leadMs: number;
  /** Its command line for what is left of a schedule at `at`. */
  launch(orders: EngineOrders, at: number): ToolLaunch;
  /** Called every tick, for a tool that follows the schedule while it runs. */
  steer(orders: EngineOrders, at: number): void;
  /** What a line of its output tells, if it is one that tells anything. */
  parse(line: string): ToolReport | undefined;
  /** What it used so far, where it does not tell by itself. */
  measure?(pid: number): ToolReport['self'];
  /** Did it end as told, or by its own file's will, rather than die? */
  hasEnded(exit: ToolExit): boolean;
  /** What it leaves behind that must be told, once it is gone. */
  remains(exit: ToolExit): ToldThing[];
}

export interface ToolLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where its reports come out: a fourth file of its own, or its standard output. */
  readonly output: 'own' | 'stdout';
}

export interface ToolExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When it could not even be started. */
  readonly error?: string;
}

export const describeExit = ({ code, signal, error }: ToolExit): string =>
  error ?? signal ?? `exit code ${code ?? 'unknown'}`;
