import type { Defect, DefectOptions } from './defect.ts';
import { createHoard } from './hoard.ts';

/** Keeps some bytes of each request beside the heap, as a log or a buffer pool that nobody empties does; up to the hoard's bound. */
export function leakPerRequest({ amount }: DefectOptions): Defect {
  const hoard = createHoard();
  return {
    prepare(app) {
      app.addHook('onRequest', (request, _reply, done) => {
        if (request.url.startsWith('/v1/')) hoard.keep(amount, 'beside-heap');
        done();
      });
    },
  };
}
