import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { syntheticPlan } from '../../test/synthetic-run.ts';
import { placesOf, type RunPlaces } from './places.ts';
import { planHashOf, readPlan, readPlanOfRun, writePlanFile } from './run-plan.ts';

const plan = syntheticPlan();
const other = syntheticPlan({ seed: 7 });
const run = { runKey: 'run-1', workflowId: 'soak/smoke/1', planHash: planHashOf(plan) };
const nowhere = () => Promise.resolve(undefined);
const neverAsked = () => Promise.reject(new Error('the store was asked'));

let folder: string;
let places: RunPlaces;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-plan-'));
  places = placesOf({ stateFolder: folder, portOffset: 0 }).run(run.runKey);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('planHashOf', () => {
  it('is the same for the same plan, however its keys are ordered', () => {
    expect(planHashOf(Object.fromEntries(Object.entries(plan).reverse()) as typeof plan)).toBe(run.planHash);
    expect(run.planHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another for any other plan', () => {
    expect(planHashOf(other)).not.toBe(run.planHash);
    expect(planHashOf({ ...plan, keep: plan.keep === 'stack' ? 'nothing' : 'stack' })).not.toBe(run.planHash);
  });
});

describe('readPlan', () => {
  it('takes the plan from the folder of the run and asks nobody', async () => {
    writePlanFile(places, plan);
    expect(await readPlan(run, places, neverAsked)).toEqual(plan);
  });

  it('fetches it from the store on a host that has none, and keeps it there', async () => {
    const fromStore = vi.fn(() => Promise.resolve(structuredClone(plan)));
    expect(await readPlan(run, places, fromStore)).toEqual(plan);
    expect(await readPlan(run, places, neverAsked)).toEqual(plan);
    expect(fromStore).toHaveBeenCalledExactlyOnceWith(run.runKey);
  });

  it('does not believe a file that was changed: the store’s takes its place', async () => {
    writePlanFile(places, other);
    expect(await readPlan(run, places, () => Promise.resolve(plan))).toEqual(plan);
    expect(JSON.parse(readFileSync(places.plan, 'utf8'))).toEqual(plan);
  });

  it('does not stumble over a file that was cut off', async () => {
    mkdirSync(places.folder, { recursive: true });
    writeFileSync(places.plan, '{"schemaVersion":');
    expect(await readPlan(run, places, () => Promise.resolve(plan))).toEqual(plan);
  });

  it.each([
    ['is nowhere', nowhere],
    ['is another than the workflow carries', () => Promise.resolve(other)],
    ['is not a plan any more', () => Promise.resolve({ ...plan, load: null })],
  ])('fails with PlanMissing when the plan %s', async (_, fromStore) => {
    await expect(readPlan(run, places, fromStore)).rejects.toMatchObject({ name: 'PlanMissing' });
  });
});

describe('readPlanOfRun', () => {
  it('is how a held process finds its plan from its own folder', () => {
    writePlanFile(places, plan);
    expect(readPlanOfRun(join(places.held, 'engine-0'))).toEqual(plan);
  });
});
