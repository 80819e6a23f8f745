import { type BinaryName, type BinarySearch, findBinary, isAtLeast, parseVersion, readVersion } from './binaries.ts';
import { type MachineMeasure, measureMachine } from './machine.ts';

export interface ExamineOptions extends BinarySearch {
  /** `.soak`: its disk is measured. */
  readonly stateFolder: string;
  /** False when somebody else's Temporal service is used. */
  readonly withTemporal: boolean;
}

/** One thing that soakwave stands on. */
interface Prerequisite {
  readonly name: string;
  readonly ok: boolean;
  readonly path?: string;
  readonly version?: string;
  readonly minimum: string;
  readonly problem?: string;
  readonly whatToDo?: string;
}

export interface Examination {
  readonly prerequisites: readonly Prerequisite[];
  readonly machine: MachineMeasure;
}

interface Need {
  readonly name: string;
  readonly binary: BinaryName;
  readonly minimum: string;
  readonly install: string;
  /** Only some tests need it, so that its absence is no fault. */
  readonly isOptional?: boolean;
}

const nodeMinimum = '24.0.0';
const apt = (packages: string): string =>
  `\`make setup\`, or \`apt-get install ${packages}\` (\`brew install …\` on a Mac)`;

/** How a tool that drives somebody's own file is had. */
export const installsTool = {
  locust: '`scripts/setup --with locust`, or `pip install locust` (any 2.x on PATH is used)',
  k6: '`scripts/setup --with k6` (needs Go), or https://grafana.com/docs/k6 (any 1.x on PATH is used)',
} as const;

const needs: readonly Need[] = [
  { name: 'PostgreSQL', binary: 'postgres', minimum: '14', install: apt('postgresql') },
  { name: 'Redis', binary: 'redis-server', minimum: '6.2', install: apt('redis-server') },
  { name: 'nginx', binary: 'nginx', minimum: '1.19.5', install: apt('nginx') },
  { name: 'Prometheus', binary: 'prometheus', minimum: '2.30', install: apt('prometheus') },
  {
    name: 'Temporal CLI',
    binary: 'temporal',
    minimum: '1.3',
    install: '`make setup` downloads or builds it; any other is used when it is on PATH',
  },
  { name: 'npm', binary: 'npm', minimum: '10', install: 'install Node.js, which brings npm' },
  {
    name: 'Chromium',
    binary: 'chromium',
    minimum: '100',
    install: `${apt('chromium')}; only tests of reports need it`,
    isOptional: true,
  },
  {
    name: 'Locust',
    binary: 'locust',
    minimum: '2.20',
    install: `${installsTool.locust}; only a \`locustfile\` of your own needs it`,
    isOptional: true,
  },
  {
    name: 'k6',
    binary: 'k6',
    minimum: '1.0',
    install: `${installsTool.k6}; only a \`k6\` script of your own needs it`,
    isOptional: true,
  },
];

const nodeName = 'Node.js';

/** Examines every prerequisite and the machine, all at once (`soak doctor`). Reads only; never throws for what is missing. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const wanted = needs.filter(({ binary }) => binary !== 'temporal' || options.withTemporal);
  const programs = await Promise.all(wanted.map((need) => examineProgram(need, options)));
  return { prerequisites: [examineNode(), ...programs], machine: measureMachine(options.stateFolder) };
}

/** The versions of what is there of these programs, by the names that `soak doctor` gives them; each is asked, all at once. */
export async function versionsOf(
  binaries: readonly BinaryName[],
  search: BinarySearch,
): Promise<Record<string, string>> {
  const asked = needs.filter(({ binary }) => binaries.includes(binary));
  const programs = await Promise.all(asked.map((need) => examineProgram(need, search)));
  const told = programs.flatMap(({ name, version }) => (version === undefined ? [] : [[name, version] as const]));
  return { [nodeName]: process.versions.node, ...Object.fromEntries(told) };
}

function examineNode(): Prerequisite {
  const found = { name: nodeName, path: process.execPath, version: process.versions.node, minimum: nodeMinimum };
  if (isAtLeast(found.version, nodeMinimum)) return { ...found, ok: true };
  const whatToDo = '`npm ci` brings it; then use `scripts/soak` or `make`, which choose it';
  return { ...found, ok: false, problem: `this is ${found.version}`, whatToDo };
}

async function examineProgram(need: Need, search: BinarySearch): Promise<Prerequisite> {
  const { name, binary, minimum, install } = need;
  const path = findBinary(binary, search);
  if (path === undefined) {
    return { name, minimum, ok: need.isOptional === true, problem: `${binary} was not found`, whatToDo: install };
  }
  const version = await readVersion(binary, path);
  if (version === undefined) {
    return { name, path, minimum, ok: false, problem: 'it does not tell its version', whatToDo: install };
  }
  // A CLI that was built from source calls itself 0.0.0.
  const isOwnBuild = parseVersion(version) === '0.0.0';
  if (isOwnBuild || isAtLeast(version, minimum)) return { name, path, version, minimum, ok: true };
  return { name, path, version, minimum, ok: false, problem: `${version} is older than ${minimum}`, whatToDo: install };
}
