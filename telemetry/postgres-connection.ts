import { Socket } from 'node:net';
import { Client } from 'pg';
import type { Values } from './source.ts';

/** A connection of our own, made anew after whatever failed. */
export interface PostgresConnection {
  rows(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The one row of a query whose columns are metrics; what is null is left out. */
  values(text: string): Promise<Values>;
  close(): void;
}

/** By this name our own connections are left out of what they count. */
export const samplerName = 'soakwave-sampler';

/** By this our own statements are left out of those that the server counts: behind the first word, which every version keeps. */
export const samplerMark = `/* ${samplerName} */`;

export function createPostgresConnection(url: string, timeoutMs: number): PostgresConnection {
  let client: Client | undefined;
  let socket: Socket | undefined;

  async function connect(): Promise<Client> {
    const made = new Client({
      connectionString: url,
      stream: () => (socket = new Socket()),
      application_name: samplerName,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
    });
    // A broken connection fails the next query; without a listener it would end the process.
    made.on('error', () => undefined);
    client = made;
    await made.connect();
    return made;
  }

  /** The socket, not the client: saying goodbye to a server that is stopped would wait for it, once a tick. */
  function close(): void {
    socket?.destroy();
    client = undefined;
  }

  async function rows(text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    try {
      const connected = client ?? (await connect());
      const result = await connected.query<Record<string, unknown>>(
        text.replace(/^\s*select\b/, `select ${samplerMark}`),
      );
      return result.rows;
    } catch (error) {
      close();
      throw error;
    }
  }

  return {
    rows,
    async values(text) {
      const [row = {}] = await rows(text);
      return Object.fromEntries(
        Object.entries(row).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
      );
    },
    close,
  };
}
