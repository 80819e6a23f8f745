import { UsageError } from './environment.ts';
import { notUp } from './readiness.ts';

/** Work on the evidence store for a command: a store that does not answer is not up, and that is said in a sentence (exit 69). */
export async function fromStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isNamed(error, 'StoreUnavailable')) throw error;
    throw notUp('the evidence store does not answer; `soak up` starts it');
  }
}

/** Work on somebody's archive: what is wrong with it is said in a sentence that names the file (exit 64). */
export async function usingArchive<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isNamed(error, 'BadArchive')) throw new UsageError([`${path}: ${error.message}. Nothing was taken from it.`]);
    throw error;
  }
}

const isNamed = (error: unknown, name: string): error is Error => error instanceof Error && error.name === name;
