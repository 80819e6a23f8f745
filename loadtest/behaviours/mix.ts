import { type BehaviourName, classesOf, type Mixed } from '#model/behaviour-class.ts';
import type { Behaviour, BehaviourClass } from './behaviour.ts';
import { cacheStress } from './cache-stress.ts';
import { enterpriseUser } from './enterprise-user.ts';
import { federationUser } from './federation-user.ts';
import { powerUser } from './power-user.ts';
import { tenantUser } from './tenant-user.ts';
import { writer } from './writer.ts';

const behaviours: Readonly<Record<BehaviourName, BehaviourClass>> = {
  'enterprise-user': enterpriseUser,
  'power-user': powerUser,
  'cache-stress': cacheStress,
  'federation-user': federationUser,
  'tenant-user': tenantUser,
  writer,
};

/** Which classes of users a plan is made of, and their weights (R3.1). */
export const behavioursOf = (load: Mixed): Behaviour[] =>
  classesOf(load).map(({ name, weight }) => ({ ...behaviours[name], weight }));
