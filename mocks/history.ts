import type { MockGatewayOptions } from './options.ts';

/** What one mocked gateway received since the last reset; counters only, so it is as long as the list of MCP methods. */
interface GatewayHistory {
  readonly gatewayId: number;
  readonly region: string;
  readonly calls: Readonly<Record<string, number>>;
  readonly failures: number;
  readonly latencyMsSum: number;
  readonly lastAt: number | undefined;
}

export interface History {
  record(call: { gatewayId: number; method: string; isFailed: boolean; latencyMs: number; at: number }): void;
  read(): GatewayHistory[];
  reset(): void;
}

const methodsKnown = new Set(['initialize', 'notifications/initialized', 'ping', 'tools/list', 'tools/call']);

interface Counted extends GatewayHistory {
  calls: Record<string, number>;
  failures: number;
  latencyMsSum: number;
  lastAt: number | undefined;
}

/** Verifies the patterns of calls, by gateway and region (R4.5). */
export function createHistory(gateways: readonly MockGatewayOptions[]): History {
  const empty = (): Map<number, Counted> =>
    new Map(
      gateways.map(({ gatewayId, region }) => [
        gatewayId,
        {
          gatewayId,
          region,
          calls: {},
          failures: 0,
          latencyMsSum: 0,
          lastAt: undefined,
        },
      ]),
    );
  let histories = empty();
  return {
    record({ gatewayId, method, isFailed, latencyMs, at }) {
      const history = histories.get(gatewayId);
      if (history === undefined) return;
      const name = methodsKnown.has(method) ? method : 'other';
      history.calls[name] = (history.calls[name] ?? 0) + 1;
      history.failures += isFailed ? 1 : 0;
      history.latencyMsSum += latencyMs;
      history.lastAt = at;
    },
    read: () => [...histories.values()].map((history) => ({ ...history, calls: { ...history.calls } })),
    reset() {
      histories = empty();
    },
  };
}
