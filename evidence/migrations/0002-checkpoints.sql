-- What a run was told about itself while it went on (R1.4). The number is what makes a second delivery harmless.
create table checkpoints (
  run_key text not null,
  number integer not null,
  up_to timestamptz not null,
  outcome text not null check (outcome in ('pass', 'inconclusive', 'fail')),
  headline text not null,
  reasons jsonb not null,
  -- What it took: seconds of the reckoning, records that it read.
  seconds double precision not null,
  records bigint not null,
  stored_at timestamptz not null default now(),
  primary key (run_key, number)
);
