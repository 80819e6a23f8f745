/** Of the last third: that it goes on rising is asked only when the whole has shown that it rises. */
export const recentTail = 0.1;
/** Of the drift: of what wanders without end and looks like a line, no more than this may be called a leak. */
export const driftTail = 0.005;
/** Wrongly passed, of those that leak as much as is just not allowed. */
export const passTail = 0.01;
/** How much worse the slowest thing that settles must fit: what a chance of one in twenty would do. */
export const devianceMin = 4;
