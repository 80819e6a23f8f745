import type { EvidenceSink, IncarnationRecord } from '#model/evidence.ts';
import type { Incarnation } from '#model/stack.ts';

/** Tells when a process was first seen and when it was gone (R6.2). A sampler's successor sees every process anew. */
export interface Incarnations {
  alive(process: Incarnation, at: number): void;
  gone(role: string, at: number): void;
  /** Roles that are not among these any more are gone. */
  keep(roles: ReadonlySet<string>, at: number): void;
  /** The incarnation whose samples those of this role are; undefined while nobody plays it. */
  current(role: string): number | undefined;
}

export function createIncarnations(sink: EvidenceSink): Incarnations {
  const living = new Map<string, Incarnation>();

  function record({ role, incarnation, pid }: Incarnation, event: IncarnationRecord['event'], at: number): void {
    sink.append({ kind: 'incarnation', at, role, incarnation, pid, event });
  }

  function gone(role: string, at: number): void {
    const process = living.get(role);
    if (process === undefined) return;
    living.delete(role);
    record(process, 'gone', at);
  }

  return {
    gone,
    alive(process, at) {
      const before = living.get(process.role);
      if (before?.pid === process.pid && before.incarnation === process.incarnation) return;
      gone(process.role, at);
      living.set(process.role, process);
      record(process, 'seen', at);
    },
    keep(roles, at) {
      for (const role of living.keys()) if (!roles.has(role)) gone(role, at);
    },
    current: (role) => living.get(role)?.incarnation,
  };
}
