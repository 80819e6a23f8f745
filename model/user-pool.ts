/** No run has more virtual users than this. */
export const virtualUsersMax = 20_000;

/** Mean time that an iteration is planned with: most answers take milliseconds, federated ones up to 2 s. */
export const serviceMsMean = 250;
/** A request to a server on the same machine, checked: no iteration is over sooner. */
const serviceMsLeast = 1;
/** Iterations are not alike and do not come one by one: storms last for seconds, a target in trouble answers late. */
const headRoom = 4;
const poolMin = 10;

/** Open model: virtual users that take iterations at this rate without one being dropped, by Little's law with head room. */
export const poolFor = (ratePerSecond: number): number =>
  Math.max(poolMin, Math.ceil((ratePerSecond * serviceMsMean * headRoom) / 1_000));

/** The highest rate that a pool could ever take. */
export const rateMaxOf = (users: number): number => (users * 1_000) / serviceMsLeast;

/** As few virtual users could ever take this rate. */
export const usersAtLeast = (ratePerSecond: number): number => Math.ceil((ratePerSecond * serviceMsLeast) / 1_000);
