import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ProcessSpec, type StackAddress, type StackPlan, type StackPorts } from '#model/stack.ts';
import { type Target } from '#model/target.ts';
import { type BinarySearch, requireBinary } from '../binaries.ts';
import { type PostgresInstance, planPostgres, postgresUrl } from '../postgres.ts';
import { isRoot, serverUser } from '../system-user.ts';
import { renderNginx } from './nginx.ts';
import { planPostgresSettings } from './postgres-settings.ts';
import { statementSettings } from './postgres-statements.ts';
import { renderPrometheus } from './prometheus.ts';
import { planRedis } from './redis.ts';

export interface LocalStackOptions extends BinarySearch {
  readonly plan: StackPlan;
  readonly stackFolder: string;
  readonly ports: StackPorts;
  readonly target: Target;
  /** The one process of all mocked gateways. */
  readonly mockProcess: ProcessSpec;
  /** Base URLs of the mocked gateways, for the target. */
  readonly mockUrls: readonly string[];
  /** The repository's folder, working directory of our own processes. */
  readonly home: string;
  readonly node: string;
  /** Memory of the machine, from which PostgreSQL's settings are computed. */
  readonly memoryBytes: number;
}

/** A local stack as data: what to write, what to start, in which order, and where it is reached then. */
export interface LocalStackPlan {
  /** Started one after the other, each when the one before is ready; within a group all at once. */
  readonly groups: readonly (readonly ProcessSpec[])[];
  readonly postgres: PostgresInstance;
  /** Configuration files, whole text by path. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly folders: readonly string[];
  readonly address: StackAddress;
}

/** Plans the stack on this machine; starts nothing and writes nothing. Throws when a program is missing. */
export function planLocalStack(options: LocalStackOptions): LocalStackPlan {
  const { plan, stackFolder, ports, memoryBytes } = options;
  const postgresBinary = requireBinary('postgres', options);
  const postgres: PostgresInstance = {
    role: 'postgres',
    folder: stackFolder,
    port: ports.postgres,
    postgres: postgresBinary,
    runAs: serverUser(),
    settings: { ...planPostgresSettings(plan, memoryBytes), ...statementSettings(postgresBinary) },
  };
  const redisFolder = join(stackFolder, 'redis');
  const redis = { redis: requireBinary('redis-server', options), folder: redisFolder, port: ports.redis };
  const nginx = planNginx(options);
  const prometheus = planPrometheus(options);
  const address = addressOf(options);
  const gateways = options.target.processes(plan, {
    ports,
    secretFile: address.secretFile,
    databaseUrl: address.databaseUrl,
    redisUrl: address.redisUrl,
    mockUrls: options.mockUrls,
    home: options.home,
    node: options.node,
  });
  return {
    groups: [
      [planPostgres(postgres), planRedis(plan, redis)],
      [options.mockProcess],
      gateways,
      [nginx.process, prometheus.process],
    ],
    postgres,
    files: [nginx.file, prometheus.file],
    folders: [redisFolder, join(nginx.folder, 'tmp'), prometheus.folder],
    address,
  };
}

interface ConfiguredServer {
  readonly folder: string;
  readonly file: { readonly path: string; readonly text: string };
  readonly process: ProcessSpec;
}

function planNginx(options: LocalStackOptions): ConfiguredServer {
  const { plan, stackFolder, ports } = options;
  const folder = join(stackFolder, 'nginx');
  const path = join(folder, 'nginx.conf');
  const text = renderNginx(plan, { port: ports.nginx, gatewayPorts: gatewayPorts(plan, ports), asRoot: isRoot() });
  const process: ProcessSpec = {
    role: 'nginx',
    command: requireBinary('nginx', options),
    args: ['-p', folder, '-c', path, '-e', 'stderr'],
    env: { SOAKWAVE_CONFIGURATION: hashOf(text) },
    cwd: folder,
    ready: { kind: 'http', url: `http://127.0.0.1:${ports.nginx}/nginx_status`, status: 200 },
    readyWithinMs: 15_000,
    stopSignal: 'SIGQUIT',
    stopWithinMs: 3_000,
  };
  return { folder, file: { path, text }, process };
}

function planPrometheus(options: LocalStackOptions): ConfiguredServer {
  const { plan, stackFolder, ports } = options;
  const folder = join(stackFolder, 'prometheus');
  const path = join(folder, 'prometheus.yml');
  const text = renderPrometheus(gatewayPorts(plan, ports), ports.prometheus);
  const process: ProcessSpec = {
    role: 'prometheus',
    command: requireBinary('prometheus', options),
    args: [
      `--config.file=${path}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      '--storage.tsdb.retention.size=1GB',
      `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      '--log.level=warn',
    ],
    env: { SOAKWAVE_CONFIGURATION: hashOf(text) },
    cwd: folder,
    nice: 5,
    ready: { kind: 'http', url: `http://127.0.0.1:${ports.prometheus}/-/ready`, status: 200 },
    readyWithinMs: 60_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 15_000,
  };
  return { folder, file: { path, text }, process };
}

/** In the stack's folder. */
export const secretName = 'secret';

function addressOf({ plan, stackFolder, ports }: LocalStackOptions): StackAddress {
  const local = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    baseUrl: local(ports.nginx),
    gatewayUrls: gatewayPorts(plan, ports).map(local),
    mockAdminUrl: local(ports.mockAdmin),
    databaseUrl: postgresUrl(ports.postgres),
    redisUrl: `redis://127.0.0.1:${ports.redis}`,
    nginxStatusUrl: `${local(ports.nginx)}/nginx_status`,
    prometheusUrl: local(ports.prometheus),
    secretFile: join(stackFolder, secretName),
  };
}

const gatewayPorts = (plan: StackPlan, ports: StackPorts): number[] =>
  Array.from({ length: plan.gatewayInstances }, (_, index) => ports.gatewayFirst + index);

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
