/** An engine that has less than a tenth of a core left, or that answers a tenth of a second late, measures itself. */
export const engineCoresMax = 0.9;
export const eventLoopDelaySecondsMax = 0.1;
