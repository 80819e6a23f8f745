import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { openStackTable, readStackAddress } from '#compose/local/provision.ts';
import { createProcessTable, type ProcessTable } from '#compose/process-table.ts';
import { postgresUrl } from '#compose/postgres.ts';
import { createEvidenceStore, type EvidenceStore } from '#evidence/store.ts';
import type { RunRef } from '#model/activities.ts';
import type { TargetSpeech } from '#model/operation.ts';
import type { Plan } from '#model/plan.ts';
import type { StackAddress } from '#model/stack.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Environment } from './environment.ts';
import { type Places, placesOf, type RunPlaces } from './places.ts';
import { readPlan } from './run-plan.ts';
import { temporalAddress } from './temporal-address.ts';

/** What every activity's adapter is made from: one a process. */
export interface Context {
  readonly environment: Environment;
  readonly places: Places;
  readonly log: Logger;
  readonly namespace: string;
  readonly store: EvidenceStore;
  stackTable(): ProcessTable;
  /** Process table of the run's engines, sampler and watchdog. */
  heldTable(run: { runKey: string }): ProcessTable;
  runPlaces(run: { runKey: string }): RunPlaces;
  readPlan(run: RunRef): Promise<Plan>;
  /** Where the provisioned stack is, of this host or of the one that it is a guest of; throws when there is none. */
  stackAddress(): StackAddress;
  speech(plan: Plan): TargetSpeech;
}

export function createContext(environment: Environment, log: Logger): Context {
  const places = placesOf(environment);
  const store = createEvidenceStore({ databaseUrl: postgresUrl(places.evidencePort) });
  const runPlaces = ({ runKey }: { runKey: string }): RunPlaces => places.run(runKey);
  const stackAddress = (): StackAddress => {
    const address = readStackAddress(environment.guestOf ?? places.stack);
    if (address !== undefined) return address;
    throw new Error(`no stack was provisioned on ${environment.host}`);
  };
  return {
    environment,
    places,
    log,
    namespace: temporalAddress(environment).namespace,
    store,
    stackTable: () => openStackTable(places.stack),
    heldTable: (run) => createProcessTable(join(runPlaces(run).held, 'processes')),
    runPlaces,
    readPlan: (run) => readPlan(run, runPlaces(run), async (runKey) => (await store.readPlan(runKey))?.plan),
    stackAddress,
    speech: (plan) => referenceTarget.speech(plan.population, readSecret(stackAddress())),
  };
}

/** What signs the users' tokens; it never leaves this host's memory and its file of mode 0600. */
export const readSecret = ({ secretFile }: StackAddress): string => readFileSync(secretFile, 'utf8');
