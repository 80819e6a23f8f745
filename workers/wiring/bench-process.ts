import { readFileSync } from 'node:fs';
import { execa } from 'execa';

/** One program of a bench, alone on its core where that is permitted. */
export interface BenchProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Told each line of its output. */
  readonly onLine?: (line: string) => void;
}

export interface BenchRun {
  readonly stdout: string;
  /** The highest resident size and the processor time of its one process; up to the last look, a twentieth of a second before its end. */
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

/** Cores by number for who asks and for who answers; undefined where programs cannot be pinned. */
export interface Pinning {
  readonly generator: number;
  readonly server: number;
}

const lookEveryMs = 50;
const outputBytesMax = 16 * 1024 * 1024;
/** The kernel's, on every Linux that there is. */
const ticksPerSecond = 100;

export async function findPinning(): Promise<Pinning | undefined> {
  const permitted = async (core: number): Promise<boolean> =>
    (await execa('taskset', ['-c', `${core}`, 'true'], { reject: false, stdin: 'ignore' })).exitCode === 0;
  return (await permitted(0)) && (await permitted(1)) ? { server: 0, generator: 1 } : undefined;
}

/** A command line that runs on one core. */
export function onCore(core: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  return core === undefined ? [command, [...args]] : ['taskset', ['-c', `${core}`, command, ...args]];
}

/** Runs a program to its end. Rejects with the last of its output when it fails or takes too long. */
export async function runProgram(program: BenchProgram, core: number | undefined): Promise<BenchRun> {
  const [command, args] = onCore(core, program.command, program.args);
  const child = execa(command, args, {
    ...{ cwd: program.cwd, env: program.env ?? {}, stdin: 'ignore', reject: false, all: true },
    ...{ timeout: program.timeoutMs, maxBuffer: outputBytesMax },
  });
  let seen = { rssBytes: 0, cpuSeconds: 0 };
  const look = setInterval(() => {
    const { rssBytes, cpuSeconds } = readProcess(child.pid ?? 0);
    seen = { rssBytes: Math.max(seen.rssBytes, rssBytes), cpuSeconds: Math.max(seen.cpuSeconds, cpuSeconds) };
  }, lookEveryMs);
  try {
    if (program.onLine !== undefined) for await (const line of child) program.onLine(line);
    const { exitCode, stdout, all, shortMessage } = await child;
    if (exitCode !== 0) throw new Error(`${shortMessage ?? program.command}\n${all.slice(-2_000)}`);
    return { stdout, ...seen };
  } finally {
    clearInterval(look);
  }
}

/** What a process has used so far; nothing of one that is gone. */
export function readProcess(pid: number): { rssBytes: number; cpuSeconds: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, peak = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
    // The fields after the name, which may hold blanks: the 12th and 13th are user and system time.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { rssBytes: Number(peak) * 1_024, cpuSeconds: ticks / ticksPerSecond };
  } catch {
    return { rssBytes: 0, cpuSeconds: 0 };
  }
}
