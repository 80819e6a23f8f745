import type { EvidenceSink } from '#model/evidence.ts';

export interface GapLog {
  /** Nothing came from `source` in [at, until). Gaps that touch and have one reason become one record. */
  add(gap: Gap): void;
  /** Records what did not go on in the tick at `at`. */
  settle(at: number): void;
  /** Records what is open. */
  flush(): void;
  recorded(): number;
}

interface Gap {
  readonly source: string;
  readonly at: number;
  readonly until: number;
  readonly reason: string;
}

/** A sampler that is killed loses at most this much of an open gap. */
const openMsMax = 10_000;

export function createGapLog(sink: EvidenceSink): GapLog {
  const open = new Map<string, Gap>();
  let recorded = 0;

  function record(gap: Gap): void {
    open.delete(gap.source);
    recorded += 1;
    sink.append({ kind: 'gap', ...gap });
  }

  return {
    recorded: () => recorded,
    add(gap) {
      const before = open.get(gap.source);
      const goesOn = before?.until === gap.at && before.reason === gap.reason;
      if (before !== undefined && !goesOn) record(before);
      const whole = before !== undefined && goesOn ? { ...before, until: gap.until } : gap;
      open.set(gap.source, whole);
      if (whole.until - whole.at >= openMsMax) record(whole);
    },
    settle(at) {
      for (const gap of open.values()) if (gap.until <= at) record(gap);
    },
    flush() {
      for (const gap of open.values()) record(gap);
    },
  };
}
