-- Applications under Crossfade's care, and what never changes about them.
create table applications (
  id         integer primary key,
  name       text    not null unique,
  -- Absolute path of the application file; read anew at every start of a rollout.
  file       text    not null,
  -- The port on loopback where the router tells which session gets which slot.
  admin_port integer not null,
  -- What carries the traffic; null before the first release.
  live_slot  text    check (live_slot in ('blue', 'green')),
  -- The release that each slot holds; null when it holds none.
  blue       text,
  green      text,
  added_at   integer not null
);

-- The address of a routed service in a slot: given once, kept for good, because the router's file names it.
create table addresses (
  application_id integer not null references applications (id),
  service        text    not null,
  slot           text    not null check (slot in ('blue', 'green')),
  port           integer not null unique,
  primary key (application_id, service, slot)
);

-- A release is immutable: the images that a version was first seen to mean are what it means from then on.
create table releases (
  application_id integer not null references applications (id),
  version        text    not null,
  images         text    not null,
  pinned_at      integer not null,
  primary key (application_id, version)
);
