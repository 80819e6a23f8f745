import type { Query } from './query.ts';

/** Which hosts drive load now. Times are the store's own: clocks of hosts differ. */
export interface LoadHostTable {
  /** Says that a host is there. `isOurs` is false while another state folder speaks for the same name. */
  noteLoadHost(note: { host: string; stateFolder: string; joined: boolean }): Promise<{ isOurs: boolean }>;
  /** The store's clock, milliseconds since the epoch. */
  readClockMs(): Promise<number>;
  /** By name: those that have joined and were there in the last ten seconds; at most 64. */
  listLoadHosts(): Promise<string[]>;
}

const freshSeconds = 10;
/** After this a name is free for another state folder. */
const forgottenSeconds = 30;
const hostsMax = 64;

export function createLoadHostTable(query: Query): LoadHostTable {
  return {
    async noteLoadHost({ host, stateFolder, joined }) {
      const rows = await query(
        `insert into load_hosts as h (host, state_folder, joined, seen_at) values ($1, $2, $3, clock_timestamp())
         on conflict (host) do update
           set state_folder = excluded.state_folder, joined = excluded.joined, seen_at = excluded.seen_at
           where h.state_folder = excluded.state_folder or h.seen_at < clock_timestamp() - $4 * interval '1 second'
         returning host`,
        [host, stateFolder, joined, forgottenSeconds],
      );
      return { isOurs: rows.length > 0 };
    },
    async readClockMs() {
      const [clock] = await query<{ ms: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
        [],
      );
      if (clock === undefined) throw new Error('the evidence store told no time');
      return clock.ms;
    },
    async listLoadHosts() {
      const rows = await query<{ host: string }>(
        `select host from load_hosts where joined and seen_at > clock_timestamp() - $1 * interval '1 second'
         order by host limit $2`,
        [freshSeconds, hostsMax],
      );
      return rows.map(({ host }) => host);
    },
  };
}
