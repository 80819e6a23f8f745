import type { AuditLog } from '#activities/audit.ts';
import type { Context } from './context.ts';

/** The audit is a table of the evidence store. */
export const createAuditLog = ({ store }: Context): AuditLog => ({ append: (entry) => store.appendAudit(entry) });
