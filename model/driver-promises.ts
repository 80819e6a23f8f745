import { type Mixed, operationsOf } from './behaviour-class.ts';
import { driverNames, type LoadDriver, type ScenarioOutline } from './load-driver.ts';
import { operationClasses, type OperationKind } from './operation.ts';
import type { Question } from './verdict.ts';

/** Questions that a driver's file answers, or leaves open, in place of the mix. */
export const insteadOfMix: readonly Question[] = ['operations-checked', 'no-lost-write'];

/**
 * Every kind of operation that a run promises to have asked and checked: of its mix, or those that somebody's own scenario
 * names.
 */
export const operationsOfLoad = (load: Mixed & { readonly driver?: LoadDriver | undefined }): readonly string[] =>
  load.driver === undefined ? operationsOf(load) : (load.driver.scenario?.operations ?? []);

/** Why a load of somebody's own cannot answer a question; undefined when it can as well as any other load. */
export function whyDriverCannot(driver: LoadDriver, question: Question): string | undefined {
  return driver.kind === 'scenario' ? whyScenarioCannot(driver.scenario, question) : whyToolCannot(driver, question);
}

function whyToolCannot({ kind, ownSchedule }: LoadDriver, question: Question): string | undefined {
  const name = driverNames[kind];
  switch (question) {
    case 'load-delivered':
      return ownSchedule === true
        ? `the script's own scenarios say how many virtual users there are, and when; those present are shown`
        : undefined;
    case 'operations-checked':
      return `${name} checks what it asks for by itself; what it counts as failed is in the error rate`;
    case 'no-lost-write':
      return `${name} writes past the durability oracle: nobody keeps what it wrote, so nothing of it can be read back`;
    case 'no-scope-leak':
      return `nothing here looks into the answers that ${name} gets`;
    case 'stationary':
      return `what ${name} writes is not known here, so what it leaves behind cannot be counted`;
    case 'latency-local-reads':
    case 'latency-local-reads-p99':
    case 'latency-creep':
      return `none of the requests of ${name} is known to be a local read`;
    case 'latency-federation':
    case 'latency-analytics':
      return `none of the requests of ${name} is known to be of that kind`;
    case 'generator-not-saturated':
      return kind === 'k6' ? 'k6 spreads over all cores and does not say when it is late' : undefined;
    case 'seeding-reconciled':
    case 'samples-present':
    case 'error-rate':
    case 'faults-healed':
    case 'no-unplanned-death':
    case 'memory-gateways':
    case 'database-connections':
    case 'cache-hit-ratio':
    case 'capacity':
    case 'memory-leak':
    case 'harness-memory':
    case 'handle-leak':
    case 'gc-pauses':
      return undefined;
  }
}

function whyScenarioCannot(outline: ScenarioOutline | undefined, question: Question): string | undefined {
  const classes = (outline?.operations ?? []).flatMap((operation) => classOf(operation) ?? []);
  const mayWriteUnseen = outline?.requests === 'any';
  switch (question) {
    case 'operations-checked':
      return outline?.operations.length === 0
        ? 'the scenario names no operations that must have been checked'
        : undefined;
    case 'no-lost-write':
      if (mayWriteUnseen) return 'the scenario words requests itself, and what these write is not kept by the oracle';
      return classes.includes('write') ? undefined : 'the scenario names no operation that writes';
    case 'stationary':
      if (mayWriteUnseen) return 'the scenario words requests itself, and what these leave behind cannot be counted';
      return classes.includes('write') ? undefined : 'the scenario names no operation that writes';
    case 'no-scope-leak':
      return classes.length > 0
        ? undefined
        : "the scenario names none of the target's operations, whose answers are held against what their user may see";
    case 'latency-local-reads':
    case 'latency-local-reads-p99':
    case 'latency-creep':
      return classes.includes('local-read') ? undefined : 'the scenario names no local read of the target';
    case 'seeding-reconciled':
    case 'load-delivered':
    case 'samples-present':
    case 'error-rate':
    case 'faults-healed':
    case 'generator-not-saturated':
    case 'no-unplanned-death':
    case 'memory-gateways':
    case 'database-connections':
    case 'cache-hit-ratio':
    case 'capacity':
    case 'memory-leak':
    case 'latency-federation':
    case 'latency-analytics':
    case 'harness-memory':
    case 'handle-leak':
    case 'gc-pauses':
      return undefined;
  }
}

const classOf = (operation: string): string | undefined =>
  Object.hasOwn(operationClasses, operation) ? operationClasses[operation as OperationKind] : undefined;
