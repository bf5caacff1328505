/**
 * Notices what is to be told: claims in what a station delivers, refusals of what it signed, and by the minute who has not
 * been heard and whose calibration is overdue. What it knows of stations lies beside the record in the database.
 */
import { decodeEntry } from "../../protocol/record/entry.js";
import { ENTRY_KINDS } from "../../protocol/record/entry-layouts.js";
import { bytesOf, type SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf, noticeOfClaim } from "./alarm-notice.js";
import type { AlarmPolicies } from "./alarm-policy.js";
import type { AlarmQueue } from "./alarm-queue.js";
import { OverdueCalibrations } from "./overdue-calibrations.js";
import { Silence } from "./silence.js";

export interface AlarmWatchOptions {
	readonly store: SqlStore;
	readonly queue: AlarmQueue;
	readonly clock: { readonly utcSeconds: number };
	readonly policies: AlarmPolicies;
	readonly say: (text: string) => void;
	/** Something was raised. */
	readonly onRaised: () => void;
}

/** What a station says of itself, where it does. */
export interface StationStatus {
	/** Until its next upload by its own schedule. */
	readonly uploadSeconds?: number;
	/** By its own forecast; `undefined`: it cannot say. */
	readonly batteryDays?: number;
}

export interface Stored {
	readonly station: string;
	/** Canonical bytes. */
	readonly entries: readonly Uint8Array[];
	/** It holds what nobody had before: who only repeats what is public is not heard. */
	readonly isNew: boolean;
	readonly status?: StationStatus;
}

const KIND_AT = 1;
const DAY_SECONDS = 86_400;
/** The newest entries of each epoch that are looked at after a start. */
const LOOKED_BACK = 300;
/** A forecast must rise by a quarter above the limit before it is well. */
const BATTERY_WELL = 1.25;

export class AlarmWatch {
	readonly #options: AlarmWatchOptions;
	readonly #silence: Silence;
	readonly #calibrations: OverdueCalibrations;
	/** Refusals that were told, by station, reason and day. */
	#refusals = new Set<string>();
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
	}

	get #now(): number {
		return Math.floor(this.#options.clock.utcSeconds);
	}

	set policies(policies: AlarmPolicies) {
		this.#policies = policies;
		this.#arePoliciesNew = true;
	}

	/** A batch is stored; before it is acknowledged. Throws where the store does: the station sends it again. */
	async stored({ station, entries, isNew, status }: Stored): Promise<void> {
		if (isNew) this.#silence.heard(station, status?.uploadSeconds ?? null);
		const claims: AlarmNotice[] = [];
		let hasCalibration = false;
		for (const canonical of entries) {
			const kind = canonical[KIND_AT];
			if (kind === ENTRY_KINDS.calibration) hasCalibration = true;
			if (kind !== ENTRY_KINDS.alarm) continue;
			const entry = decodeEntry(canonical);
			if (entry.kind === "alarm") claims.push(noticeOfClaim(station, entry));
		}
		if (hasCalibration) await this.#calibrations.forget(station);
		if (claims.length > 0) await this.#raise(claims);
		if (isNew && status?.batteryDays !== undefined)
			await this.#battery(station, status.batteryDays);
	}

	/** A batch that the station signed was not believed: told once a day and reason. */
	async refused(station: string, reason: string, detail: string): Promise<void> {
		const day = Math.floor(this.#now / DAY_SECONDS);
		if (day !== this.#refusalsDay) this.#refusals.clear();
		this.#refusalsDay = day;
		const occasion = `${reason}/${day}`;
		if (this.#refusals.has(`${station}/${occasion}`)) return;
		const isFork = reason === "fork" || reason === "conflicting-content";
		const cause = isFork ? "fork" : "refused";
		await this.#raise([noticeOf(station, cause, occasion, { reason, detail })]);
		this.#refusals.add(`${station}/${occasion}`);
	}

	/** Looks once more at what came last: claims of a batch whose collector died before it noticed them. */
	async lookBack(): Promise<void> {
		for (const { station } of await this.#stations()) {
			const rows = await this.#options.store.query(
				`select e.canonical from floors f cross join lateral (
					select canonical from entries
					where station = f.station and epoch = f.epoch order by sequence desc limit ${LOOKED_BACK}
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
		const { queue, onRaised, say } = this.#options;
		const { count, untold } = await queue.raise(notices, this.#now);
		if (untold > 0)
			say(`${notices[0]?.station}: ${untold} alarms are not told: too many of this station`);
		if (count > 0) onRaised();
	}

	async #stations(): Promise<{ readonly station: string }[]> {
		const rows = await this.#options.store.query(
			"select station from station_keys where number = 1 order by station",
		);
		return rows.map((row) => ({ station: String(row["station"]) }));
	}

	async #battery(station: string, days: number): Promise<void> {
		const limit = this.#policies(station)["battery-days"];
		const [row] = await this.#options.store.query(
			"select battery_low from alarm_stations where station = $1",
			[station],
		);
		const wasLow = row?.["battery_low"] === true;
		const isLow = days < (wasLow ? limit * BATTERY_WELL : limit);
		if (isLow === wasLow) return;
		const now = this.#now;
		// Once a day in either direction, however the forecast swings.
		const occasion = Math.floor(now / DAY_SECONDS);
		await this.#raise([
			noticeOf(station, "battery", occasion, { days, limit }, isLow ? "begin" : "end"),
		]);
		await this.#options.store.query(
			`insert into alarm_stations values ($1, $2, 0, true, null, $3, false, 0)
			on conflict (station) do update set battery_low = excluded.battery_low`,
			[station, now, isLow],
		);
	}
}

function sequenceOf({ id }: AlarmNotice): number {
	return Number(id.split("/").at(-1));
}
