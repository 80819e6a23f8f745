import { EvidenceRecord } from '#model/evidence.ts';

/**
 * A producer's spool is a row of numbered files in one folder:
 *
 *   p.1.0.ndjson.part ──closed──▶ p.1.0.ndjson ──uploaded──▶ p.1.0.ndjson.done
 *        │                    └── lines that are no record: the rest is uploaded, and it stays as p.1.0.ndjson.damaged
 *        └── its producer was killed: uploaded as it is, without the torn last line
 */
export interface Segment {
  readonly file: string;
  readonly producer: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly state: 'open' | 'closed' | 'done' | 'damaged';
}

const pattern = /^([a-z][a-z0-9-]*)\.(\d+)\.(\d+)\.ndjson(\.part|\.done|\.damaged)?$/;

const states: Readonly<Record<string, Segment['state']>> = {
  '': 'closed',
  '.part': 'open',
  '.done': 'done',
  '.damaged': 'damaged',
};

/** A name that would not be found again among the files must not be used. */
export const isProducerName = (text: string): boolean => /^[a-z][a-z0-9-]*$/.test(text);

/** Undefined for a file that is no segment. */
function parseSegmentName(file: string): Segment | undefined {
  const [, producer, incarnation, sequence, suffix] = pattern.exec(file) ?? [];
  if (producer === undefined) return undefined;
  const state = states[suffix ?? ''] ?? 'closed';
  return { file, producer, incarnation: Number(incarnation), sequence: Number(sequence), state };
}

export const segmentName = (segment: Omit<Segment, 'file'>): string => {
  const suffix = Object.entries(states).find(([, state]) => state === segment.state)?.[0] ?? '';
  return `${segment.producer}.${segment.incarnation}.${segment.sequence}.ndjson${suffix}`;
};

/** The segments among a folder's files, in spool order: by producer, incarnation and sequence. */
export const segmentsAmong = (files: readonly string[]): Segment[] =>
  files
    .map(parseSegmentName)
    .filter((segment) => segment !== undefined)
    .sort(
      (a, b) =>
        (a.producer < b.producer ? -1 : a.producer > b.producer ? 1 : 0) ||
        a.incarnation - b.incarnation ||
        a.sequence - b.sequence,
    );

export interface SegmentText {
  readonly records: readonly EvidenceRecord[];
  /** The same records as lines of NDJSON: what is stored. */
  readonly lines: readonly string[];
  /** Whole lines that are no record; a torn last line is expected after a kill and not counted. */
  readonly refused: number;
}

export function parseSegment(text: string): SegmentText {
  const records: EvidenceRecord[] = [];
  const lines: string[] = [];
  let refused = 0;
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n')) {
    if (line === '') continue;
    const record = parseLine(line);
    if (record === undefined) {
      refused += 1;
      continue;
    }
    records.push(record);
    lines.push(line);
  }
  return { records, lines, refused };
}

function parseLine(line: string): EvidenceRecord | undefined {
  try {
    return EvidenceRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
