import { readFileSync, readdirSync } from 'node:fs';
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
const endOf = ({ events }: History): HistoryEvent | undefined => events.at(-1);
const decode = (payloads: z.infer<typeof Payloads> | undefined): unknown =>
  JSON.parse(Buffer.from(payloads?.payloads?.[0]?.data ?? '', 'base64').toString());

let workflowBundle: { code: string };
beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
});

/** Replays histories as they are in the files, or as `change` makes them. Answers with what was wrong, by name. */
async function replay(
  chosen: readonly string[],
  change: (text: string) => string = (text) => text,
): Promise<Map<string, ReplayResult['error']>> {
  const histories = chosen.map((name): { workflowId: string; history: unknown } => ({
    workflowId: workflowIdOf(name),
    history: JSON.parse(change(readText(name))),
  }));
  const errors = new Map<string, ReplayResult['error']>();
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
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
    const errors = await replay(['soak-wave-fault'], renaming('warmCache', 'heatCache'));
    expect(errors.get('soak-wave-fault')).toBeInstanceOf(DeterminismViolationError);
  });

  it('do not replay when a later execution of a chain does other work than it did', async () => {
    const errors = await replay(['stability-run-2'], renaming('verify', 'seedShards'));
    expect(errors.get('stability-run-2')).toBeInstanceOf(DeterminismViolationError);
  });

  it('are there for every workflow', () => {
    expect(new Set(names.map((name) => workflowOf(read(name))))).toEqual(new Set(WorkflowName.options));
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
    const updates = history.events.flatMap(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest.input.name ?? [],
    );
    expect(updates).toEqual(['abort']);
    const after = activitiesOf(history).slice(activitiesOf(history).lastIndexOf('holdLoad') + 1);
    expect(after).toEqual(['healFaults', 'stopLoad', 'stopWatching', 'collectSpools', 'judge', 'report', 'release']);
    expect(decode(endOf(history)?.workflowExecutionCompletedEventAttributes?.result)).not.toMatchObject({
      outcome: 'pass',
    });
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
