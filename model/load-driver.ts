import * as z from 'zod';

/** Who drives the load instead of a mix (R3.6): a scenario in our engines, or a tool of its own. */
export const DriverKind = z.enum(['scenario', 'locust', 'k6']);
export type DriverKind = z.infer<typeof DriverKind>;

const weight = z.int().nonnegative().max(1_000);

/** What a scenario says of itself without being run: what a plan can promise of it rests on this alone. */
export const ScenarioOutline = z.strictObject({
  classes: z
    .array(
      z.strictObject({
        name: z.string(),
        weight,
        /** Absent: the wave's own. */
        thinkTimeMs: z.tuple([z.int().nonnegative(), z.int().nonnegative()]).optional(),
        /** Weight by task. */
        tasks: z.record(z.string(), weight),
      }),
    )
    .min(1)
    .max(20),
  /** Names of requests, and kinds of the target's operations, that a run promises to have asked and checked. */
  operations: z.array(z.string()).max(200),
  /** Which requests its tasks may word themselves; the engine holds them to it. */
  requests: z.enum(['any', 'reads', 'none']),
});
export type ScenarioOutline = z.infer<typeof ScenarioOutline>;

/** Somebody's own file as the load step of a wave. A copy with this hash is in the run's folder, and the copy is what runs. */
export const LoadDriver = z.strictObject({
  kind: DriverKind,
  /** Absolute path of the original. */
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of a scenario only. */
  scenario: ScenarioOutline.optional(),
  /** The file itself says how many users there are and when: a k6 script with scenarios of its own. */
  ownSchedule: z.literal(true).optional(),
});
export type LoadDriver = z.infer<typeof LoadDriver>;

/** Which key of an input names the file of which kind of driver. */
const driverKeys = { scenario: 'scenario', locustfile: 'locust', k6: 'k6' } as const satisfies Record<
  string,
  DriverKind
>;
export type DriverKey = keyof typeof driverKeys;

export const allDriverKeys = Object.keys(driverKeys) as readonly DriverKey[];

export const kindOfDriver = (key: DriverKey): DriverKind => driverKeys[key];

type DriverInput = Readonly<Partial<Record<DriverKey, string | undefined>>>;

/** The file that an input names, if it names one; inputs that name several do not parse. */
export function driverFileOf(input: DriverInput): { kind: DriverKind; key: DriverKey; file: string } | undefined {
  for (const key of allDriverKeys) {
    const file = input[key];
    if (file !== undefined) return { kind: driverKeys[key], key, file };
  }
  return undefined;
}

/** What names the same file in an input, wherever that is read. */
export const inputOfDriver = ({ kind, file }: Pick<LoadDriver, 'kind' | 'file'>): DriverInput =>
  Object.fromEntries(allDriverKeys.filter((key) => driverKeys[key] === kind).map((key) => [key, file]));

/** How a driver is called in sentences. */
export const driverNames = { scenario: 'a scenario', locust: 'Locust', k6: 'k6' } as const satisfies Record<
  DriverKind,
  string
>;

/** A tool drives by itself: in a process of its own, past the oracle, and without a ledger of ours. */
export const isToolKind = (kind: DriverKind | undefined): boolean => kind !== undefined && kind !== 'scenario';

export const isTool = (driver: Pick<LoadDriver, 'kind'> | undefined): boolean => isToolKind(driver?.kind);
