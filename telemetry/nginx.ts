import { metrics } from '#model/metrics.ts';
import { createHttpText } from './http-text.ts';
import type { Source } from './source.ts';
import { parseStubStatus } from './stub-status.ts';

/** nginx's stub_status page. */
export function createNginxSource({ role, url }: { role: string; url: string }, timeoutMs: number): Source {
  const page = createHttpText(url, timeoutMs);
  return {
    name: 'nginx',
    role,
    metrics: [metrics.nginxConnections, metrics.nginxWaiting, metrics.nginxDropped, metrics.nginxRequests],
    read: async () => parseStubStatus(await page.get()),
    close: () => page.close(),
  };
}
