import { createVerifier } from 'fast-jwt';
import { refusal } from './refusal.ts';

/** Who asks, as signed in the bearer token. */
export interface Caller {
  readonly userId: number;
  readonly admin: boolean;
}

const tokensCachedMax = 10_000;
const subject = /^user-([1-9]\d{0,9})$/;

/** Checks the `authorization` header; refuses with 401 everything but a token that this secret signed and that has not ended. */
export function createTokenCheck(secret: string): (authorization: string | undefined) => Caller {
  const verify = createVerifier({ key: secret, algorithms: ['HS256'], cache: tokensCachedMax });
  return (authorization) => {
    if (!authorization?.startsWith('Bearer ')) throw refusal(401, 'a bearer token is needed');
    const claims = verified(verify, authorization.slice('Bearer '.length));
    const userId = Number(subject.exec(String(claims.sub))?.[1]);
    if (!Number.isSafeInteger(userId) || userId > 0x7fff_ffff) throw refusal(401, 'the token names no user');
    return { userId, admin: claims.admin === true };
  };
}

function verified(verify: (token: string) => unknown, token: string): { sub?: unknown; admin?: unknown } {
  try {
    return verify(token) as { sub?: unknown; admin?: unknown };
  } catch {
    throw refusal(401, 'the token is not valid');
  }
}
