/** The calibrations in force of each station, out of its record, and which of them are overdue. */
import { byChannel } from "../../protocol/record/channels.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import {
	CALIBRATION_ACTS,
	type CalibrationBody,
	ENTRY_KINDS,
	type Entry,
} from "../../protocol/record/entry-layouts.js";
import { bytesOf, type SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf } from "./alarm-notice.js";
import type { AlarmPolicies } from "./alarm-policy.js";

export interface OverdueOptions {
	readonly store: SqlStore;
	readonly clock: { readonly utcSeconds: number };
	readonly raise: (notice: AlarmNotice) => Promise<void>;
}

const KIND_AT = 1;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;
/** Statements stay short in the embedded database. */
const ROWS_MAX = 500;
/** Of so many a turn the calibrations are looked for in the whole record. */
const STATIONS_LEARNED = 5;
/**
 * A station waits so many times as long as looking through its record took. With a calibration in each batch it would be looked
 * through each minute, and a million entries, which its quota bears in five days, take the embedded database four seconds.
 */
const REST_SHARE = 50;
/** Half a million entries take less, and need no rest. */
const RESTED_MILLISECONDS_MIN = 1000;

export class OverdueCalibrations {
	readonly #options: OverdueOptions;
	#notifiedAtSeconds = 0;
	/** Stations that wait, and until when, milliseconds of performance.now(). */
	readonly #resting = new Map<string, number>();

	constructor(options: OverdueOptions) {
		this.#options = options;
	}

	/** By the minute; all are looked at once an hour, and when something was learned or policies changed. */
	async turn(policies: AlarmPolicies, areNew: boolean): Promise<void> {
		const hasLearned = await this.#learn();
		const now = Math.floor(this.#options.clock.utcSeconds);
		if (!hasLearned && !areNew && Math.abs(now - this.#notifiedAtSeconds) < HOUR_SECONDS) return;
		this.#notifiedAtSeconds = now;
		await this.#raiseOverdue(policies);
	}

	/** Learned in the next turn, out of the record: they may come in any order. */
	async forget(station: string): Promise<void> {
		await this.#options.store.query(
			`insert into alarm_stations (station) values ($1)
			on conflict (station) do update set are_calibrations_known = false`,
			[station],
		);
	}

	/** Calibrations of stations of which they are not known; whether there were such stations. */
	async #learn(): Promise<boolean> {
		const { store } = this.#options;
		for (const [station, until] of this.#resting)
			if (performance.now() >= until) this.#resting.delete(station);
		const rows = await store.query(
			`select k.station from station_keys k left join alarm_stations s on s.station = k.station
			where k.number = 1 and s.are_calibrations_known is not true and not k.station = any($1::text[])
			order by k.station limit ${STATIONS_LEARNED}`,
			[[...this.#resting.keys()]],
		);
		for (const row of rows) {
			const station = String(row["station"]);
			const began = performance.now();
			await this.#learnOf(station);
			const took = performance.now() - began;
			if (took >= RESTED_MILLISECONDS_MIN)
				this.#resting.set(station, performance.now() + REST_SHARE * took);
		}
		return rows.length > 0;
	}

	#learnOf(station: string): Promise<void> {
		return this.#options.store.transaction(async (session) => {
			await session.query(
				`insert into alarm_stations (station, are_calibrations_known) values ($1, true)
				on conflict (station) do update set are_calibrations_known = true`,
				[station],
			);
			const rows = await session.query(
				`select canonical from entries where station = $1
					and get_byte(canonical, ${KIND_AT}) = ${ENTRY_KINDS.calibration}`,
				[station],
			);
			const entries = rows.flatMap((row) => {
				const entry = decodeEntry(bytesOf(row["canonical"]));
				return entry.kind === "calibration" ? [entry] : [];
			});
			const held = [...inForceOf(entries)];
			await session.query(
				"delete from alarm_calibrations where station = $1 and not channel = any($2::integer[])",
				[station, held.map(([channel]) => channel)],
			);
			await session.query(
				`insert into alarm_calibrations
					select $1::text, g.*, false from unnest($2::integer[], $3::integer[], $4::bigint[], $5::bigint[]) g
				on conflict (station, channel) do update set calibration_id = excluded.calibration_id,
					made_at = excluded.made_at, due_at = excluded.due_at,
					is_told = alarm_calibrations.is_told and alarm_calibrations.made_at = excluded.made_at
						and alarm_calibrations.calibration_id = excluded.calibration_id`,
				[
					station,
					held.map(([channel]) => channel),
					held.map(([, entry]) => entry.calibrationId),
					held.map(([, entry]) => entry.utcSeconds),
					held.map(([, entry]) => entry.dueUtcSeconds),
				],
			);
		});
	}

	async #raiseOverdue(policies: AlarmPolicies): Promise<void> {
		const now = Math.floor(this.#options.clock.utcSeconds);
		let after: readonly [string, number] = ["", -1];
		for (;;) {
			const rows = await this.#options.store.query(
				`select * from alarm_calibrations where not is_told and (station, channel) > ($1::text, $2::integer)
				order by station, channel limit ${ROWS_MAX}`,
				after,
			);
			for (const row of rows) {
				const station = String(row["station"]);
				const made = Number(row["made_at"]);
				const since = dueAt(made, Number(row["due_at"]), policies(station)["calibration-days"]);
				if (since === undefined || since >= now) continue;
				const channel = Number(row["channel"]);
				const id = Number(row["calibration_id"]);
				await this.#options.raise(
					noticeOf(station, "calibration", `${channel}/${id}`, {
						channel: CHANNEL_NAMES[channel] ?? `channel ${channel}`,
						calibrationId: id,
						utcSeconds: made === 0 ? null : made,
						sinceUtcSeconds: since,
					}),
				);
				await this.#options.store.query(
					`update alarm_calibrations set is_told = true
					where station = $1 and channel = $2 and calibration_id = $3`,
					[station, channel, id],
				);
			}
			const last = rows.at(-1);
			if (last === undefined || rows.length < ROWS_MAX) return;
			after = [String(last["station"]), Number(last["channel"])];
		}
	}
}

const CHANNEL_NAMES: readonly string[] = Object.keys(byChannel(() => true));

type Calibration = Entry & CalibrationBody;

/** By channel the calibration in force. An undo brings back the one before it, and a second undo the undone one. */
function inForceOf(entries: readonly Calibration[]): ReadonlyMap<number, Calibration> {
	const inForce = new Map<number, Calibration>();
	const before = new Map<number, Calibration>();
	const put = (of: typeof before, channel: number, calibration: Calibration | undefined): void => {
		if (calibration === undefined) of.delete(channel);
		else of.set(channel, calibration);
	};
	const inOrder = [...entries].sort(
		(a, b) => a.utcSeconds - b.utcSeconds || a.sequence - b.sequence,
	);
	for (const entry of inOrder) {
		const { channel } = entry;
		const act = CALIBRATION_ACTS[entry.act];
		if (act !== "calibration" && act !== "undo") continue;
		const next = act === "calibration" ? entry : before.get(channel);
		put(before, channel, inForce.get(channel));
		put(inForce, channel, next);
	}
	return inForce;
}

/** The earlier of its own date and so many days after it was made; undefined: never. */
function dueAt(made: number, due: number, days: number): number | undefined {
	const dates = [due, days === 0 || made === 0 ? 0 : made + days * DAY_SECONDS].filter(
		(date) => date > 0,
	);
	return dates.length === 0 ? undefined : Math.min(...dates);
}
