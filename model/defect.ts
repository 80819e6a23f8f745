import * as z from 'zod';

/** What an amount of bytes may be given in: powers of 1,000, as slopes of leaks are. */
const byteUnits = { B: 1, KB: 1e3, MB: 1e6 } as const;

/** `amount`: when none is given; `most`: a larger one is refused; `counts`: what it is a number of. */
interface DefectKind {
  readonly amount: number;
  readonly most: number;
  readonly counts: string;
}

/** Everything that can be planted in a gateway that is made for it (R5.1). Each is bounded: `defects/` of the target says by what. */
export const defectKinds = {
  'leak-per-request': { amount: 8_000, most: 1e6, counts: 'bytes kept of each request' },
  'leak-by-timer': { amount: 200_000, most: 16e6, counts: 'bytes kept each second' },
  'leak-per-fault': { amount: 16e6, most: 64e6, counts: 'bytes kept each time that it has been stopped' },
  'connection-leak': { amount: 12, most: 120, counts: 'database connections a minute that are never given back' },
  'descriptor-leak': { amount: 60, most: 6_000, counts: 'files a minute that are never closed' },
  'gc-storm': { amount: 10, most: 50, counts: 'full collections each second' },
  'cache-never-evicts': {
    amount: 1,
    most: 1_000,
    counts: 'copies kept of each value that replaces another in the cache',
  },
  'lost-write': { amount: 20, most: 1e6, counts: 'acknowledged creations to one that is not stored' },
  'scope-leak': { amount: 50, most: 1e6, counts: 'lists of a team to one with a tool of another team' },
  'latency-creep': { amount: 40, most: 10_000, counts: 'milliseconds that each answer is later with each minute' },
} as const satisfies Readonly<Record<string, DefectKind>>;

export type DefectName = keyof typeof defectKinds;
const DefectName = z.enum(Object.keys(defectKinds) as [DefectName, ...DefectName[]]);
export const defectNames: readonly DefectName[] = DefectName.options;

/** A defect as a plan has it; nothing of it is defaulted later. */
export const PlantedDefect = z.strictObject({ name: DefectName, amount: z.number().positive() });
export type PlantedDefect = z.infer<typeof PlantedDefect>;

/** Of each name at most one. */
export const defectsMax = defectNames.length;

/** Targets that are made for it; whoever plants a defect elsewhere is refused. */
export const plantableTargets: readonly string[] = ['reference'];

/** `leak-per-request 8000 (bytes kept of each request)`. */
export const describeDefect = ({ name, amount }: PlantedDefect): string =>
  `${name} ${amount} (${defectKinds[name].counts})`;

/** `lost-write,leak-per-request=16KB`, or the same as a list. */
export const DefectsInput = z.unknown().transform((given, context): PlantedDefect[] => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const texts = typeof given === 'string' ? given.split(',') : given;
  if (!Array.isArray(texts) || texts.length === 0) return refuse(howTo);
  const planted: PlantedDefect[] = [];
  for (const text of texts) {
    const read = readDefect(text);
    if (typeof read === 'string') return refuse(read);
    if (planted.some(({ name }) => name === read.name)) return refuse(`${read.name} is there twice`);
    planted.push(read);
  }
  return planted;
});

const howTo = `a defect is NAME or NAME=AMOUNT, with NAME one of ${defectNames.join(', ')}`;
const defectForm = /^([a-z-]+)(?:=(\d+(?:\.\d+)?)(B|KB|MB)?)?$/;

function readDefect(given: unknown): PlantedDefect | string {
  const [, named, number, unit] = typeof given === 'string' ? (defectForm.exec(given.trim()) ?? []) : [];
  const known = DefectName.safeParse(named);
  if (!known.success) return howTo;
  const name = known.data;
  const { amount, most, counts } = defectKinds[name];
  if (number === undefined) return { name, amount };
  if (unit !== undefined && !counts.startsWith('bytes')) return `the amount of ${name} is in ${counts}, without a unit`;
  const asked = Number(number) * byteUnits[(unit ?? 'B') as keyof typeof byteUnits];
  return asked > 0 && asked <= most ? { name, amount: asked } : `the amount of ${name} is above 0 and at most ${most}`;
}
