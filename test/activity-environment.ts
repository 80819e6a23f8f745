import { MockActivityEnvironment } from '@temporalio/testing';
import { type ActivityInterceptorsFactory, DefaultLogger } from '@temporalio/worker';

/** Surroundings of one activity without a server, silent about failures that a test asks for. */
export const createEnvironment = (interceptors: ActivityInterceptorsFactory[] = []): MockActivityEnvironment =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR'), interceptors });

/** Runs an activity in such surroundings. */
export const inActivity = <T>(work: () => Promise<T>, environment = createEnvironment()): Promise<T> =>
  environment.run<[], T, () => Promise<T>>(work);
