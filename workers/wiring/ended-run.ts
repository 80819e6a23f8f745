import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EndedRun } from '#cli/selftest-account.ts';
import { Plan } from '#model/plan.ts';
import { RunResultFile } from '#reports/result.ts';
import type { RunPlaces } from './places.ts';

/** What a run that is over left in its folder; undefined when it left no result, or none that can be read. */
export function readEndedRun({ folder, plan }: RunPlaces): EndedRun | undefined {
  const result = RunResultFile.safeParse(readJson(join(folder, 'result.json')));
  const planned = Plan.safeParse(readJson(plan));
  if (!result.success || !planned.success) return undefined;
  const { verdict, load } = result.data;
  return { verdict, requests: load.requests, loadMs: load.loadMs, gateways: planned.data.stack.gatewayInstances };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
