/** What may rise by how much an hour, by its unit, unless somebody says otherwise (R6.3). */
export const allowedPerHourDefault = { bytes: 0.1e6, count: 1 } as const;

/** The longest time constant of what fills up, and the longest cycle, unless somebody says otherwise. */
export const settlesWithinHoursDefault = 8;

/** A leak matters that would take a tenth of the level in so long: thirty days. */
export const materialHoursDefault = 30 * 24;
