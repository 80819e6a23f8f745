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
  const options = { method: 'GET', path: `${pathname}${search}` } as const;
  return {
    // The client's lowest level: a stream, its promises and a signal would cost more than the page.
    get: () =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let status = 0;
        let abort: (reason: Error) => void = reject;
        const limit = setTimeout(() => {
          abort(new Error(`no answer within ${timeoutMs} ms`));
        }, timeoutMs);
        client.dispatch(options, {
          onRequestStart(controller) {
            abort = (reason) => {
              controller.abort(reason);
            };
          },
          onResponseStart(_, statusCode) {
            status = statusCode;
          },
          onResponseData(_, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            clearTimeout(limit);
            if (status === 200) resolve(Buffer.concat(chunks).toString());
            else reject(new Error(`status ${status}`));
          },
          onResponseError(_, error) {
            clearTimeout(limit);
            reject(error);
          },
        });
      }),
    close: () => client.destroy(),
  };
}
