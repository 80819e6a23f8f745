import { metrics } from '#model/metrics.ts';
import type { Values } from './source.ts';

/** Our own connection is taken off those that are open; it is never one that waits. Requests include our own, one a tick. */
export function parseStubStatus(text: string): Values {
  const connections = /^Active connections:\s+(\d+)/m.exec(text)?.[1];
  const [, accepted, handled, requests] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/m.exec(text) ?? [];
  const waiting = /Waiting:\s+(\d+)/.exec(text)?.[1];
  if (connections === undefined || requests === undefined || waiting === undefined)
    throw new Error('the page is not one of stub_status');
  return {
    [metrics.nginxConnections]: Math.max(0, Number(connections) - 1),
    [metrics.nginxWaiting]: Number(waiting),
    // What nginx took and then could not serve, for want of connections.
    [metrics.nginxDropped]: Number(accepted) - Number(handled),
    [metrics.nginxRequests]: Number(requests),
  };
}
