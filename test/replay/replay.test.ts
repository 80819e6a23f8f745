import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  type ReplayResult,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import * as z from 'zod';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FailureName } from '#model/failures.ts';
import { WorkflowName } from '#model/plan.ts';

/**
 * Every recorded history is replayed against the workflows as they are now: whoever upgrades while a run goes on meets
 * exactly this. `scripts/record-histories.ts` makes the histories anew when a change is meant to break them.
 */

const folder = fileURLToPath(new URL('histories', import.meta.url));

const Payloads = z.object({ payloads: z.array(z.object({ data: z.string() })).optional() });
const HistoryEvent = z.object({
  eventType: z.string(),
  workflowExecutionStartedEventAttributes: z
    .object({ workflowType: z.object({ name: z.string() }), input: Payloads.optional() })
    .optional(),
  activityTaskScheduledEventAttributes: z.object({ activityType: z.object({ name: z.string() }) }).optional(),
  workflowExecutionUpdateAcceptedEventAttributes: z
    .object({ acceptedRequest: z.object({ input: z.object({ name: z.string() }) }) })
    .optional(),
  workflowExecutionFailedEventAttributes: z
    .object({ failure: z.object({ applicationFailureInfo: z.object({ type: z.string() }).optional() }) })
    .optional(),
  workflowExecutionCompletedEventAttributes: z.object({ result: Payloads.optional() }).optional(),
});
type HistoryEvent = z.infer<typeof HistoryEvent>;
const History = z.object({ events: z.array(HistoryEvent).min(3) });
type History = z.infer<typeof History>;

const readText = (name: string): string => readFileSync(join(folder, `${name}.json`), 'utf8');
/** The parts that the tests below ask about; what is replayed is the whole. */
const read = (name: string): History => History.parse(JSON.parse(readText(name)));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));
/** Histories hold no workflow id; the workflows under replay were started with these (`scripts/record-histories.ts`). */
const workflowIdOf = (name: string): string => `recorded/${name.replace(/-\d+$/, '')}`;

const workflowOf = ({ events }: History): string | undefined =>
  events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name;
const activitiesOf = ({ events }: History): string[] =>
  events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType.name ?? []);
