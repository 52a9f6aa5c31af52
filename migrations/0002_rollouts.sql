-- One row a rollout: what the lists need, kept in step with the journal in the same transaction.
create table rollouts (
  id             integer primary key autoincrement,
  application_id integer not null references applications (id),
  kind           text    not null check (kind in ('first', 'forward', 'roll-back')),
  version        text    not null,
  from_version   text,
  slot           text    not null check (slot in ('blue', 'green')),
  phase          text    not null,
  headline       text    not null,
  weight         integer not null check (weight between 0 and 100),
  started_by     text    not null,
  started_at     integer not null,
  ended_at       integer,
  -- 1 when nothing is left to do, keep warm and clean up included.
  settled        integer not null default 0 check (settled in (0, 1)),
  -- The application and compose files as they were at the start, as JSON: a rollout is not changed by editing them.
  definition     text    not null
);

-- One rollout at a time for an application: the database itself refuses a second.
create unique index one_rollout_at_a_time on rollouts (application_id) where ended_at is null;
create index unsettled_rollouts on rollouts (id) where settled = 0;
-- History is read newest first, page by page from a key; one index for each filter that stands alone.
create index rollouts_by_application on rollouts (application_id, id);
create index rollouts_by_phase       on rollouts (phase, id);
create index rollouts_by_version     on rollouts (version, id);
create index rollouts_by_starter     on rollouts (started_by, id);
create index rollouts_by_start       on rollouts (started_at, id);

-- The journal: the truth. Rows are only ever added.
create table events (
  rollout_id integer not null references rollouts (id),
  seq        integer not null,
  at         integer not null,
  actor      text    not null,
  name       text    not null,
  body       text    not null,
  primary key (rollout_id, seq)
) without rowid;

create trigger events_are_not_changed before update on events
begin select raise(abort, 'the journal is never changed'); end;
create trigger events_are_not_removed before delete on events
begin select raise(abort, 'the journal is never shortened'); end;

-- What steps print, line by line.
create table log_lines (
  id         integer primary key autoincrement,
  rollout_id integer not null references rollouts (id),
  step       integer not null,
  at         integer not null,
  -- info: ours; out and err: a command's or container's; kept: gathered before a container was removed.
  stream     text    not null check (stream in ('info', 'out', 'err', 'kept')),
  text       text    not null
);
create index log_lines_by_rollout on log_lines (rollout_id, id);
