import { createSigner } from 'fast-jwt';
import { LRUCache } from 'lru-cache';

const tokensMax = 20_000;
/** Longer than the longest run; a stack's key is as short-lived as the stack. */
const tokenMs = 7 * 86_400_000;
const mintAgainMs = 86_400_000;

/** Bearer tokens as the gateway accepts them: each made once for a subject and right, and again after a day. */
export function createTokens(secret: string): (subject: string, admin: boolean) => string {
  const sign = signer(secret);
  const minted = new LRUCache<string, string>({ max: tokensMax, ttl: mintAgainMs });
  return (subject, admin) => {
    const key = admin ? `${subject} admin` : subject;
    const known = minted.get(key);
    if (known !== undefined) return known;
    const token = sign(admin ? { sub: subject, admin: true } : { sub: subject });
    minted.set(key, token);
    return token;
  };
}

/** For the harness itself. */
export const adminToken = (secret: string): string => signer(secret)({ sub: 'user-1', admin: true });

const signer = (secret: string): ((claims: object) => string) =>
  createSigner({ key: secret.trim(), algorithm: 'HS256', expiresIn: tokenMs });
