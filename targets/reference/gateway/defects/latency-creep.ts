import type { Defect, DefectOptions } from './defect.ts';

const minuteMs = 60_000;
const delayMsMax = 500;

/** Answers later with each minute since it was first asked for something, by half a second at most, as a list that is searched from its beginning does. */
export function latencyCreep({ amount }: DefectOptions, now: () => number = Date.now): Defect {
  let firstAt: number | undefined;
  return {
    prepare(app) {
      app.addHook('onRequest', (request, _reply, done) => {
        if (!request.url.startsWith('/v1/')) {
          done();
          return;
        }
        const at = now();
        firstAt ??= at;
        setTimeout(done, Math.min(delayMsMax, (amount * (at - firstAt)) / minuteMs));
      });
    },
  };
}
