/**
 * Configurations that an operator has set for stations. Each rides in the station's acknowledgements until
 * its record shows the configuration entry with that hash, which says that it is in force. The station
 * is the judge of the contents; here only the form counts, so that a collector need not know every
 * field of every firmware. Kept in a table of its own, so that all collectors of one database offer
 * the same; it is no part of the record.
 */

import { createHash } from "node:crypto";
import { equalBytes } from "../../core/bytes.js";
import { OperationalError } from "../../host/errors.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { ENTRY_KINDS } from "../../protocol/record/entry-layouts.js";
import { eventNameOf } from "../../protocol/record/events.js";
import { CONFIGURATION_BYTES_MAX } from "../../protocol/wire/acknowledgement.js";
import { bytesOf, type SqlStore } from "../store/store.js";

export interface ConfigurationOffer {
	readonly station: string;
	/** 1..65535; a station takes only what is above all that it ever had. */
	readonly id: number;
	/** 1 to 1024 bytes. */
	readonly canonicalBytes: Uint8Array;
}

/** Where offers are kept. */
export interface OfferRepository {
	/** The newest of each station, unless its record has shown it. */
	pending(): Promise<ConfigurationOffer[]>;
	/** Throws OperationalError for a station that is not enrolled, or an id that is no newer. */
	put(offer: ConfigurationOffer): Promise<void>;
	/** The station's record shows it. */
	markApplied(station: string, id: number): Promise<void>;
}

export interface ConfigurationOffersOptions {
	readonly repository: OfferRepository;
	readonly clock: { readonly utcSeconds: number };
	/** What stations' records say of configurations. */
	readonly onReport?: (station: string, text: string) => void;
}

/** Another collector may have put something in: looked at this often, seconds. */
const POLL_SECONDS = 60;
const ID_MAX = 0xffff;
const KIND_AT = 1;
const LINE = /^([A-Za-z0-9]+)\s*=\s*([!-~]*)$/;
/** Of a configuration entry's canonical bytes: header 28, then 24 before the hash (docs/FORMAT.md). */
const HASH_AT = 52;
const HASH_BYTES = 32;

export class ConfigurationOffers {
	readonly #options: ConfigurationOffersOptions;
	#pending: Promise<ReadonlyMap<string, ConfigurationOffer>> | undefined;
	#refreshedUtcSeconds = 0;

	constructor(options: ConfigurationOffersOptions) {
		this.#options = options;
	}

	/** Sets what an operator wrote; see `readOffer`. Throws OperationalError. */
	async set(text: string, where: string): Promise<ConfigurationOffer> {
		const offer = readOffer(text, where);
		await this.#options.repository.put(offer);
		this.#pending = undefined;
		return offer;
	}

	/**
	 * Reads a batch that was stored; what the acknowledgement is to offer, or undefined. A store that
	 * fails throws.
	 */
	async answer(station: string, entries: readonly Uint8Array[]): Promise<Uint8Array | undefined> {
		const pending = await this.#refresh();
		let offer = pending.get(station);
		for (const canonicalBytes of entries) {
			if (canonicalBytes[KIND_AT] === ENTRY_KINDS.event) this.#report(station, canonicalBytes);
			if (canonicalBytes[KIND_AT] !== ENTRY_KINDS.configuration || offer === undefined) continue;
			const hash = canonicalBytes.subarray(HASH_AT, HASH_AT + HASH_BYTES);
			if (!equalBytes(hash, hashOf(offer.canonicalBytes))) continue;
			await this.#options.repository.markApplied(station, offer.id);
			this.#options.onReport?.(station, `configuration ${offer.id} is in force, on trial`);
			this.#pending = undefined;
			offer = undefined;
		}
		return offer?.canonicalBytes;
	}

	#refresh(): Promise<ReadonlyMap<string, ConfigurationOffer>> {
		const now = this.#options.clock.utcSeconds;
		if (this.#pending !== undefined && Math.abs(now - this.#refreshedUtcSeconds) < POLL_SECONDS) {
			return this.#pending;
		}
		this.#refreshedUtcSeconds = now;
		const refreshing = this.#options.repository
			.pending()
			.then((offers) => new Map(offers.map((offer) => [offer.station, offer])));
		this.#pending = refreshing;
		refreshing.catch(() => {
			// Callers that wait for it get the error; the next one asks again.
			if (this.#pending === refreshing) this.#pending = undefined;
		});
		return refreshing;
	}

