import * as z from 'zod';
import { defectsMax, PlantedDefect } from './defect.ts';

/** How a process says that it is ready; polled until it holds or `readyWithinMs` is over. */
export const Readiness = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp'), port: z.int().min(1).max(65_535) }),
  z.strictObject({ kind: z.literal('http'), url: z.url(), status: z.int().default(200) }),
  z.strictObject({ kind: z.literal('command'), command: z.string(), args: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('alive') }),
]);
export type Readiness = z.infer<typeof Readiness>;

/** One process of the stack, the base or the workers, as data: what the watchdog needs to start it again. */
export const ProcessSpec = z.strictObject({
  /** Unique on the host; also the name of its log and pid files, e.g. `gateway-2`. */
  role: z.string().regex(/^[a-z][a-z0-9-]*$/),
  command: z.string(),
  args: z.array(z.string()),
  /** Secrets travel here or in files, never in `args`: arguments are readable by everybody on the machine. */
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  /** PostgreSQL refuses to run as root: the name of the user to become when we are root. */
  runAs: z.string().optional(),
  /** Added to the niceness when permitted: workers and the Temporal server run before engines (design §2). */
  nice: z.int().min(-20).max(19).optional(),
  ready: Readiness,
  readyWithinMs: z.int().positive(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT']),
  /** SIGKILL follows after this. */
  stopWithinMs: z.int().positive(),
});
export type ProcessSpec = z.infer<typeof ProcessSpec>;

/** A process is its pid and its start time: a pid alone is reused by the kernel. */
export const ProcessIdentity = z.strictObject({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  startTicks: z.int().nonnegative(),
  /** Of the machine's present life: after a reboot pid and start time may both come again. Absent in older records. */
  bootId: z.string().optional(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/**
 * What the process table holds about a role; `incarnation` counts its starts from 1. A key that a newer version adds is no
 * reason to take a living process for dead, so unknown ones are passed over.
 */
export const ProcessRecord = z.object({
  role: z.string(),
  ...ProcessIdentity.shape,
  incarnation: z.int().positive(),
  startedAt: z.iso.datetime(),
  spec: ProcessSpec,
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** Everything listens on 127.0.0.1. */
export const StackPorts = z.strictObject({
  nginx: z.int(),
  gatewayFirst: z.int(),
  mockAdmin: z.int(),
  mockFirst: z.int(),
  postgres: z.int(),
  redis: z.int(),
  prometheus: z.int(),
});
export type StackPorts = z.infer<typeof StackPorts>;

export const StackPlan = z.strictObject({
  provisioner: z.literal('local'),
  target: z.literal('reference'),
  gatewayInstances: z.int().positive(),
  /** L1 bytes of each gateway instance. */
  l1BytesMax: z.int().positive(),
  /** L2: Redis maxmemory. */
  redisBytesMax: z.int().positive(),
  /** Connections of each gateway's pool. */
  databasePoolMax: z.int().positive(),
  databaseSharedBuffersBytes: z.int().positive(),
  mockGateways: z.int().positive(),
  /** Seed of the mocks' failure draws. */
  mockSeed: z.int().nonnegative(),
  /** Overall probability that a mocked upstream fails a call (R4.4). */
  mockFailureRate: z.number().min(0).max(1),
  cores: z.int().positive(),
  placement: z.string(),
  /** Every gateway collects all garbage so often, so that minutes show what it keeps; absent: when it sees fit. */
  collectEveryMs: z.int().min(100).optional(),
  /** Planted in every gateway by intent (R5.1); absent: the target as it is. */
  defects: z.array(PlantedDefect).min(1).max(defectsMax).optional(),
});
export type StackPlan = z.infer<typeof StackPlan>;

/** Where a provisioned stack is reached. Holds no secrets: those are in the file named here (mode 0600). */
export const StackAddress = z.strictObject({
  baseUrl: z.url(),
  gatewayUrls: z.array(z.url()),
  mockAdminUrl: z.url(),
  /** Without password: local servers trust the loopback or a password file. */
  databaseUrl: z.string(),
  redisUrl: z.string(),
  nginxStatusUrl: z.url(),
  prometheusUrl: z.url(),
  secretFile: z.string(),
});
export type StackAddress = z.infer<typeof StackAddress>;

/** One roles-to-pids view that samplers and the watchdog read: the process table's folder. */
export interface Incarnation extends ProcessIdentity {
  readonly role: string;
  readonly incarnation: number;
}
