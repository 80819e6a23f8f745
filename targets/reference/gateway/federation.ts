import type { Region } from '#model/region.ts';
import { LRUCache } from 'lru-cache';
import { createMcpClient } from './mcp-client.ts';
import type { Peer } from './options.ts';

/** How many peers one request asks at a time (R3.8). */
const parallelMax = 20;
/** What a peer answered is good for this long. */
const answerMs = 5_000;

interface FederatedTool {
  readonly name: string;
  readonly description: string;
  readonly gatewayId: number;
  readonly region: Region;
}

/** What one peer offers; undefined when it failed. */
export interface PeerAnswer {
  readonly peer: Peer;
  readonly tools: readonly FederatedTool[] | undefined;
}

/** What federation tells about its calls. */
export interface FederationObserver {
  called(region: Region, seconds: number, isAnswered: boolean): void;
}

/** The tools of other gateways, asked over MCP. A peer that fails makes an answer partial, never an error. */
export interface Federation {
  /** One answer for each peer in these regions, in the order of gateway ids. */
  ask(regions: ReadonlySet<string>): Promise<PeerAnswer[]>;
  close(): Promise<void>;
}

export function createFederation(
  options: { peers: readonly Peer[]; federationTimeoutMs: number },
  observer: FederationObserver,
): Federation {
  const client = createMcpClient(options.federationTimeoutMs);
  const answers = new LRUCache<number, readonly FederatedTool[]>({
    max: Math.max(1, options.peers.length),
    ttl: answerMs,
  });
  const flights = new Map<number, Promise<PeerAnswer>>();

  const call = async (peer: Peer): Promise<PeerAnswer> => {
    const startedAt = performance.now();
    const listed = await client.listTools(peer.url).catch(() => undefined);
    observer.called(peer.region, (performance.now() - startedAt) / 1_000, listed !== undefined);
    const { gatewayId, region } = peer;
    const tools = listed?.map(({ name, description = '' }) => ({ name, description, gatewayId, region }));
    // A failure is not kept: the next request asks again.
    if (tools) answers.set(gatewayId, tools);
    return { peer, tools };
  };

  const answerOf = (peer: Peer): Promise<PeerAnswer> | PeerAnswer => {
    const tools = answers.get(peer.gatewayId);
    if (tools) return { peer, tools };
    const underway = flights.get(peer.gatewayId);
    if (underway) return underway;
    const flight = call(peer).finally(() => flights.delete(peer.gatewayId));
    flights.set(peer.gatewayId, flight);
    return flight;
  };

  return {
    async ask(regions) {
      const asked = options.peers.filter((peer) => regions.has(peer.region));
      const answered: PeerAnswer[] = [];
      let next = 0;
      const askInTurn = async (): Promise<void> => {
        while (next < asked.length) {
          const index = next++;
          const peer = asked[index];
          if (peer) answered[index] = await answerOf(peer);
        }
      };
      await Promise.all(Array.from({ length: Math.min(parallelMax, asked.length) }, askInTurn));
      return answered;
    },
    close: () => client.close(),
  };
}
