import type { EvidenceSink } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import type { Incarnation } from '#model/stack.ts';
import { createGapLog, type GapLog } from './gap-log.ts';
import { createIncarnations } from './incarnations.ts';
import type { SamplerOrders } from './orders.ts';
import { readProcess } from './proc.ts';
import { createPssTurns } from './pss-turns.ts';
import { createReadings } from './readings.ts';
import { lackOf, reasonOf, type Source, type Values } from './source.ts';
import { limitMsOf } from './sources.ts';

export interface TickOptions {
  readonly sink: EvidenceSink;
  readonly processes: () => readonly Incarnation[];
}

export interface Ticker {
  readonly gaps: GapLog;
  /** Takes one sample of everything, all of it dated `at`; resolves within the interval and never rejects. */
  tick(at: number, orders: SamplerOrders, sources: readonly Source[]): Promise<TickSummary>;
}

export interface TickSummary {
  readonly at: number;
  readonly processes: number;
  /** Absent when no gateway was sampled. */
  readonly gatewaysRssBytes?: number;
}

/** One record a process and tick, whatever the number of sources that its values come from. */
export function createTicker({ sink, processes }: TickOptions): Ticker {
  const gaps = createGapLog(sink);
  const incarnations = createIncarnations(sink);
  const readings = createReadings();
  const pssTurns = createPssTurns();
  const turns = createTurns();
  let known: readonly Incarnation[] = [];

  /** Everything in /proc; the same pass tells who is there. */
  function lookAround(at: number, trees: readonly string[], samples: Samples): void {
    try {
      known = processes();
    } catch (error) {
      samples.missing('process-table', reasonOf(error));
    }
    incarnations.keep(new Set(known.map(({ role }) => role)), at);
    for (const process of known) {
      const { role } = process;
      const reading = readProcess(process, { tree: trees.includes(role) });
      if (reading.kind === 'failed') samples.missing(`process-${role}`, reading.reason);
      if (reading.kind === 'gone') incarnations.gone(role, at);
      if (reading.kind !== 'alive') continue;
      incarnations.alive(process, at);
      samples.add(role, reading.values);
    }
  }

  /** Who is down is known to be down, which is no gap; a role that no table holds is played by somebody else's process. */
  function isAnswering(role: string): boolean {
    return incarnations.current(role) !== undefined || !known.some((process) => process.role === role);
  }

  async function tick(at: number, orders: SamplerOrders, sources: readonly Source[]): Promise<TickSummary> {
    const samples = createSamples({ at, until: at + orders.intervalMs }, gaps);
    lookAround(at, orders.trees, samples);
    const pss = pssTurns.due(known.filter(({ role }) => incarnations.current(role) !== undefined), at, orders.trees); // prettier-ignore
    const asked = [
      ...turns.due(
        sources.filter(({ role }) => isAnswering(role)),
        at,
      ),
      ...pss,
    ];
    await Promise.all(
      asked.map(async (source) => {
        const answer = await readings.read(source, limitMsOf(orders));
        const until = at + (source.everyMs ?? orders.intervalMs);
        if ('values' in answer) samples.add(source.role, answer.values);
        const reason = 'values' in answer ? lackOf(source, answer.values) : answer.reason;
        if (reason !== undefined) gaps.add({ source: source.name, reason, at, until });
        for (const statement of source.takeStatements?.() ?? []) sink.append(statement);
      }),
    );
    for (const [role, values] of samples.byRole()) {
      const incarnation = incarnations.current(role) ?? 1;
      if (Object.keys(values).length > 0) sink.append({ kind: 'sample', at, role, incarnation, values });
    }
    gaps.settle(at);
    return summarise(at, samples.byRole());
  }

  return { gaps, tick };
}

type Samples = ReturnType<typeof createSamples>;

/** Whose turn it is: of a source that is asked less often than the others, the first tick and one each so many. */
function createTurns() {
  const askedAt = new Map<string, number>();
  return {
    due: (sources: readonly Source[], at: number): Source[] =>
      sources.filter(({ name, everyMs }) => {
        if (everyMs === undefined) return true;
        if (at - (askedAt.get(name) ?? -Infinity) < everyMs) return false;
        askedAt.set(name, at);
        return true;
      }),
  };
}

/** The values of one tick, merged by role. Of two that tell the same, /proc comes first, and it is asked first. */
function createSamples(span: { readonly at: number; readonly until: number }, gaps: GapLog) {
  const values = new Map<string, Record<string, number>>();
  return {
    byRole: (): ReadonlyMap<string, Values> => values,
    add(role: string, more: Values): void {
      values.set(role, { ...more, ...values.get(role) });
    },
    missing(source: string, reason: string): void {
      gaps.add({ source, reason, ...span });
    },
  };
}

function summarise(at: number, samples: ReadonlyMap<string, Values>): TickSummary {
  let gatewaysRssBytes: number | undefined;
  for (const [role, values] of samples) {
    const rssBytes = roleKind(role) === 'gateway' ? values[metrics.rssBytes] : undefined;
    if (rssBytes !== undefined) gatewaysRssBytes = (gatewaysRssBytes ?? 0) + rssBytes;
  }
  return { at, processes: samples.size, ...(gatewaysRssBytes !== undefined && { gatewaysRssBytes }) };
}
