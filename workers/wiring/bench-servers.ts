import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireBinary } from '#compose/binaries.ts';
import { createProcessTable, type ProcessTable } from '#compose/process-table.ts';
import { isRoot } from '#compose/system-user.ts';
import type { PopulationPlan } from '#model/population-plan.ts';
import type { ProcessSpec } from '#model/stack.ts';
import { onCore } from './bench-process.ts';
import type { Context } from './context.ts';
import { takeStateFolder } from './readiness.ts';

/** Whom the generators ask: an nginx and a stand-in of the reference target, both on one core; nothing of them is left. */
export interface BenchServers {
  readonly folder: string;
  /** A small static JSON. */
  readonly nginxUrl: string;
  /** Starts the stand-in, which takes a moment. */
  startTarget(population: PopulationPlan): Promise<{ readonly baseUrl: string; readonly pid: number }>;
  stopTarget(): Promise<void>;
  stop(): Promise<void>;
}

const answer = '{"id":7,"name":"weather tool 7","description":"says what the weather is","scope":"global","ownerId":3}';

export async function startBenchServers(
  { environment, places }: Context,
  core: number | undefined,
): Promise<BenchServers> {
  takeStateFolder(environment.stateFolder);
  const folder = join(environment.stateFolder, 'bench-load');
  const stop = async (): Promise<void> => {
    await stopAll(createProcessTable(join(folder, 'processes')));
    rmSync(folder, { recursive: true, force: true });
  };
  await stop();
  const table = createProcessTable(join(folder, 'processes'));
  const port = places.stackPorts.nginx + 1;
  const nginx = planNginx({ folder: join(folder, 'nginx'), nginx: requireBinary('nginx', environment), port, core });
  await table.start(nginx);
  const targetPort = port + 1;
  return {
    folder,
    nginxUrl: `http://127.0.0.1:${port}/`,
    async startTarget(population) {
      const { node, home } = environment;
      const { pid } = await table.start(planTarget({ node, home, port: targetPort, population, core }));
      return { baseUrl: `http://127.0.0.1:${targetPort}`, pid };
    },
    async stopTarget() {
      await table.stop('bench-target');
    },
    stop,
  };
}

async function stopAll(table: ProcessTable): Promise<void> {
  for (const role of ['bench-target', 'bench-nginx']) await table.stop(role);
}

const common = { readyWithinMs: 30_000, stopSignal: 'SIGTERM', stopWithinMs: 3_000, env: {} } as const;

function planNginx(place: { folder: string; nginx: string; port: number; core: number | undefined }): ProcessSpec {
  const { folder, nginx, port, core } = place;
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, renderNginx(port));
  const [command, args] = onCore(core, nginx, ['-p', folder, '-c', path, '-e', 'stderr']);
  const ready = { kind: 'http', url: `http://127.0.0.1:${port}/`, status: 200 } as const;
  return { ...common, role: 'bench-nginx', command, args, cwd: folder, ready };
}

function renderNginx(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `  ${each}_temp_path tmp/${each};`,
  );
  return `${isRoot() ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  server_tokens off;
  tcp_nodelay on;
${temporary.join('\n')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    default_type application/json;
    location / { return 200 '${answer}'; }
  }
}
`;
}

function planTarget(place: {
  node: string;
  home: string;
  port: number;
  population: PopulationPlan;
  core: number | undefined;
}): ProcessSpec {
  const { node, home, port, population, core } = place;
  const [command, args] = onCore(core, node, ['--max-semi-space-size=32', 'workers/bench-target.ts']);
  const env = { SOAK_BENCH_TARGET: JSON.stringify({ port, population }) };
  const ready = { kind: 'tcp', port } as const;
  return { ...common, role: 'bench-target', command, args, env, cwd: home, ready };
}
