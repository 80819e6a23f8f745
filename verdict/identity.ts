interface Identity {
  readonly role: string;
  readonly incarnation: number;
  readonly metric: string;
}

/** The order of series: by role, then life, then metric, whatever the language of the machine is. */
export const byIdentity = (a: Identity, b: Identity): number =>
  compare(a.role, b.role) || a.incarnation - b.incarnation || compare(a.metric, b.metric);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
