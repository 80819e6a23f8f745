/** What may rise by how much an hour, by its unit, unless somebody says otherwise (R6.3). */
export const allowedPerHourDefault = { bytes: 0.1e6, count: 1 } as const;

/** The longest time constant of what fills up, and the longest cycle, unless somebody says otherwise. */
export const settlesWithinHoursDefault = 8;

/** R6.3: what it takes to find 0.5 MB/h where 0.1 is allowed. Nothing shorter is asked whether it leaks. */
export const leakHoursMin = 24;

/** Of runs that do not leak, so many may be called one that does: all their series and all looks at them together (R6.3). */
export const falseAlarmsMax = 0.01;

/** A leak matters that would take a tenth of the level in so long: thirty days. */
export const materialHoursDefault = 30 * 24;
