/**
 * Each delivery of an activity is a producer incarnation of its own, so that two that overlap never write one segment.
 * Seconds since the epoch: a retry comes at least a second later, and the number fits the store's 32 bits until 2038.
 */
export const deliveryIncarnation = (): number => Math.floor(Date.now() / 1_000);
