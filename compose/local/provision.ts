import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { StackAddress } from '#model/stack.ts';
import { createExclusive, readIfPresent, writeAtomic } from '../atomic-file.ts';
import { planPostgres, preparePostgres } from '../postgres.ts';
import { type ProcessTable, createProcessTable } from '../process-table.ts';
import { type LocalStackOptions, type LocalStackPlan, planLocalStack, secretName } from './stack-plan.ts';

/** `stack.json`: what was provisioned, for whoever comes later and has no plan. */
const StackFile = z.strictObject({ address: StackAddress, order: z.array(z.string()) });
type StackFile = z.infer<typeof StackFile>;

export interface ProvisionOptions extends LocalStackOptions {
  /** Told each part that is ready, for heartbeats and people. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Brings the stack up and returns where it is (R5.3). Idempotent: adopts what runs with the same configuration, replaces what
 * runs with another, ends what the plan no longer has. On failure everything stays as it is, for whoever wants to look.
 */
export async function provisionLocal(options: ProvisionOptions): Promise<StackAddress> {
  const plan = planLocalStack(options);
  const table = openStackTable(options.stackFolder);
  const order = plan.groups.flat().map(({ role }) => role);
  await endOthers(table, order);
  writeStack(options.stackFolder, plan, order);
  await preparePostgres(plan.postgres);
  for (const group of plan.groups) {
    const started = await Promise.allSettled(group.map((spec) => table.start(spec)));
    const failures = started.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    if (failures.length > 0) throw new Error(failures.map(messageOf).join('\n'), { cause: failures[0] });
    options.onProgress?.(`ready: ${group.map(({ role }) => role).join(', ')}`);
  }
  return plan.address;
}

/**
 * Brings up the stack's database alone, for seeding it before a run; the rest of the stack is left as it is. `wasUp`: it was
 * there already, in this configuration or in that of the stack that runs.
 */
export async function startLocalDatabase(options: ProvisionOptions): Promise<{ databaseUrl: string; wasUp: boolean }> {
  const plan = planLocalStack(options);
  const table = openStackTable(options.stackFolder);
  const { databaseUrl } = plan.address;
  if (table.adopt(plan.postgres.role) !== undefined) return { databaseUrl, wasUp: true };
  if (readStack(options.stackFolder) === undefined) writeStack(options.stackFolder, plan, [plan.postgres.role]);
  await preparePostgres(plan.postgres);
  await table.start(planPostgres(plan.postgres));
  return { databaseUrl, wasUp: false };
}

/** Ends the stack's database; its data stay. */
export const stopLocalDatabase = (stackFolder: string): Promise<boolean> =>
  openStackTable(stackFolder).stop('postgres');

/** Ends every process of the stack, last started first; its data stay. Returns the roles that were ended. */
export async function releaseLocal(stackFolder: string): Promise<string[]> {
  if (!existsSync(stackFolder)) return [];
  const table = openStackTable(stackFolder);
  const order = readStack(stackFolder)?.order ?? [];
  // What the file does not name belongs to an older plan: it goes first.
  const place = (role: string): number => (order.includes(role) ? order.indexOf(role) : order.length);
  const roles = table.list().map(({ role }) => role);
  roles.sort((a, b) => place(b) - place(a));
  for (const role of roles) await table.stop(role);
  return roles;
}

/** Where the stack of a folder, or of a copy of it, is; its secret is the one in that folder. Undefined when nothing was provisioned. */
export function readStackAddress(stackFolder: string): StackAddress | undefined {
  const stack = readStack(stackFolder);
  return stack && { ...stack.address, secretFile: join(stackFolder, secretName) };
}

/** Roles that were provisioned and of which there is no record any more; none where nothing was provisioned. */
export function missingRoles(stackFolder: string): string[] {
  const recorded = new Set(
    openStackTable(stackFolder)
      .list()
      .map(({ role }) => role),
  );
  return (readStack(stackFolder)?.order ?? []).filter((role) => !recorded.has(role));
}

/** The process table of a stack; samplers, faults and the watchdog work on it too. */
export const openStackTable = (stackFolder: string): ProcessTable => createProcessTable(join(stackFolder, 'processes'));

function writeStack(stackFolder: string, plan: LocalStackPlan, order: string[]): void {
  for (const folder of plan.folders) mkdirSync(folder, { recursive: true });
  for (const { path, text } of plan.files) {
    if (readIfPresent(path) !== text) writeAtomic(path, text);
  }
  // Made once for the life of the stack's data: tokens that were signed with it stay good when the stack is adopted.
  createExclusive(plan.address.secretFile, randomBytes(32).toString('base64url'), { mode: 0o600 });
  const stack: StackFile = { address: plan.address, order };
  writeAtomic(join(stackFolder, 'stack.json'), `${JSON.stringify(stack, undefined, 2)}\n`);
}

async function endOthers(table: ProcessTable, order: readonly string[]): Promise<void> {
  const others = table.list().filter(({ role }) => !order.includes(role));
  await Promise.all(others.map(({ role }) => table.stop(role)));
}

function readStack(stackFolder: string): StackFile | undefined {
  const path = join(stackFolder, 'stack.json');
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return StackFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} does not describe a stack; move it away, and the next run writes it anew`, { cause });
  }
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
