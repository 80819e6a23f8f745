import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plan } from '#model/plan.ts';
import { type StackPorts } from '#model/stack.ts';
import { type BinarySearch, findBinary } from './binaries.ts';
import { installsTool } from './doctor.ts';
import { folderBytes } from './folder-bytes.ts';
import { readProcessStat } from './identity.ts';
import { findListeners } from './listeners.ts';
import { openStackTable } from './local/provision.ts';
import { type MachineMeasure, measureMachine } from './machine.ts';
import { dataFolderOf } from './postgres.ts';
import { type ListedProcess } from './process-table.ts';
import { serverUser } from './system-user.ts';

export interface PreflightProblem {
  readonly problem: string;
  readonly whatToDo: string;
}

export interface PreflightOptions extends BinarySearch {
  readonly plan: Pick<Plan, 'stack' | 'needs' | 'load'>;
  readonly stackFolder: string;
  readonly ports: StackPorts;
}

const gibibyte = 1024 ** 3;
/** Left free for logs, WAL and whatever else lives on the machine. */
const diskMarginBytes = 2 * gibibyte;
const filesBeside = 1_024;
/** nginx holds two connections a virtual user: the user's and the gateway's. */
const filesPerUser = 2;

/**
 * Holds a plan against this machine before anything starts, and lists all that is wrong at once (R5.4, R9.1). What the stack
 * uses already, because it is adopted, is not asked for twice.
 */
export function checkMachine(options: PreflightOptions): PreflightProblem[] {
  const processes = openStackTable(options.stackFolder)
    .list()
    .filter(({ isAlive }) => isAlive);
  const machine = measureMachine(dataFolderOf({ folder: options.stackFolder, runAs: serverUser() }));
  const present = {
    memoryBytes: processes.reduce((sum, { pid }) => sum + residentBytes(pid), 0),
    diskBytes: folderBytes(dataFolderOf({ folder: options.stackFolder, runAs: serverUser() })),
  };
  return [...checkPrograms(options), ...checkPorts(options, processes), ...checkSizes(options.plan, machine, present)];
}

/** Memory, disk and open files; pure, so that it can be shown for any machine. */
export function checkSizes(
  { needs, load }: Pick<Plan, 'needs' | 'load'>,
  machine: MachineMeasure,
  present: { readonly memoryBytes: number; readonly diskBytes: number },
): PreflightProblem[] {
  const problems: PreflightProblem[] = [];
  const diskMissing = Math.max(0, needs.diskBytes - present.diskBytes) + diskMarginBytes - machine.diskFreeBytes;
  if (diskMissing > 0) {
    problems.push({
      problem: `the run needs ${inGib(needs.diskBytes)} of disk and ${inGib(diskMarginBytes)} in reserve; ${inGib(machine.diskFreeBytes)} are free`,
      whatToDo: `free ${inGib(diskMissing)}, choose a smaller wave or lower the scale`,
    });
  }
  const memoryMissing = Math.max(0, needs.memoryBytes - present.memoryBytes) - machine.memoryFreeBytes;
  if (memoryMissing > 0) {
    problems.push({
      problem: `the run needs ${inGib(needs.memoryBytes)} of memory; ${inGib(machine.memoryFreeBytes)} are free`,
      whatToDo: `free ${inGib(memoryMissing)}, choose a smaller wave or fewer gateway instances`,
    });
  }
  const files = load.virtualUsers * filesPerUser + filesBeside;
  if (machine.openFilesMax < files) {
    problems.push({
      problem: `${load.virtualUsers} virtual users need ${files} open files in one process; the limit is ${machine.openFilesMax}`,
      whatToDo: `raise it with \`ulimit -Hn ${files}\`, or take fewer virtual users`,
    });
  }
  return problems;
}

/** Every port of a stack, with the role that listens there. */
function portsOf(plan: Pick<Plan, 'stack'>, ports: StackPorts): Map<number, string> {
  const { gatewayInstances, mockGateways } = plan.stack;
  const range = (count: number, first: number, role: (index: number) => string): [number, string][] =>
    Array.from({ length: count }, (_, index) => [first + index, role(index)]);
  return new Map([
    [ports.nginx, 'nginx'],
    [ports.postgres, 'postgres'],
    [ports.redis, 'redis'],
    [ports.prometheus, 'prometheus'],
    [ports.mockAdmin, 'mocks'],
    ...range(gatewayInstances, ports.gatewayFirst, (index) => `gateway-${index + 1}`),
    ...range(mockGateways, ports.mockFirst, () => 'mocks'),
  ]);
}

const checkPorts = ({ plan, ports }: PreflightOptions, processes: readonly ListedProcess[]): PreflightProblem[] =>
  findForeignListeners(portsOf(plan, ports), processes);

/** Ports, each with what it is for, that a process listens on which is none of these. */
export function findForeignListeners(
  wanted: ReadonlyMap<number, string>,
  processes: readonly ListedProcess[],
): PreflightProblem[] {
  const listeners = findListeners(new Set(wanted.keys()));
  const foreign = listeners.filter(({ pid }) => pid === undefined || !isOurs(pid, processes));
  const byPort = new Map(foreign.map((listener) => [listener.port, listener]));
  return [...byPort.values()].map(({ port, pid, command }) => {
    const holder = pid === undefined ? "another user's process" : `pid ${pid} (${command ?? ''})`;
    return {
      problem: `port ${port} for ${wanted.get(port) ?? 'soakwave'} is taken by ${holder}`,
      whatToDo: 'end that process, or move all ports with SOAK_PORT_OFFSET',
    };
  });
}

/** A server's workers listen on its socket too, and are in its session. */
function isOurs(pid: number, processes: readonly ListedProcess[]): boolean {
  const session = readProcessStat(pid)?.sessionId;
  return processes.some((each) => each.pid === pid || each.pid === session);
}

function checkPrograms(options: PreflightOptions): PreflightProblem[] {
  const needed = ['postgres', 'redis-server', 'nginx', 'prometheus'] as const;
  const missing = needed
    .filter((name) => findBinary(name, options) === undefined)
    .map((name) => ({ problem: `${name} is not installed`, whatToDo: 'run `make setup`; `soak doctor` says more' }));
  return [...missing, ...checkTool(options.plan, options)];
}

/**
 * The program that drives somebody's own file.
 * @internal
 */
export function checkTool({ load }: Pick<Plan, 'load'>, search: BinarySearch): PreflightProblem[] {
  const { driver } = load;
  if (driver === undefined || driver.kind === 'scenario' || findBinary(driver.kind, search) !== undefined) return [];
  const problem = `${driver.kind} is not installed, and ${driver.file} is to be driven by it`;
  return [{ problem, whatToDo: `install it with ${installsTool[driver.kind]}` }];
}

function residentBytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(join('/proc', `${pid}`, 'status'), 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    // Gone meanwhile.
    return 0;
  }
}

const inGib = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;
