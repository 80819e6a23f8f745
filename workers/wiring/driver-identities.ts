import type { TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';

/** Who a tool's users may be: a JSON line each, with the token that makes a request theirs. Teams are the private one first. */
export function identityLines(identities: readonly Identity[], speech: Pick<TargetSpeech, 'headers'>): string {
  const lines = identities.map((identity) => {
    const { userId, privateTeamId, teamIds } = identity;
    const token = (speech.headers(identity)['authorization'] ?? '').replace(/^Bearer /, '');
    return JSON.stringify({ userId, token, teams: [privateTeamId, ...teamIds] });
  });
  return `${lines.join('\n')}\n`;
}
