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
