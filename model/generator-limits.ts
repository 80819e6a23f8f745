/** An engine that has less than a tenth of a core left, or that answers a tenth of a second late, measures itself. */
export const engineCoresMax = 0.9;
export const eventLoopDelaySecondsMax = 0.1;
/** So late may it begin all but one in a hundred of the iterations whose time was fixed. */
export const scheduleErrorMsMax = 100;
/** A share of the latency that is asked for: one begun later than that is late. */
export const lateShareOfLatency = 0.2;
