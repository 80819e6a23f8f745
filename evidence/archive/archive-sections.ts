import { createHash, type Hash } from 'node:crypto';
import type { ArchiveSections } from './archive-entry.ts';

type SectionName = keyof ArchiveSections;

/** Checksums of what an archive, or the store, holds of a run: one a section, so that a difference can be named. */
export interface SectionDigest {
  add(section: SectionName, text: string): void;
  /** May be asked once. */
  end(): ArchiveSections;
}

const names = ['header', 'run', 'verdict', 'checkpoint', 'audit', 'batch', 'file'] as const satisfies SectionName[];

export function createSectionDigest(): SectionDigest {
  const hashes = new Map<SectionName, Hash>(names.map((name) => [name, createHash('sha256')]));
  return {
    add: (section, text) => void hashes.get(section)?.update(text),
    end: () =>
      Object.fromEntries(names.map((name) => [name, hashes.get(name)?.digest('hex') ?? ''])) as ArchiveSections,
  };
}

/** What a store holds of a run; the header is an archive's own, and files are beside the store. */
export const storedSections = ['run', 'verdict', 'checkpoint', 'audit', 'batch'] as const satisfies SectionName[];
