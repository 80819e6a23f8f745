import { existsSync } from 'node:fs';
import { hostname, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { markName } from '#compose/marks.ts';

/** The user's mistake, not our failure: ends with one message that lists every problem, and exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const Settings = z.strictObject({
  SOAK_HOME: z.string().min(1).optional(),
  SOAK_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.-]+$/, 'letters, digits, dots and dashes')
    .optional(),
  SOAK_PORT_OFFSET: z.coerce
    .number()
    .int()
    .min(0)
    .max(39_000)
    .refine((offset) => offset !== 1_000, "Temporal would want the port of the other one's UI: choose 100, or 2000")
    .optional(),
  SOAK_STACK: z.string().min(1).optional(),
  SOAK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  /** For tests of durability alone: see test-hooks.ts. */
  SOAK_TEST_HOOKS: z.literal('1').optional(),
});

/** Everything that is read from the environment, in the one place that reads it. */
export interface Environment {
  /** The repository: working directory of every process. */
  readonly home: string;
  /** The state folder, `.soak` unless SOAK_HOME says otherwise. */
  readonly stateFolder: string;
  /** The host's stable name: part of its queues' names. */
  readonly host: string;
  /**
   * Set on a guest, which drives load against a stack of another host: the folder where stack.json and secret of it are, or
   * copies of them.
   */
  readonly guestOf?: string;
  /** Added to every port, so that a second stack can live on one machine. */
  readonly portOffset: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly searchPath: readonly string[];
  readonly cacheFolder: string;
  /** Node 24, brought by the npm package `node`. */
  readonly node: string;
  /** True when TEMPORAL_ADDRESS or a profile names a Temporal service that is not ours to start. */
  readonly externalTemporal: boolean;
  readonly colour: boolean;
  readonly ci: boolean;
  /** Tests may hold activities and keep the base down; never on where a run counts. */
  readonly testHooks: boolean;
  /** What a child process needs of this environment to come to the same settings; no secrets of ours are in it. */
  readonly forChildren: Readonly<Record<string, string>>;
  /** What a tool of somebody else's may know of it: nothing of ours but the mark by which the janitor finds it. */
  readonly forTools: Readonly<Record<string, string>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

const repository = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const inherited = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'LANG', 'CI', 'NODE_COMPILE_CACHE'];

/** Parses the environment. Throws `UsageError` that lists every problem, an unknown `SOAK_` variable among them. */
export function readEnvironment(variables: Variables = process.env): Environment {
  const ours = Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => name.startsWith('SOAK_') && value !== undefined),
  );
  const parsed = Settings.safeParse(ours);
  if (!parsed.success) {
    const known = Object.keys(Settings.shape).join(', ');
    throw new UsageError(
      parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => `environment: ${key} is not known; there are ${known}`)
          : [`environment: ${issue.path.join('.')}: ${issue.message}`],
      ),
    );
  }
  const settings = parsed.data;
  const bundledNode = join(repository, 'node_modules', '.bin', 'node');
  const cacheHome = variables['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return {
    home: repository,
    stateFolder: resolve(settings.SOAK_HOME ?? join(repository, '.soak')),
    host: settings.SOAK_HOST ?? hostname(),
    ...(settings.SOAK_STACK === undefined ? {} : { guestOf: resolve(settings.SOAK_STACK) }),
    portOffset: settings.SOAK_PORT_OFFSET ?? 0,
    logLevel: settings.SOAK_LOG_LEVEL ?? 'info',
    searchPath: (variables['PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    cacheFolder: join(cacheHome, 'soakwave', 'bin'),
    node: existsSync(bundledNode) ? bundledNode : process.execPath,
    externalTemporal: namesTemporal(variables),
    colour: variables['NO_COLOR'] === undefined && variables['TERM'] !== 'dumb',
    ci: variables['CI'] === 'true',
    testHooks: settings.SOAK_TEST_HOOKS === '1',
    forChildren: childVariables(variables),
    forTools: toolVariables(variables),
  };
}

/** As `readEnvironment`, in a process that finds its options in one more variable: see `readChildOptions`. */
export function readChildEnvironment(optionsVariable: string, variables: Variables = process.env): Environment {
  return readEnvironment(Object.fromEntries(Object.entries(variables).filter(([name]) => name !== optionsVariable)));
}

/** A service of somebody else's: by address, by profile, or by the configuration file that the Temporal CLI reads too. */
function namesTemporal(variables: Variables): boolean {
  const configHome = variables['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const file = variables['TEMPORAL_CONFIG_FILE'] ?? join(configHome, 'temporalio', 'temporal.toml');
  return variables['TEMPORAL_ADDRESS'] !== undefined || variables['TEMPORAL_PROFILE'] !== undefined || existsSync(file);
}

function childVariables(variables: Variables): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) continue;
    if (inherited.includes(name) || name.startsWith('SOAK_') || name.startsWith('TEMPORAL_')) kept[name] = value;
  }
  return kept;
}

function toolVariables(variables: Variables): Record<string, string> {
  const kept = [...inherited, markName].map((name) => [name, variables[name]] as const);
  return Object.fromEntries(kept.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

/** JSON that a parent put into one variable of a child's environment, parsed by the child's own schema. */
export function readChildOptions<T>(name: string, schema: z.ZodType<T>): T {
  const text = process.env[name];
  if (text === undefined)
    throw new UsageError([`environment: ${name} is missing; this process is started by soak itself`]);
  return schema.parse(JSON.parse(text));
}
