/** Beyond this the system's clock was set, or has been slewed: it is followed. */
const apartMsMax = 2;

/** The time of day in fractions of a millisecond, which `Date.now` does not tell; never more than two off from it. */
export function createWallClock(): () => number {
  let offset = performance.timeOrigin;
  return () => {
    const elapsed = performance.now();
    const told = Date.now();
    // `Date.now` is cut off to whole milliseconds: half of one is its mean error.
    if (Math.abs(offset + elapsed - (told + 0.5)) > apartMsMax) offset = told + 0.5 - elapsed;
    return offset + elapsed;
  };
}
