-- People who may sign in.
create table users (
  id           integer primary key,
  name         text    not null unique collate nocase,
  role         text    not null check (role in ('viewer', 'deployer', 'release-manager', 'admin')),
  -- argon2id, in the PHC string format.
  password     text    not null,
  -- Wrong passwords in a row, and until when no further one is looked at.
  failures     integer not null default 0,
  locked_until integer not null default 0,
  added_at     integer not null
);

-- Who is signed in. `data` is the session's own record; `user_id` is beside it so that all of a user's can be ended.
create table sessions (
  id         text    primary key,
  user_id    integer references users (id) on delete cascade,
  data       text    not null,
  expires_at integer not null
);
create index sessions_by_expiry on sessions (expires_at);
