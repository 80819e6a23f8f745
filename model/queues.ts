/** Task queues (design §2). Host-bound queues carry the host's stable name, so that a restarted worker picks its own up again. */
export const queues = {
  soak: 'soak',
  seed: 'soak-seed',
  load: 'soak-load',
  host: 'soak-host',
  /** Also polled by guests, which poll no other: they have no stack. */
  loadOn: (host: string): string => `soak-load-${host}`,
  hostOn: (host: string): string => `soak-host-${host}`,
} as const;