const updatesOf = ({ events }: History): string[] =>
  events.flatMap((event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest.input.name ?? []);
const endOf = ({ events }: History): HistoryEvent | undefined => events.at(-1);
const decode = (payloads: z.infer<typeof Payloads> | undefined): unknown =>
  JSON.parse(Buffer.from(payloads?.payloads?.[0]?.data ?? '', 'base64').toString());

const logger = new DefaultLogger('ERROR');
const home = fileURLToPath(new URL('../..', import.meta.url));
const bundle = (root: string): Promise<{ code: string }> =>
  bundleWorkflowCode({ workflowsPath: join(root, 'workflows', 'index.ts'), logger });

/** The workflows as a deploy with these changes would make them: file, text, and what takes its place. */
async function bundleChanged(
  changes: readonly (readonly [string, string | RegExp, string])[],
): Promise<{ code: string }> {
  const root = mkdtempSync(join(tmpdir(), 'soakwave-changed-'));
  try {
    for (const part of ['workflows', 'model', 'package.json', 'tsconfig.json']) {
      cpSync(join(home, part), join(root, part), { recursive: true });
    }
    symlinkSync(join(home, 'node_modules'), join(root, 'node_modules'));
    for (const [file, from, to] of changes) {
      const text = readFileSync(join(root, file), 'utf8');
      const changed = text.replace(from, to);
      if (changed === text) throw new Error(`${file} does not hold ${String(from)}`);
      writeFileSync(join(root, file), changed);
    }
    return await bundle(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

let workflowBundle: { code: string };
beforeAll(async () => {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
  workflowBundle = await bundle(home);
}, 60_000);

/** Replays histories as they are in the files, or as `change` makes them. Answers with what was wrong, by name. */
async function replay(
  chosen: readonly string[],
  { change = (text) => text, on = workflowBundle }: { change?: (text: string) => string; on?: { code: string } } = {},
): Promise<Map<string, ReplayResult['error']>> {
  const histories = chosen.map((name): { workflowId: string; history: unknown } => ({
    workflowId: workflowIdOf(name),
    history: JSON.parse(change(readText(name))),
  }));
  const errors = new Map<string, ReplayResult['error']>();
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: on }, histories)) {
    errors.set(chosen[errors.size] ?? '', error);
  }
  return errors;
}

/** Gives every activity of one name another. */
const renaming =
  (from: string, to: string) =>
  (text: string): string => {
    const changed = text.replaceAll(`"name": "${from}"`, `"name": "${to}"`);
    if (changed === text) throw new Error(`the history has no activity ${from}`);
    return changed;
  };

describe('recorded histories', () => {
  it('replay against the workflows as they are', async () => {
    const errors = await replay(names);
    const failed = [...errors].flatMap(([name, error]) => (error === undefined ? [] : `${name}: ${error.message}`));
    expect(failed).toEqual([]);
    expect(errors.size).toBe(names.length);
  });

  it('do not replay when an activity has another name, so that replaying proves something', async () => {
    const errors = await replay(['soak-wave-fault'], { change: renaming('warmCache', 'heatCache') });
    expect(errors.get('soak-wave-fault')).toBeInstanceOf(DeterminismViolationError);
  });

  it('do not replay when a later execution of a chain does other work than it did', async () => {
    const errors = await replay(['stability-run-2'], { change: renaming('verify', 'seedShards') });
    expect(errors.get('stability-run-2')).toBeInstanceOf(DeterminismViolationError);
  });

  it('are there for every workflow', () => {
    expect(new Set(names.map((name) => workflowOf(read(name))))).toEqual(new Set(WorkflowName.options));
  });

  it('are there for every way that a run may go', () => {
    expect([...names].sort()).toEqual([
      'all-waves',
      'federation-load',
      'soak-wave-aborted',
      'soak-wave-blocked',
      'soak-wave-cancelled',
      'soak-wave-fault',
      'soak-wave-invalid',
      'soak-wave-steered',
      'stability-run-1',
      'stability-run-2',
    ]);
  });

  it('are small: below 300 KB each', () => {
    const sizes = names.map((name) => ({ name, bytes: readFileSync(join(folder, `${name}.json`)).byteLength }));
    expect(sizes.filter(({ bytes }) => bytes > 300_000)).toEqual([]);
  });

  it('name neither the host that they were recorded on nor its folders', () => {
    const texts = names.map((name) =>
      JSON.stringify(JSON.parse(readText(name)), (_key, value: unknown) => {
        const data = (value as { data?: unknown } | null)?.data;
        return typeof data === 'string' ? Buffer.from(data, 'base64').toString() : value;
      }),
    );
    const places = texts.flatMap((text) => text.match(/[^\w./-]\/(?!tmp\/soak-record-)[\w.-]+\/[\w./-]+/g) ?? []);
    expect(places).toEqual([]);
    const identities = texts.flatMap((text) => text.match(/"identity":"[^"]*"/g) ?? []);
    expect(identities.filter((identity) => !/"(recorder|\d+@example-host)"$/.test(identity))).toEqual([]);
  });
});

/** What may change in a deploy without a run noticing it, and what may not. */
describe('a deploy in the middle of a run', { timeout: 180_000 }, () => {
  it('with other waves, other defaults and another planner changes nothing: a run carries its plan', async () => {
    const changed = await bundleChanged([
      ['model/plan-run.ts', /const windowsPerExecution = \d+;/, 'const windowsPerExecution = 1;'],
      ['model/plan-run.ts', /keep: input\.keep \?\? 'nothing'/, "keep: 'stack'"],
      ['model/plan-run.ts', /onBlocked: input\.onBlocked \?\? 'wait'/, "onBlocked: 'abort'"],
      ['model/wave.ts', /loadDurationMs: minutes\(1\)/, 'loadDurationMs: minutes(9)'],
      ['model/wave.ts', /virtualUsers: 20,/, 'virtualUsers: 999,'],
      ['model/parse-input.ts', /AllWaves: 'small'/, "AllWaves: 'large'"],
    ]);
    const errors = await replay(names, { on: changed });
    expect([...errors].flatMap(([name, error]) => (error === undefined ? [] : `${name}: ${error.message}`))).toEqual(
      [],
    );
  });

  it('with a default in the workflow instead of in the plan would be found', async () => {
    const changed = await bundleChanged([
      ['workflows/load-phase.ts', /firstWindow >= (plan\.)?windowsPerExecution/, 'firstWindow >= 1'],
    ]);
    const errors = await replay(['stability-run-1'], { on: changed });
    // Another end of an execution is found by the core of the SDK, which has an error of its own.
    expect(errors.get('stability-run-1')).toBeInstanceOf(Error);
  });

  it('with a clean-up at continue-as-new would be found: each execution but the last goes on without one', async () => {
    const changed = await bundleChanged([
      ['workflows/carry-run.ts', /if \(end\.kind === 'continue'\) \{/, '$& await cleanUp(run, undefined);'],
    ]);
    const errors = await replay(['stability-run-1'], { on: changed });
    expect(errors.get('stability-run-1')).toBeInstanceOf(DeterminismViolationError);
  });

  it('with a new step would be found, unless the step is behind patched()', async () => {
    const step = (guard: string) =>
      bundleChanged([
        ['workflows/run-steps.ts', /^/, "import { patched } from '@temporalio/workflow';\n"],
        [
          'workflows/run-steps.ts',
          /export async function drainAndVerify\(run: Run\)[^{]*\{\n/,
          `$&if (${guard}) await collectEverywhere(run);\n`,
        ],
      ]);
    const unguarded = await replay(['soak-wave-fault'], { on: await step('patched !== undefined') });
    expect(unguarded.get('soak-wave-fault')).toBeInstanceOf(DeterminismViolationError);
    const guarded = await replay(['soak-wave-fault'], { on: await step("patched('one-more-step')") });
    expect(guarded.get('soak-wave-fault')).toBeUndefined();
  });
});

describe('what the histories hold', () => {
  it('is a wave with a fault, carried to a verdict of pass', () => {
    const history = read('soak-wave-fault');
    expect(activitiesOf(history)).toContain('injectFault');
    const end = endOf(history)?.workflowExecutionCompletedEventAttributes;
    expect(decode(end?.result)).toMatchObject({ outcome: 'pass' });
  });

  it('is an input that is refused before anything was started', () => {
    const history = read('soak-wave-invalid');
    expect(activitiesOf(history)).toEqual(['planRun']);
    const type = endOf(history)?.workflowExecutionFailedEventAttributes?.failure.applicationFailureInfo?.type;
    expect(type).toBe('InvalidInput' satisfies FailureName);
  });

  it('is a wave that an operator aborted under load: healed, collected, judged and released all the same', () => {
    const history = read('soak-wave-aborted');
    expect(updatesOf(history)).toEqual(['abort']);
    const after = activitiesOf(history).slice(activitiesOf(history).lastIndexOf('holdLoad') + 1);
    const cleaning = ['healFaults', 'stopLoad', 'stopWatching', 'collectSpools', 'judge', 'report', 'release'];
    expect(after.filter((name) => cleaning.includes(name))).toEqual(cleaning);
    expect(decode(endOf(history)?.workflowExecutionCompletedEventAttributes?.result)).not.toMatchObject({
      outcome: 'pass',
    });
  });

  it('is a wave that was cancelled under load: cleaned up all the same, and cancelled at its end', () => {
    const history = read('soak-wave-cancelled');
    expect(endOf(history)?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED');
    const after = activitiesOf(history).slice(activitiesOf(history).lastIndexOf('holdLoad') + 1);
    expect(after).toEqual(expect.arrayContaining(['healFaults', 'stopLoad', 'judge', 'report', 'release']));
  });

  it('is a wave whose step was blocked until somebody resolved it, and then passed', () => {
    const history = read('soak-wave-blocked');
    expect(updatesOf(history)).toEqual(['resolveStep']);
    expect(activitiesOf(history).filter((name) => name === 'prepareSeed')).toHaveLength(2);
    const end = endOf(history)?.workflowExecutionCompletedEventAttributes;
    expect(decode(end?.result)).toMatchObject({ outcome: 'pass' });
  });

  it('is a wave whose load an operator paused, resumed, scaled and extended', () => {
    const history = read('soak-wave-steered');
    expect(updatesOf(history)).toEqual(['pause', 'resume', 'scaleLoad', 'extend']);
    expect(activitiesOf(history)).toContain('steerLoad');
    expect(endOf(history)?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
  });

  it('is a stability run that goes on as new without stopping the load or cleaning up at the seam', () => {
    const [first, second] = [read('stability-run-1'), read('stability-run-2')];
    expect(endOf(first)?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
    for (const activity of ['healFaults', 'stopLoad', 'stopWatching', 'collectSpools', 'judge', 'release']) {
      expect(activitiesOf(first)).not.toContain(activity);
    }
    for (const activity of ['planRun', 'provision', 'seedShards', 'warmCache', 'placeShard']) {
      expect(activitiesOf(second)).not.toContain(activity);
    }
    expect(endOf(second)?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
  });

  it('is a continued execution that carries everything that it needs in one argument', () => {
    const start = read('stability-run-2').events[0]?.workflowExecutionStartedEventAttributes;
    expect(Object.keys(decode(start?.input) as object)).toEqual(['carried']);
  });

  it('is a cycle of waves that is compared at its end', () => {
    const history = read('all-waves');
    const children = history.events.filter(({ eventType }) => eventType.endsWith('CHILD_WORKFLOW_EXECUTION_COMPLETED'));
    expect(children).toHaveLength(2);
    expect(activitiesOf(history)).toEqual(['planWaves', 'compareWaves']);
  });
});
