/** What stations say of their batteries: the forecast of each day's heartbeat, and at which power level they live. */

import type { Entry } from "../../protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../protocol/record/events.js";
import type { SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf } from "./alarm-notice.js";
import type { AlarmPolicy } from "./alarm-policy.js";
import { CLOCK_AHEAD_SECONDS } from "./alarm-queue.js";

export interface BatteriesOptions {
	readonly store: SqlStore;
	readonly clock: { readonly utcSeconds: number };
	readonly raise: (notice: AlarmNotice) => Promise<void>;
}

/** A forecast must rise by a quarter above the limit before it is well. */
const WELL = 1.25;
/** docs/POWER.md: the radio stays off. */
const LEVEL_WITHOUT_RADIO = 4;

export class Batteries {
	readonly #options: BatteriesOptions;

	constructor(options: BatteriesOptions) {
		this.#options = options;
	}

	/** Of heartbeats and events of a batch; what is older than what was said already, or has no time, is passed over. */
	async observe(station: string, entries: readonly Entry[], policy: AlarmPolicy): Promise<void> {
		const inOrder = entries
			.filter(({ utcSeconds }) => utcSeconds > 0)
			.sort((a, b) => a.utcSeconds - b.utcSeconds || a.sequence - b.sequence);
		for (const entry of inOrder) {
			if (entry.kind === "event" && entry.code === EVENT_CODES["power-level"]) {
				await this.#level(station, entry.detail, entry.utcSeconds);
			}
			if (entry.kind === "heartbeat" && entry.forecastDays !== undefined) {
				await this.#forecast(station, entry.forecastDays, entry.utcSeconds, policy["battery-days"]);
			}
		}
	}

	/** What was said by a station's clock that was ahead is not newer than all that comes. */
	#isOlder(atSeconds: number, sinceSeconds: number): boolean {
		const latest = this.#options.clock.utcSeconds + CLOCK_AHEAD_SECONDS;
		return atSeconds <= sinceSeconds && sinceSeconds <= latest;
	}

	async #level(station: string, level: number, atSeconds: number): Promise<void> {
		const { store, raise } = this.#options;
		const [row] = await store.query(
			"select power_level, power_level_at from alarm_stations where station = $1",
			[station],
		);
		const before = Number(row?.["power_level"] ?? 0);
		const since = Number(row?.["power_level_at"] ?? 0);
		if (this.#isOlder(atSeconds, since)) return;
		if (level >= LEVEL_WITHOUT_RADIO && before < LEVEL_WITHOUT_RADIO) {
			await raise(
				noticeOf(station, "battery", `level/${atSeconds}`, { level, utcSeconds: atSeconds }),
			);
		}
		if (level < LEVEL_WITHOUT_RADIO && before >= LEVEL_WITHOUT_RADIO) {
			const details = { level, utcSeconds: atSeconds };
			await raise(noticeOf(station, "battery", `level/${since}`, details, "end"));
		}
		await store.query(
			`insert into alarm_stations (station, power_level, power_level_at) values ($1, $2, $3)
			on conflict (station) do update set power_level = excluded.power_level,
				power_level_at = excluded.power_level_at`,
			[station, level, atSeconds],
		);
	}

	async #forecast(station: string, days: number, atSeconds: number, limit: number): Promise<void> {
		const { store, raise } = this.#options;
		const [row] = await store.query(
			"select battery_low, battery_at from alarm_stations where station = $1",
			[station],
		);
		const since = Number(row?.["battery_at"] ?? 0);
		if (this.#isOlder(atSeconds, since)) return;
		const wasLow = row?.["battery_low"] === true;
		const isLow = days < (wasLow ? limit * WELL : limit);
		if (isLow !== wasLow) {
			const phase = isLow ? "begin" : "end";
			await raise(noticeOf(station, "battery", atSeconds, { days, limit }, phase));
		}
		await store.query(
			`insert into alarm_stations (station, battery_low, battery_at) values ($1, $2, $3)
			on conflict (station) do update set battery_low = excluded.battery_low,
				battery_at = excluded.battery_at`,
			[station, isLow, atSeconds],
		);
	}
}
