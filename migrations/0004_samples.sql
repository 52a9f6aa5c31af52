-- What was measured while traffic moved: a row for each look at a metric, in each slot. Thinned with age.
create table samples (
  rollout_id integer not null references rollouts (id),
  -- As the application file names it; empty: the share of requests that the slot really got.
  metric     text    not null,
  slot       text    not null check (slot in ('blue', 'green')),
  at         integer not null,
  -- Null when there was no number.
  value      real,
  -- What the number was held against.
  threshold  real,
  primary key (rollout_id, metric, slot, at)
) without rowid;
create index samples_by_age on samples (at);