	#report(station: string, canonicalBytes: Uint8Array): void {
		const entry = decodeEntry(canonicalBytes);
		if (entry.kind !== "event") return;
		const name = eventNameOf(entry.code);
		if (name?.startsWith("configuration-") !== true) return;
		const text = entry.text === "" ? "" : `: ${entry.text}`;
		this.#options.onReport?.(station, `${name} ${entry.detail}${text}`);
	}
}

/**
 * Reads what an operator wrote, a line `name=value` for each field in any order, # begins a comment, and
 * gives it its canonical form. Throws OperationalError that names the line.
 */
export function readOffer(text: string, where: string): ConfigurationOffer {
	const values = new Map<string, string>();
	for (const [index, raw] of text.split("\n").entries()) {
		const line = raw.replace(/#.*/, "").trim();
		if (line === "") continue;
		const [, name, value] = LINE.exec(line) ?? [];
		if (name === undefined || value === undefined) {
			throw new OperationalError(`${where} line ${index + 1}: expected name=value`);
		}
		if (values.has(name)) {
			throw new OperationalError(`${where} line ${index + 1}: ${name} was said already`);
		}
		values.set(name, value);
	}
	const station = values.get("station");
	const id = Number(values.get("id"));
	if (station === undefined) throw new OperationalError(`${where}: no line station=...`);
	// As a station writes it: "02" would be offered for ever and never taken.
	if (String(id) !== values.get("id") || !Number.isInteger(id) || id < 1 || id > ID_MAX) {
		throw new OperationalError(`${where}: a line id=1 to id=${ID_MAX} is needed`);
	}
	const names = [...values.keys()].sort();
	const canonicalText = names.map((name) => `${name}=${values.get(name)}\n`).join("");
	if (canonicalText.length > CONFIGURATION_BYTES_MAX) {
		throw new OperationalError(
			`${where}: ${canonicalText.length} bytes; a station takes ${CONFIGURATION_BYTES_MAX}`,
		);
	}
	return { station, id, canonicalBytes: new TextEncoder().encode(canonicalText) };
}

/** The repository in the collector's database. */
export class SqlOfferRepository implements OfferRepository {
	readonly #store: SqlStore;

	constructor(store: SqlStore) {
		this.#store = store;
	}

	async pending(): Promise<ConfigurationOffer[]> {
		const rows = await this.#store.query(
			`select station, id, canonical from (
				select distinct on (station) * from configuration_offers order by station, id desc
			) newest where not is_shown`,
		);
		return rows.map((row) => ({
			station: String(row["station"]),
			id: Number(row["id"]),
			canonicalBytes: bytesOf(row["canonical"]),
		}));
	}

	put({ station, id, canonicalBytes }: ConfigurationOffer): Promise<void> {
		return this.#store.transaction(async (session) => {
			const enrolled = await session.query(
				"select station from station_keys where station = $1 and number = 1 for update",
				[station],
			);
			if (enrolled.length === 0) {
				throw new OperationalError(`configuration ${id}: station ${station} is not enrolled`);
			}
			const [newest] = await session.query(
				"select id, canonical from configuration_offers where station = $1 order by id desc limit 1",
				[station],
			);
			if (newest !== undefined) {
				const isKnown =
					Number(newest["id"]) === id && equalBytes(bytesOf(newest["canonical"]), canonicalBytes);
				if (isKnown) return;
				requireNewer(station, id, Number(newest["id"]));
			}
			// Where a record shows it already, from another collector's offer, there is nothing to offer.
			const [shown] = await session.query(
				`select exists (select 1 from entries where station = $1 and get_byte(canonical, 1) = $2
					and substring(canonical from ${HASH_AT + 1} for ${HASH_BYTES}) = $3::bytea) as yes`,
				[station, ENTRY_KINDS.configuration, Buffer.from(hashOf(canonicalBytes))],
			);
			await session.query("insert into configuration_offers values ($1, $2, $3, $4)", [
				station,
				id,
				Buffer.from(canonicalBytes),
				shown?.["yes"] === true,
			]);
		});
	}

	async markApplied(station: string, id: number): Promise<void> {
		await this.#store.query(
			"update configuration_offers set is_shown = true where station = $1 and id = $2",
			[station, id],
		);
	}
}

/** Throws OperationalError for an id that is no newer. */
export function requireNewer(station: string, id: number, newestId: number): void {
	if (id > newestId) return;
	throw new OperationalError(
		`configuration ${id} of ${station}: ${newestId} was set already; other contents need a higher id`,
	);
}

function hashOf(canonicalBytes: Uint8Array): Uint8Array {
	return new Uint8Array(createHash("sha256").update(canonicalBytes).digest());
}
