import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import * as z from 'zod';
import { type ProcessSpec } from '#model/stack.ts';

/** The namespace of every run, made by the server itself. */
const namespace = 'default';
/** The server keeps closed runs for 24 h; a 48 h run that continues as new would lose its own beginning. */
const retention = '720h';
const retentionSeconds = 720 * 3_600;
/** What runs are found by in the UI (design §3). */
const searchAttributes = ['SoakWave', 'SoakPhase', 'SoakTarget', 'SoakVerdict'] as const;

export interface TemporalPorts {
  readonly port: number;
  readonly uiPort: number;
  readonly metricsPort: number;
}

export interface TemporalPlace extends TemporalPorts {
  readonly temporal: string;
  readonly folder: string;
}

/**
 * The embedded Temporal server: one process, its state in one SQLite file with a write-ahead log, so that it survives being
 * killed; its UI on the loopback too. Flags are not stored in that file: they are given again at each start.
 */
export function planTemporal({ temporal, folder, port, uiPort, metricsPort }: TemporalPlace): ProcessSpec {
  const flags: readonly (readonly [string, string])[] = [
    ['--ip', '127.0.0.1'],
    ['--port', `${port}`],
    ['--ui-ip', '127.0.0.1'],
    ['--ui-port', `${uiPort}`],
    ['--metrics-port', `${metricsPort}`],
    ['--db-filename', join(folder, 'soak.db')],
    ['--sqlite-pragma', 'journal_mode=wal'],
    ['--sqlite-pragma', 'synchronous=2'],
    ['--log-level', 'warn'],
    ['--log-format', 'json'],
  ];
  return {
    role: 'temporal',
    command: temporal,
    args: ['server', 'start-dev', ...flags.flat()],
    // Keeps the person's own profiles out of the server, and the server out of their home.
    env: { HOME: folder },
    cwd: folder,
    // Before engines: the server answers late when load takes the cores (design §2).
    nice: -5,
    ready: { kind: 'command', command: temporal, args: ['operator', 'cluster', 'health', ...addressArgs(port)] },
    readyWithinMs: 120_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 15_000,
  };
}

/**
 * Retention and search attributes, which the server takes by flag only when it makes its file; a server that has them already
 * costs two questions. Throws with the server's own words when it still refuses after 30 s.
 */
export async function prepareTemporal({ temporal, port }: Pick<TemporalPlace, 'temporal' | 'port'>): Promise<void> {
  const operator = createOperator(temporal, port);
  if ((await operator.readRetentionSeconds()) !== retentionSeconds) {
    await operator.run(['namespace', 'update', '--namespace', namespace, '--retention', retention]);
  }
  const present = await operator.readSearchAttributes();
  const missing = searchAttributes.filter((name) => !present.includes(name));
  if (missing.length === 0) return;
  const wanted = missing.flatMap((name) => ['--name', name, '--type', 'Keyword']);
  await operator.run(['search-attribute', 'create', '--namespace', namespace, ...wanted]);
}

const NamespaceDescription = z.object({
  config: z.object({ workflowExecutionRetentionTtl: z.string() }),
});
const SearchAttributes = z.object({ customAttributes: z.record(z.string(), z.unknown()).optional() });

function createOperator(
  temporal: string,
  port: number,
): {
  run(args: readonly string[]): Promise<string>;
  readRetentionSeconds(): Promise<number>;
  readSearchAttributes(): Promise<string[]>;
} {
  const run = (args: readonly string[]): Promise<string> =>
    retried(temporal, ['operator', ...args, ...addressArgs(port)]);
  return {
    run,
    async readRetentionSeconds() {
      const text = await run(['namespace', 'describe', '--namespace', namespace, '--output', 'json']);
      return parseSeconds(NamespaceDescription.parse(JSON.parse(text)).config.workflowExecutionRetentionTtl);
    },
    async readSearchAttributes() {
      const text = await run(['search-attribute', 'list', '--namespace', namespace, '--output', 'json']);
      return Object.keys(SearchAttributes.parse(JSON.parse(text)).customAttributes ?? {});
    },
  };
}

/**
 * `720h0m0s` and `2592000s` are both seen.
 * @internal
 */
export function parseSeconds(text: string): number {
  const secondsPerUnit: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1 };
  const parts = [...text.matchAll(/([\d.]+)([hms])/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (secondsPerUnit[unit ?? ''] ?? 0), 0);
}

/** A server that has just started answers some questions later than others. */
async function retried(command: string, args: readonly string[]): Promise<string> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { exitCode, stdout, stderr } = await execa(command, args, {
      reject: false,
      timeout: 10_000,
      stdin: 'ignore',
    });
    if (exitCode === 0) return stdout;
    if (Date.now() >= deadline) throw new Error(`\`temporal ${args.join(' ')}\` failed: ${stderr.slice(-500)}`);
    await sleep(500);
  }
}

const addressArgs = (port: number): string[] => ['--address', `127.0.0.1:${port}`];
