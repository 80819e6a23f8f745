create table runs (
  run_key text primary key,
  workflow_id text not null,
  workflow text not null,
  wave text not null,
  plan jsonb not null,
  plan_hash text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('pass', 'inconclusive', 'fail')),
  result jsonb
);
create index runs_by_start on runs (started_at desc);
create index runs_by_workflow on runs (workflow_id, started_at desc);

-- One segment of one producer's spool. The primary key is what makes a second upload harmless.
create table batches (
  run_key text not null,
  producer text not null,
  incarnation integer not null,
  sequence integer not null,
  records integer not null,
  refused integer not null,
  kinds jsonb not null,
  from_at timestamptz,
  to_at timestamptz,
  -- gzip of the segment's NDJSON
  body bytea not null,
  stored_at timestamptz not null default now(),
  primary key (run_key, producer, incarnation, sequence)
);
alter table batches alter column body set storage external;

-- Who did what to a run, when and why (R7.2). `entry` is the update's id, so that a second delivery is one entry.
create table audit (
  run_key text not null,
  entry text not null,
  at timestamptz not null,
  who text not null,
  what text not null,
  why text not null,
  primary key (run_key, entry)
);
