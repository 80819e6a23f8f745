-- What a run was judged by beside its records, and what came of it: with the records, all that a verdict rests on (R6.5).
-- Canonical JSON as text, and not jsonb, so that a verdict can be compared to the byte.
create table verdicts (
  run_key text primary key,
  basis text not null,
  verdict text not null,
  -- Of the code that judged: its stamp, and the version of soakwave.
  judge_code text not null,
  version text not null,
  judged_at timestamptz not null
);

-- Set for a run of another machine, which came here as an archive.
alter table runs add column imported_at timestamptz;
