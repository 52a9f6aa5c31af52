-- When the router was first left as Crossfade wants it: from then on it is drift when it is otherwise. Null before.
alter table applications add column adopted_at integer;
update applications set adopted_at = added_at;

-- What people had done to an application while no rollout was under way to keep it. Rows are only ever added.
create table audit (
  id             integer primary key autoincrement,
  application_id integer not null references applications (id),
  at             integer not null,
  actor          text    not null,
  what           text    not null,
  said           text    not null
);
create index audit_by_application on audit (application_id, id);

create trigger audit_is_not_changed before update on audit
begin select raise(abort, 'the audit is never changed'); end;
create trigger audit_is_not_removed before delete on audit
begin select raise(abort, 'the audit is never shortened'); end;
