import type { MixName } from '#model/load-plan.ts';
import type { Behaviour } from './behaviour.ts';
import { cacheStress } from './cache-stress.ts';
import { enterpriseUser } from './enterprise-user.ts';
import { federationUser } from './federation-user.ts';
import { powerUser } from './power-user.ts';
import { tenantUser } from './tenant-user.ts';
import { writer } from './writer.ts';

/** Which classes of users a mix is made of (R3.1). */
export const mixes: Readonly<Record<MixName, readonly Behaviour[]>> = {
  enterprise: [enterpriseUser, powerUser, cacheStress],
  federation: [federationUser],
  'multi-tenant': [tenantUser],
  'cache-stress': [cacheStress],
  'write-heavy': [writer],
};
