import { metrics } from '#model/metrics.ts';
import type { Incarnation } from '#model/stack.ts';
import type { SamplerOrders } from './orders.ts';
import { processMetrics, processOptions, readProcess, readPss, treeOptions } from './proc.ts';
import { lackOf, reasonOf, type Source } from './source.ts';
import { createSources } from './sources.ts';

export interface ProofOptions {
  readonly orders: SamplerOrders;
  readonly processes: () => readonly Incarnation[];
  /** Signals that have not come by then are missing. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export interface Proof {
  /** Signals that delivered at least one value: `process gateway-1`, `probe-gateway-1 gc_count_total`. */
  readonly proven: readonly string[];
  readonly missing: readonly MissingSignal[];
  /** Signals that may be missing, and are. */
  readonly absent: readonly MissingSignal[];
}

interface MissingSignal {
  readonly signal: string;
  readonly reason: string;
}

const againMs = 250;

/**
 * Reads every signal of the orders until each has delivered once, so that a run does not find out at its end that it was
 * blind. Writes nothing; what is missing is an outcome, not an error.
 */
export async function proveSignals({ orders, processes, withinMs, signal }: ProofOptions): Promise<Proof> {
  const sources = createSources(orders);
  const proven = new Set<string>();
  const until = Date.now() + withinMs;
  try {
    for (;;) {
      const looked = lookAt(orders, processes());
      const missing = [...looked.missing, ...(await missingMetrics(sources, proven))];
      const isOver = missing.length === 0 || Date.now() >= until || signal.aborted;
      if (isOver) {
        const unshared = await missingPss(orders, processes());
        const absent = [...looked.absent, ...unshared, ...sources.flatMap((source) => absentOf(source, proven))];
        return { proven: [...looked.proven, ...proven], missing, absent };
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

/**
 * Processes are looked at anew each time: one that died since its proof is missing. Those that the orders name must be there;
 * of the others, the harness among them, whoever is there must be readable.
 */
function lookAt(orders: SamplerOrders, known: readonly Incarnation[]): Proof {
  const found = { proven: [] as string[], missing: [] as MissingSignal[], absent: [] as MissingSignal[] };
  for (const role of new Set([...orders.roles, ...known.map((process) => process.role)])) {
    const signal = `process ${role}`;
    const process = known.find((one) => one.role === role);
    const tree = orders.trees.includes(role);
    const reading = process === undefined ? undefined : readProcess(process, { tree });
    if (process === undefined || reading === undefined) {
      found.missing.push({ signal, reason: 'not in a process table' });
      continue;
    }
    if (reading.kind !== 'alive') {
      const isWanted = reading.kind === 'failed' || orders.roles.includes(role);
      const reason = reading.kind === 'failed' ? reading.reason : 'not alive';
      if (isWanted) found.missing.push({ signal, reason });
      continue;
    }
    const lack = lackOf({ metrics: processMetrics }, reading.values);
    if (lack === undefined) found.proven.push(signal);
    else found.missing.push({ signal, reason: lack });
    for (const [metric, reason] of Object.entries(tree ? treeOptions : processOptions))
      if (!(metric in reading.values)) found.absent.push({ signal: `${signal} ${metric}`, reason });
  }
  return found;
}

/** Walks page tables, so once and of processes alone: of a tree it takes as long as there are children, and tells the same. */
async function missingPss({ trees }: SamplerOrders, known: readonly Incarnation[]): Promise<MissingSignal[]> {
  const alone = known.filter(({ role }) => !trees.includes(role));
  const read = await Promise.all(
    alone.map(async (process) => {
      const bytes = await readPss(process, { tree: false }).catch((error: unknown) => reasonOf(error));
      return typeof bytes === 'string'
        ? [{ signal: `process ${process.role} ${metrics.pssBytes}`, reason: bytes }]
        : [];
    }),
  );
  return read.flat();
}

async function missingMetrics(sources: readonly Source[], proven: Set<string>): Promise<MissingSignal[]> {
  const missing = await Promise.all(
    sources.map(async (source) => {
      const optional = Object.keys(source.optional ?? {});
      const wanted = source.metrics.filter((metric) => !proven.has(signalOf(source, metric)));
      if (wanted.length === 0 && optional.every((metric) => proven.has(signalOf(source, metric)))) return [];
      let reason = 'not among what it delivers';
      const values = await source.read().catch((error: unknown) => {
        reason = reasonOf(error);
        return undefined;
      });
      for (const metric of [...wanted, ...optional])
        if (values?.[metric] !== undefined) proven.add(signalOf(source, metric));
      return wanted
        .filter((metric) => values?.[metric] === undefined)
        .map((metric) => ({ signal: signalOf(source, metric), reason }));
    }),
  );
  return missing.flat();
}

const signalOf = ({ name }: Source, metric: string): string => `${name} ${metric}`;

const absentOf = (source: Source, proven: ReadonlySet<string>): MissingSignal[] =>
  Object.entries(source.optional ?? {})
    .filter(([metric]) => !proven.has(signalOf(source, metric)))
    .map(([metric, reason]) => ({ signal: signalOf(source, metric), reason }));
