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
	/** Of one station. */
	readonly raise: (notices: readonly AlarmNotice[]) => Promise<void>;
}

type LevelEntry = Entry & { readonly kind: "event" };
type ForecastEntry = Entry & { readonly kind: "heartbeat"; readonly forecastDays: number };

/** What a station said last. */
interface Said {
	level: number;
	levelAt: number;
	isLow: boolean;
	lowAt: number;
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

	/**
	 * Of heartbeats and events of a batch; what is older than what was said already, or has no time, is passed over. Whatever a
	 * batch says takes a question, one list of notices and two notes: with three statements for each entry a batch of 288 of
	 * them kept everybody else's waiting for two seconds.
	 */
	async observe(station: string, entries: readonly Entry[], policy: AlarmPolicy): Promise<void> {
		const inOrder = entries
			.filter((entry) => entry.utcSeconds > 0 && (isLevel(entry) || isForecast(entry)))
			.sort((a, b) => a.utcSeconds - b.utcSeconds || a.sequence - b.sequence);
		if (inOrder.length === 0) return;
		const { store, raise } = this.#options;
		const [row] = await store.query(
			`select power_level, power_level_at, battery_low, battery_at from alarm_stations
			where station = $1`,
			[station],
		);
		const said: Said = {
			level: Number(row?.["power_level"] ?? 0),
			levelAt: Number(row?.["power_level_at"] ?? 0),
			isLow: row?.["battery_low"] === true,
			lowAt: Number(row?.["battery_at"] ?? 0),
		};
		const before = { ...said };
		const notices = inOrder.flatMap((entry) =>
			isLevel(entry)
				? this.#level(station, said, entry)
				: isForecast(entry)
					? this.#forecast(station, said, entry, policy["battery-days"])
					: [],
		);
		if (notices.length > 0) await raise(notices);
		if (said.levelAt !== before.levelAt) await this.#noteLevel(station, said);
		if (said.lowAt !== before.lowAt) await this.#noteForecast(station, said);
	}

	/** What was said by a station's clock that was ahead is not newer than all that comes. */
	#isOlder(atSeconds: number, sinceSeconds: number): boolean {
		const latest = this.#options.clock.utcSeconds + CLOCK_AHEAD_SECONDS;
		return atSeconds <= sinceSeconds && sinceSeconds <= latest;
	}

	#level(station: string, said: Said, entry: LevelEntry): AlarmNotice[] {
		const { detail: level, utcSeconds } = entry;
		const { level: before, levelAt: since } = said;
		if (this.#isOlder(utcSeconds, since)) return [];
		said.level = level;
		said.levelAt = utcSeconds;
		const details = { level, utcSeconds };
		if (level >= LEVEL_WITHOUT_RADIO && before < LEVEL_WITHOUT_RADIO) {
			return [noticeOf(station, "battery", `level/${utcSeconds}`, details)];
		}
		if (level < LEVEL_WITHOUT_RADIO && before >= LEVEL_WITHOUT_RADIO) {
			return [noticeOf(station, "battery", `level/${since}`, details, "end")];
		}
		return [];
	}

	#forecast(station: string, said: Said, entry: ForecastEntry, limit: number): AlarmNotice[] {
		const { forecastDays: days, utcSeconds } = entry;
		if (this.#isOlder(utcSeconds, said.lowAt)) return [];
		const wasLow = said.isLow;
		said.isLow = days < (wasLow ? limit * WELL : limit);
		said.lowAt = utcSeconds;
		if (said.isLow === wasLow) return [];
		const phase = said.isLow ? "begin" : "end";
		return [noticeOf(station, "battery", utcSeconds, { days, limit }, phase)];
	}

	async #noteLevel(station: string, { level, levelAt }: Said): Promise<void> {
		await this.#options.store.query(
			`insert into alarm_stations (station, power_level, power_level_at) values ($1, $2, $3)
			on conflict (station) do update set power_level = excluded.power_level,
				power_level_at = excluded.power_level_at`,
			[station, level, levelAt],
		);
	}

	async #noteForecast(station: string, { isLow, lowAt }: Said): Promise<void> {
		await this.#options.store.query(
			`insert into alarm_stations (station, battery_low, battery_at) values ($1, $2, $3)
			on conflict (station) do update set battery_low = excluded.battery_low,
				battery_at = excluded.battery_at`,
			[station, isLow, lowAt],
		);
	}
}

function isLevel(entry: Entry): entry is LevelEntry {
	return entry.kind === "event" && entry.code === EVENT_CODES["power-level"];
}

function isForecast(entry: Entry): entry is ForecastEntry {
	return entry.kind === "heartbeat" && entry.forecastDays !== undefined;
}
