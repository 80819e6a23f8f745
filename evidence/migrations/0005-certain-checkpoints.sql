-- What a checkpoint was so sure of that the load was ended for it (R1.4); null: the load goes on.
alter table checkpoints add column certain text;
