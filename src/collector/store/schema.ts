/**
 * The collector's tables and the functions that store batches, the same for PGlite and
 * PostgreSQL. Nothing in them depends on when or how often or in which order batches came, so that
 * the same record always makes the same rows.
 */

import { SCHEMA_FUNCTIONS } from "./schema-functions.js";

export const SCHEMA_VERSION = 4;

export const SCHEMA_SQL = `
create table bistrina_schema (version integer not null);
insert into bistrina_schema (version) values (${SCHEMA_VERSION});

-- Who may deliver, and with which keys (SEC 1 compressed P-256 points), numbered 1, 2, 3 in the order of
-- their lives. Rows are added, and revoked once; nothing else in them changes.
create table station_keys (
	station text collate "C" not null,
	number integer not null,
	public_key bytea not null,
	-- Unix seconds, 0 where it is not said; by whom and why.
	enrolled_at bigint not null,
	enrolled_by text not null,
	enrolled_why text not null,
	revoked_at bigint,
	revoked_by text,
	revoked_why text,
	primary key (station, number),
	unique (station, public_key)
);

-- The key that an epoch began with, where a batch without a key id or the epoch entry says so.
create table epochs (
	station text collate "C" not null,
	epoch bigint not null,
	public_key bytea not null,
	primary key (station, epoch)
);

-- Canonical bytes of every entry; first write wins.
create table entries (
	station text collate "C" not null,
	epoch bigint not null,
	sequence bigint not null,
	canonical bytea not null,
	primary key (station, epoch, sequence)
);

-- Heads that a signed batch or a delivered gap vouches for: h(sequence).
create table heads (
	station text collate "C" not null,
	epoch bigint not null,
	sequence bigint not null,
	head bytea not null,
	primary key (station, epoch, sequence)
);

-- Envelopes as they were signed, so that anyone can check the signatures again.
create table batches (
	hash bytea not null,
	station text collate "C" not null,
	epoch bigint not null,
	first bigint not null,
	last bigint not null,
	floor bigint not null,
	is_chained boolean not null,
	envelope bytea not null,
	-- Id of the key that signed it; another one than the epoch's own is a later one.
	signed_by bytea not null,
	-- SHA-256 of what is signed: another signature of the same is the same batch, and the first one stays.
	content bytea primary key
);
create index batches_by_place on batches (station, epoch, first);

-- Gaps that the station named in its record, by the entry (named_in, sequence): losses of its own epoch or
-- of a former one.
create table gaps (
	station text collate "C" not null,
	epoch bigint not null,
	first bigint not null,
	last bigint not null,
	named_in bigint not null,
	sequence bigint not null,
	primary key (station, epoch, named_in, sequence)
);

-- What is present or named as a gap, as disjoint, non-adjacent ranges.
create table coverage (
	station text collate "C" not null,
	epoch bigint not null,
	first bigint not null,
	last bigint not null,
	primary key (station, epoch, first)
);

-- Lowest sequence that, as the station has said, may still come.
create table floors (
	station text collate "C" not null,
	epoch bigint not null,
	floor bigint not null,
	primary key (station, epoch)
);

-- What was not believed, kept for people to look at and never mixed with the record.
create table evidence (
	hash bytea not null,
	reason text not null,
	station text collate "C",
	detail text not null,
	envelope bytea not null,
	primary key (hash, reason)
);
create index evidence_by_station on evidence (station, reason);
${SCHEMA_FUNCTIONS}`;

/** Tables of the record, in the order in which a comparison reads them. */
export const RECORD_TABLES = Object.freeze([
	"station_keys",
	"epochs",
	"entries",
	"heads",
	"batches",
	"gaps",
	"coverage",
	"floors",
] as const);

/** Configurations on offer: of an empty or older database, too, since no other table knows of them. */
export const OFFERS_SQL = `
create table if not exists configuration_offers (
	station text collate "C" not null,
	id integer not null,
	canonical bytea not null,
	is_shown boolean not null,
	primary key (station, id)
);
`;

/**
 * Alarms on their way to operators and what was decided about them: no part of the record, made where they are
 * missing, as the offers are.
 */
export const ALARMS_SQL = `
-- What is to be told. Rows stay, so that nothing is told twice: 600 bytes each and 380 for each hook, some hundred a
-- station and year, 100 a day at most.
create table if not exists alarm_notices (
	number bigint generated always as identity primary key,
	id text collate "C" not null unique,
	-- Null where it is of no station.
	station text collate "C",
	-- The event, silence or the like that it is of: its begin, changes and end have one.
	subject text collate "C" not null,
	-- A second notice with the same one is the same.
	occasion text collate "C" not null unique,
	cause text not null,
	phase text not null,
	body text not null,
	-- Unix seconds.
	raised_at bigint not null,
	acknowledged_at bigint,
	acknowledged_by text,
	acknowledged_why text
);
create index if not exists alarm_notices_by_station on alarm_notices (station, raised_at);
create index if not exists alarm_notices_by_subject on alarm_notices (subject);

-- Hooks that collectors have; what is raised goes to each of them.
create table if not exists alarm_hooks (
	name text primary key,
	seen_at bigint not null
);

-- waiting, told, acknowledged (before it was told), muted (begun and over while muted), dropped (its hook is gone).
create table if not exists alarm_deliveries (
	number bigint not null references alarm_notices,
	hook text not null,
	state text not null,
	attempts integer not null,
	next_at bigint not null,
	-- Until then whoever took it tries, and nobody else.
	leased_until bigint not null,
	told_at bigint,
	primary key (number, hook)
);
create index if not exists alarm_deliveries_waiting on alarm_deliveries (hook, number) where state = 'waiting';

-- '*': every station, every cause.
create table if not exists alarm_mutes (
	station text collate "C" not null,
	cause text not null,
	until_at bigint not null,
	primary key (station, cause)
);

-- Who decided what, when and why; rows are only added.
create table if not exists alarm_decisions (
	number bigint generated always as identity primary key,
	at bigint not null,
	what text not null,
	decided_by text not null,
	why text not null
);

-- What causes beside events are judged by; times are the collectors', Unix seconds.
create table if not exists alarm_stations (
	station text collate "C" primary key,
	-- Something new came; 0: never so far.
	heard_at bigint not null default 0,
	-- Between the last two times that something new came, where that was ten minutes or more; 0: not known.
	gap_seconds bigint not null default 0,
	-- Silent from then on, if it is not already.
	silent_at bigint not null default 0,
	is_silent boolean not null default true,
	-- What it said last of its battery, and when by its own clock.
	power_level integer not null default 0,
	power_level_at bigint not null default 0,
	battery_low boolean not null default false,
	battery_at bigint not null default 0,
	are_calibrations_known boolean not null default false,
	-- Alarms beyond what may be told.
	untold bigint not null default 0
);
create index if not exists alarm_stations_silent on alarm_stations (silent_at) where not is_silent;

create table if not exists alarm_calibrations (
	station text collate "C" not null,
	channel integer not null,
	calibration_id integer not null,
	made_at bigint not null,
	-- 0: the calibration names no date.
	due_at bigint not null,
	is_told boolean not null,
	primary key (station, channel)
);
`;

/** Tables of the alarms. */
export const ALARM_TABLES = Object.freeze([
	"alarm_deliveries",
	"alarm_notices",
	"alarm_hooks",
	"alarm_mutes",
	"alarm_decisions",
	"alarm_stations",
	"alarm_calibrations",
] as const);
