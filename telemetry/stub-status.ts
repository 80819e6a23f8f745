import { metrics } from '#model/metrics.ts';
import type { Values } from './source.ts';

/** Our own connection is taken off; requests include our own, one a tick. */
export function parseStubStatus(text: string): Values {
  const connections = /^Active connections:\s+(\d+)/m.exec(text)?.[1];
  const requests = /^\s*\d+\s+\d+\s+(\d+)\s*$/m.exec(text)?.[1];
  if (connections === undefined || requests === undefined) throw new Error('the page is not one of stub_status');
  return {
    [metrics.nginxConnections]: Math.max(0, Number(connections) - 1),
    [metrics.nginxRequests]: Number(requests),
  };
}
