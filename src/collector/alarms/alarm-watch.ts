/**
 * Finds what to notify of: claims in what a station delivers, refusals of what it signed, and by the minute who has not
 * been heard and whose calibration is overdue. What it knows of stations lies beside the record in the database.
 */
import { decodeEntry } from "../../protocol/record/entry.js";
import { ENTRY_KINDS, type Entry } from "../../protocol/record/entry-layouts.js";
import { bytesOf, type SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf, noticeOfClaim } from "./alarm-notice.js";
import type { AlarmPolicies } from "./alarm-policy.js";
import type { AlarmQueue } from "./alarm-queue.js";
import { Batteries } from "./batteries.js";
import { OverdueCalibrations } from "./overdue-calibrations.js";
import { Silence } from "./silence.js";

export interface AlarmWatchOptions {
	readonly store: SqlStore;
	readonly queue: AlarmQueue;
	readonly clock: { readonly utcSeconds: number };
	readonly policies: AlarmPolicies;
	/** `station`: it is of what that one sends, as often as it likes. */
	readonly log: (text: string, station?: string) => void;
	/** Something was raised. */
	readonly onRaised: () => void;
}

export interface Stored {
	readonly station: string;
	/** Canonical bytes. */
	readonly entries: readonly Uint8Array[];
	/** It holds what nobody had before: a sender that only repeats what is public is not heard. */
	readonly isNew: boolean;
}

const KIND_AT = 1;
const DAY_SECONDS = 86_400;
/** The newest entries of each epoch that are looked at after a start. */
const NEWEST_CHECKED = 300;
const WATCHED_KINDS: ReadonlySet<number> = new Set([
	ENTRY_KINDS.alarm,
	ENTRY_KINDS.calibration,
	ENTRY_KINDS.heartbeat,
	ENTRY_KINDS.event,
]);

export class AlarmWatch {
	readonly #options: AlarmWatchOptions;
	readonly #silence: Silence;
	readonly #calibrations: OverdueCalibrations;
	readonly #battery: Batteries;
	/** Refusals that were raised or are about to be, by station, reason and day. */
	#refusals = new Map<string, Promise<void>>();
	#refusalsDay = 0;
	#policies: AlarmPolicies;
	#arePoliciesNew = false;

	constructor(options: AlarmWatchOptions) {
		this.#options = options;
		this.#policies = options.policies;
		const { store, clock } = options;
		const raise = (notice: AlarmNotice): Promise<void> => this.#raise([notice]);
		this.#silence = new Silence({ store, clock, raise });
		this.#calibrations = new OverdueCalibrations({ store, clock, raise });
		this.#battery = new Batteries({ store, clock, raise: (notices) => this.#raise(notices) });
	}

	get #now(): number {
		return Math.floor(this.#options.clock.utcSeconds);
	}

	set policies(policies: AlarmPolicies) {
		this.#policies = policies;
		this.#arePoliciesNew = true;
	}

	/** A batch is stored; before it is acknowledged. Throws where the store does: the station sends it again. */
	async stored({ station, entries, isNew }: Stored): Promise<void> {
		if (isNew) this.#silence.heard(station);
		const claims: AlarmNotice[] = [];
		const statements: Entry[] = [];
		let hasCalibration = false;
		for (const canonicalBytes of entries) {
			const kind = canonicalBytes[KIND_AT] ?? 0;
			if (!WATCHED_KINDS.has(kind)) continue;
			const entry = decodeEntry(canonicalBytes);
			if (entry.kind === "calibration") hasCalibration = true;
			if (entry.kind === "alarm") claims.push(noticeOfClaim(station, entry));
			if (entry.kind === "heartbeat" || entry.kind === "event") statements.push(entry);
		}
		if (hasCalibration) await this.#calibrations.forget(station);
		if (claims.length > 0) await this.#raise(claims);
		await this.#battery.observe(station, statements, this.#policies(station));
	}

	/** A batch that the station signed was not believed: raised once a day and reason. */
	async refused(station: string, reason: string, detail: string): Promise<void> {
		const day = Math.floor(this.#now / DAY_SECONDS);
		if (day !== this.#refusalsDay) this.#refusals.clear();
		this.#refusalsDay = day;
		const occasion = `${reason}/${day}`;
		const key = `${station}/${occasion}`;
		// Of many at once one is raised: each would hold a connection to the database until the one before it is.
		let raised = this.#refusals.get(key);
		if (raised === undefined) {
			const isFork = reason === "fork" || reason === "conflicting-content";
			const cause = isFork ? "fork" : "refused";
			raised = this.#raise([noticeOf(station, cause, occasion, { reason, detail })]);
			this.#refusals.set(key, raised);
			raised.catch(() => this.#refusals.delete(key));
		}
		await raised;
	}

	/** Checks once more what came last: claims of a batch whose collector died before it noticed them. */
	async checkNewest(): Promise<void> {
		for (const { station } of await this.#stations()) {
			const rows = await this.#options.store.query(
				`select e.canonical from floors f cross join lateral (
					select canonical from entries
					where station = f.station and epoch = f.epoch order by sequence desc limit ${NEWEST_CHECKED}
				) e where f.station = $1 and get_byte(e.canonical, ${KIND_AT}) = ${ENTRY_KINDS.alarm}`,
				[station],
			);
			const claims = rows
				.map((row) => decodeEntry(bytesOf(row["canonical"])))
				.flatMap((entry) => (entry.kind === "alarm" ? [noticeOfClaim(station, entry)] : []));
			claims.sort((a, b) => a.subject.localeCompare(b.subject) || sequenceOf(a) - sequenceOf(b));
			if (claims.length > 0) await this.#raise(claims);
		}
	}

	/** By the minute. */
	async turn(): Promise<void> {
		const areNew = this.#arePoliciesNew;
		this.#arePoliciesNew = false;
		await this.#silence.turn(this.#policies);
		await this.#calibrations.turn(this.#policies, areNew);
	}

	async #raise(notices: readonly AlarmNotice[]): Promise<void> {
		const { queue, onRaised, log } = this.#options;
		const { count, unraised } = await queue.raise(notices, this.#now);
		const station = notices[0]?.station ?? null;
		if (unraised > 0 && station !== null)
			log(`${station}: ${unraised} alarms are not told: too many of this station`, station);
		if (count > 0) onRaised();
	}

	async #stations(): Promise<{ readonly station: string }[]> {
		const rows = await this.#options.store.query(
			"select station from station_keys where number = 1 order by station",
		);
		return rows.map((row) => ({ station: String(row["station"]) }));
	}
}

function sequenceOf({ id }: AlarmNotice): number {
	return Number(id.split("/").at(-1));
}
