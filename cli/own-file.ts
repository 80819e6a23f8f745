import { driverFileOf, type LoadDriver } from '#model/load-driver.ts';
import type { RunOrder } from './run-flags.ts';
import type { Service } from './service.ts';

/** What is in the file that an order names as its load, or everything that is wrong with it; nothing when it names none. */
export async function readOwnFile(
  { input }: RunOrder,
  service: Pick<Service, 'inspectDriver'>,
): Promise<{ driver?: LoadDriver } | { problems: string[] }> {
  return driverFileOf(input) === undefined ? {} : service.inspectDriver(input);
}
