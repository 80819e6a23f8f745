import type { Answer, VirtualUser } from './behaviour.ts';

/** Creates one tool, after deleting the oldest ones so that the user keeps at most `liveToolsMax` (R1.7). */
export async function createOwnTool(user: VirtualUser): Promise<number | undefined> {
  while (user.liveToolIds.length >= user.liveToolsMax) {
    if (!(await deleteOwnTool(user, user.liveToolIds, 0))) return undefined;
  }
  return createToolInto(user, user.liveToolIds);
}

/** The newest tool of its own; makes one when there is none. */
export async function newestOwnTool(user: VirtualUser): Promise<number | undefined> {
  return user.liveToolIds.at(-1) ?? (await createOwnTool(user));
}

/** Creates one tool and remembers it in `list`, whatever that list's bound. */
export async function createToolInto(user: VirtualUser, list: number[]): Promise<number | undefined> {
  const mark = user.nextMark();
  const answer = await user.send({
    kind: 'create-tool',
    name: `soak-${mark}`,
    description: `made by virtual user ${mark}`,
  });
  const [toolId] = answer.toolIds;
  if (answer.outcome === 'ok' && toolId !== undefined) list.push(toolId);
  return answer.outcome === 'ok' ? toolId : undefined;
}

/** Rewrites a tool of `list`. False when the answer was not good; a tool in an unknown state is forgotten. */
export async function updateOwnTool(user: VirtualUser, list: number[], index: number): Promise<boolean> {
  const toolId = list[index];
  if (toolId === undefined) return false;
  const description = `rewritten by virtual user ${user.nextMark()}`;
  const answer = await user.send({ kind: 'update-tool', toolId, description });
  if (answer.outcome === 'indeterminate') list.splice(index, 1);
  return answer.outcome === 'ok';
}

/** Deletes a tool of `list`. False when it may still be there; one that was refused stays in the list. */
export async function deleteOwnTool(user: VirtualUser, list: number[], index: number): Promise<boolean> {
  const toolId = list[index];
  if (toolId === undefined) return false;
  const answer = await user.send({ kind: 'delete-tool', toolId });
  if (isGone(answer)) list.splice(index, 1);
  return answer.outcome === 'ok';
}

const isGone = ({ outcome }: Answer): boolean => outcome === 'ok' || outcome === 'indeterminate';
