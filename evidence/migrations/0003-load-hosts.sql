-- Hosts that drive load, each with its own heartbeat. Worth nothing after a crash of the store: whoever lives says so again.
create unlogged table load_hosts (
  host text primary key,
  -- Which state folder speaks for the host: two that call themselves the same would take one another's tasks.
  state_folder text not null,
  joined boolean not null,
  seen_at timestamptz not null
);

-- Write journals of hosts that have not got the stack, on their way to the one that reads back: files in pieces.
create table journal_pieces (
  run_key text not null,
  file text not null,
  piece integer not null,
  body bytea not null,
  primary key (run_key, file, piece)
);
alter table journal_pieces alter column body set storage external;
