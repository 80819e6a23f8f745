import { join } from 'node:path';
import type { StackPorts } from '#model/stack.ts';
import type { Environment } from './environment.ts';

/** Where everything of a checkout lives: folders under the state folder, ports on the loopback. */
export interface Places {
  readonly base: string;
  readonly workers: string;
  readonly stack: string;
  readonly runs: string;
  readonly temporal: { readonly port: number; readonly uiPort: number; readonly metricsPort: number };
  readonly evidencePort: number;
  readonly stackPorts: StackPorts;
  run(runKey: string): RunPlaces;
}

export interface RunPlaces {
  readonly folder: string;
  readonly plan: string;
  readonly spool: string;
  readonly faults: string;
  readonly held: string;
  /** Journals of everything that load writes (R7.4). */
  readonly writes: string;
}

const loopback = '127.0.0.1';
export const loopbackHosts = [loopback, 'localhost'];

export function placesOf({ stateFolder, portOffset }: Pick<Environment, 'stateFolder' | 'portOffset'>): Places {
  const port = (first: number): number => first + portOffset;
  return {
    base: join(stateFolder, 'base'),
    workers: join(stateFolder, 'workers'),
    stack: join(stateFolder, 'stack'),
    runs: join(stateFolder, 'runs'),
    temporal: { port: port(7233), uiPort: port(8233), metricsPort: port(7234) },
    evidencePort: port(15_432),
    stackPorts: {
      nginx: port(4444),
      gatewayFirst: port(4451),
      mockAdmin: port(4600),
      mockFirst: port(4601),
      postgres: port(25_432),
      redis: port(26_379),
      prometheus: port(19_090),
    },
    run(runKey) {
      if (!/^[A-Za-z0-9-]+$/.test(runKey))
        throw new Error(`a run key holds letters, digits and dashes, not "${runKey}"`);
      const folder = join(stateFolder, 'runs', runKey);
      return {
        folder,
        plan: join(folder, 'plan.json'),
        spool: join(folder, 'spool'),
        faults: join(folder, 'faults'),
        held: join(folder, 'held'),
        writes: writesFolder(folder),
      };
    },
  };
}

/** Where the copy of somebody's own file is that drives the load (R3.6). */
export const driverFolder = (runFolder: string): string => join(runFolder, 'driver');

export const writesFolder = (runFolder: string): string => join(runFolder, 'writes');

/** Begins the name of everything that a run creates in the target, so that it is told from what other runs left there. */
export const runTagOf = (runKey: string): string => runKey.replaceAll('-', '').slice(0, 12);

/** The embedded Temporal server's address; a profile or TEMPORAL_ADDRESS comes before it. */
export const embeddedAddress = (places: Places): string => `${loopback}:${places.temporal.port}`;
