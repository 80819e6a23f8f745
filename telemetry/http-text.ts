import { Client } from 'undici';

export interface HttpText {
  /** The body of a 200; rejects with the reason for anything else. */
  get(): Promise<string>;
  close(): Promise<void>;
}

const bytesMax = 8 * 1024 * 1024;

/** One page, read again and again over one connection that is made anew when it breaks. */
export function createHttpText(url: string, timeoutMs: number): HttpText {
  const { origin, pathname, search } = new URL(url);
  const client = new Client(origin, { pipelining: 1, maxResponseSize: bytesMax, connectTimeout: timeoutMs });
  return {
    async get() {
      const signal = AbortSignal.timeout(timeoutMs);
      const { statusCode, body } = await client.request({ method: 'GET', path: `${pathname}${search}`, signal });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
      return text;
    },
    close: () => client.destroy(),
  };
}
