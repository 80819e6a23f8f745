import type { Incarnation } from '#model/stack.ts';
import type { SamplerOrders } from './orders.ts';
import { readProcess } from './proc.ts';
import { reasonOf, type Source } from './source.ts';
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
      const missing = [...missingProcesses(orders, processes), ...(await missingMetrics(sources, proven))];
      const isOver = missing.length === 0 || Date.now() >= until || signal.aborted;
      if (isOver) return { proven: [...orders.roles.map(processSignal), ...proven].filter(isNot(missing)), missing };
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

const processSignal = (role: string): string => `process ${role}`;

const isNot =
  (missing: readonly MissingSignal[]) =>
  (signal: string): boolean =>
    !missing.some((one) => one.signal === signal);

/** Processes are looked at anew each time: one that died since its proof is missing. */
function missingProcesses(orders: SamplerOrders, processes: () => readonly Incarnation[]): MissingSignal[] {
  const known = processes();
  return orders.roles.flatMap((role) => {
    const process = known.find((one) => one.role === role);
    const reading = process === undefined ? undefined : readProcess(process);
    if (reading?.kind === 'alive') return [];
    const reason = reading === undefined ? 'not in a process table' : reading.kind === 'gone' ? 'not alive' : reading.reason; // prettier-ignore
    return [{ signal: processSignal(role), reason }];
  });
}

async function missingMetrics(sources: readonly Source[], proven: Set<string>): Promise<MissingSignal[]> {
  const missing = await Promise.all(
    sources.map(async (source) => {
      const wanted = source.metrics.filter((metric) => !proven.has(`${source.name} ${metric}`));
      if (wanted.length === 0) return [];
      let reason = 'not among what it delivers';
      const values = await source.read().catch((error: unknown) => {
        reason = reasonOf(error);
        return undefined;
      });
      for (const metric of wanted) if (values?.[metric] !== undefined) proven.add(`${source.name} ${metric}`);
      return wanted
        .filter((metric) => values?.[metric] === undefined)
        .map((metric) => ({ signal: `${source.name} ${metric}`, reason }));
    }),
  );
  return missing.flat();
}
