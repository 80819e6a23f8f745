import { EvidenceRecord, type EvidenceSink } from '#model/evidence.ts';

type Kind = EvidenceRecord['kind'];
type RecordOf<K extends Kind> = Extract<EvidenceRecord, { kind: K }>;

interface MemorySink extends EvidenceSink {
  readonly records: EvidenceRecord[];
  readonly of: <K extends Kind>(kind: K) => RecordOf<K>[];
}

/** Keeps what it is given, each held against the schema of what may be stored. */
export function memorySink(): MemorySink {
  const records: EvidenceRecord[] = [];
  return {
    records,
    append: (record) => void records.push(EvidenceRecord.parse(record)),
    close: () => Promise.resolve(),
    of: <K extends Kind>(kind: K) => records.filter((record): record is RecordOf<K> => record.kind === kind),
  };
}
