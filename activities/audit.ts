import type { AuditActivities } from '#model/activities.ts';
import { beating } from './heartbeat.ts';

export interface AuditLog {
  /** Writes one entry down; the same entry again changes nothing. */
  append(entry: Parameters<AuditActivities['audit']>[0]): Promise<void>;
}

/** Who did what to a run, and why (R7.2): an outage of the store is waited out by Temporal's retries. */
export function createAuditActivities(auditLog: AuditLog): AuditActivities {
  return {
    async audit(request) {
      await beating(() => auditLog.append(request));
    },
  };
}
