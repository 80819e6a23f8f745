import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage each so many milliseconds, until what it answers with is called. */
export function collectEvery(everyMs: number): () => void {
  // The process may have been started without the flag; a context that is made after it is set has the function.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const timer = setInterval(collect, everyMs).unref();
  return () => {
    clearInterval(timer);
  };
}
