import { digestIds } from '#model/digest.ts';
import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import type { Connection } from './connection.ts';
import { askUntilAnswered, type Inquiry } from './inquiry.ts';
import { walk } from './walk.ts';

export interface ScopeAudit {
  readonly identities: number;
  /** One sentence each: who saw too much or too little. */
  readonly differences: readonly string[];
}

const pageLimit = 500;
const requestTimeoutMs = 30_000;

/**
 * Lists everything that each of the identities can see, page by page, and holds the seeded tools in it against the
 * population's own count and digest (R2.2). Tools above `seededTools` are load's and left out.
 */
export async function auditScope(
  options: Inquiry & { readonly identities: readonly Identity[]; readonly seededTools: number },
): Promise<ScopeAudit> {
  const differences: string[] = [];
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  await walk({ ...options, items: options.identities, origin, requestTimeoutMs }, async (connection, identity) => {
    const listed = await listVisible(connection, options, identity);
    const seeded = listed.filter((toolId) => toolId <= options.seededTools);
    const { userId, visibleTools, visibleDigest } = identity;
    if (seeded.length !== visibleTools) {
      differences.push(`user ${userId} sees ${seeded.length} seeded tools and should see ${visibleTools}`);
    } else if (digestIds(seeded) !== visibleDigest) {
      differences.push(`user ${userId} sees ${visibleTools} seeded tools, but not the right ones`);
    }
  });
  options.signal.throwIfAborted();
  return { identities: options.identities.length, differences };
}

/** Ends at a page that is not full; seeded tools come first, as ids ascend. */
async function listVisible(
  connection: Connection,
  options: Inquiry & { readonly seededTools: number },
  identity: Identity,
): Promise<number[]> {
  const listed: number[] = [];
  for (let afterId = 0; afterId < options.seededTools;) {
    const operation = { kind: 'list-visible-tools', afterId, limit: pageLimit } as const;
    const response = await askUntilAnswered(connection, options, [operation, identity]);
    const { failures, toolIds } = options.speech.check(operation, identity, response);
    const [failure] = failures;
    if (failure !== undefined) throw new Error(`listing what user ${identity.userId} sees: ${failure.detail}`);
    listed.push(...toolIds);
    const lastId = Math.max(afterId, ...toolIds);
    if (toolIds.length < pageLimit || lastId === afterId) return listed;
    afterId = lastId;
  }
  return listed;
}
