/** Who was heard when, and who has not been for longer than its uploads allow. */
import type { SqlRow, SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf } from "./alarm-notice.js";
import type { AlarmPolicies } from "./alarm-policy.js";
import { CLOCK_AHEAD_SECONDS } from "./alarm-queue.js";

export interface SilenceOptions {
	readonly store: SqlStore;
	readonly clock: { readonly utcSeconds: number };
	readonly raise: (notice: AlarmNotice) => Promise<void>;
}

/** Statements stay short in the embedded database: 500 rows are some milliseconds. */
const ROWS_MAX = 500;
/** A turn raises so many silences, 100 a minute; the next one the rest. */
const SILENCES_MAX = 100;

/** By power level (docs/POWER.md) an interval is so many times as long; at level 4 the radio stays off. */
const LEVEL_FACTORS = "(array[1, 3, 6, 24, 24])";
/** Batches of one session come closer together. */
const GAP_SECONDS_MIN = 600;
const GAP_SECONDS_MAX = 86_400;

export class Silence {
	readonly #options: SilenceOptions;
	#begunSeconds: number;
	/** Since the last turn. */
	#heard = new Map<string, number>();

	constructor(options: SilenceOptions) {
		this.#options = options;
		this.#begunSeconds = this.#now;
	}

	get #now(): number {
		return Math.floor(this.#options.clock.utcSeconds);
	}

	heard(station: string): void {
		this.#heard.set(station, this.#now);
	}

	async turn(policies: AlarmPolicies): Promise<void> {
		await this.#noteHeard(policies);
		await this.#raiseSilent(policies);
	}

	/** Who was heard since the last turn; what was silent is heard again. */
	async #noteHeard(policies: AlarmPolicies): Promise<void> {
		const heard = [...this.#heard];
		this.#heard = new Map();
		for (let at = 0; at < heard.length; at += ROWS_MAX) {
			const part = heard.slice(at, at + ROWS_MAX);
			let rows: SqlRow[];
			try {
				rows = await this.#noteHeardPart(part, policies);
			} catch (error) {
				// Not forgotten: the next turn notes them.
				for (const [station, heardAt] of heard.slice(at)) {
					if (!this.#heard.has(station)) this.#heard.set(station, heardAt);
				}
				throw error;
			}
			for (const row of rows) {
				const station = String(row["station"]);
				const since = Number(row["since"]);
				const now = Number(row["heard_at"]);
				const hours = Math.round((now - since) / 360) / 10;
				const details = { utcSeconds: since, heardUtcSeconds: now, hours };
				await this.#options.raise(noticeOf(station, "silence", since, details, "end"));
			}
		}
	}

	/**
	 * Gives those that were silent. A station's own interval is the configured one (of the configuration that it took here,
	 * else of the policy) at the pace of its power level; where it does not say a level the shorter of its last two gaps, which
	 * follows an interval that doubles, and no single outage.
	 */
	#noteHeardPart(
		part: readonly (readonly [station: string, atSeconds: number])[],
		policiesOf: AlarmPolicies,
	): Promise<SqlRow[]> {
		const policies = part.map(([station]) => policiesOf(station));
		return this.#options.store.query(
			`with heard as (
				select h.*, s.heard_at as since, s.is_silent and s.heard_at > 0 as was_silent,
					case when h.heard_at - s.heard_at >= ${GAP_SECONDS_MIN} then h.heard_at - s.heard_at
						else s.gap_seconds end as gap,
					greatest(
						coalesce(c.seconds, h.usual_seconds)
							* ${LEVEL_FACTORS}[least(coalesce(s.power_level, 0), 4) + 1],
						least(${GAP_SECONDS_MAX}, coalesce(s.gap_seconds, 0), case when h.heard_at - s.heard_at
							>= ${GAP_SECONDS_MIN} then h.heard_at - s.heard_at else s.gap_seconds end)
					) as interval_seconds
				from unnest($1::text[], $2::bigint[], $3::integer[], $4::integer[])
					as h (station, heard_at, uploads, usual_seconds)
				left join alarm_stations s on s.station = h.station
				left join lateral (
					select substring(convert_from(o.canonical, 'UTF8') from 'uploadIntervalSeconds=([0-9]{1,6})')::integer
						as seconds from configuration_offers o
					where o.station = h.station and o.is_shown order by o.id desc limit 1
				) c on true
				where s.heard_at is null or s.heard_at <= h.heard_at
					or s.heard_at > h.heard_at + ${CLOCK_AHEAD_SECONDS}
			), noted as (
				insert into alarm_stations (station, heard_at, gap_seconds, silent_at, is_silent)
					select station, heard_at, case when since > 0 then coalesce(gap, 0) else 0 end,
						heard_at + uploads::bigint * interval_seconds, uploads = 0 from heard
				on conflict (station) do update set heard_at = excluded.heard_at,
					gap_seconds = excluded.gap_seconds, silent_at = excluded.silent_at,
					is_silent = excluded.is_silent
				returning station
			)
			select h.station, h.since, h.heard_at from heard h join noted using (station)
				where h.was_silent and exists (select 1 from alarm_notices a
					where a.id = h.station || '/silence/' || h.since::text)`,
			[
				part.map(([station]) => station),
				part.map(([, atSeconds]) => atSeconds),
				policies.map((policy) => policy["silence-uploads"]),
				policies.map((policy) => policy["upload-seconds"]),
			],
		);
	}

	/** A collector that did not listen heard nobody: it waits as long again after its start. */
	async #raiseSilent(policies: AlarmPolicies): Promise<void> {
		const now = this.#now;
		// A clock that was put back began no later than now.
		this.#begunSeconds = Math.min(this.#begunSeconds, now);
		const rows = await this.#options.store.query(
			`select station, heard_at, silent_at from alarm_stations
			where not is_silent and silent_at < $1::bigint and $2::bigint + silent_at - heard_at < $1::bigint
			order by silent_at limit ${SILENCES_MAX}`,
			[now, this.#begunSeconds],
		);
		for (const row of rows) {
			const station = String(row["station"]);
			const heardAt = Number(row["heard_at"]);
			const count = policies(station)["silence-uploads"];
			if (count > 0) {
				const minutes = Math.round((Number(row["silent_at"]) - heardAt) / count / 60);
				const details = { utcSeconds: heardAt, count, minutes };
				await this.#options.raise(noticeOf(station, "silence", heardAt, details));
			}
			await this.#options.store.query(
				"update alarm_stations set is_silent = true where station = $1 and heard_at = $2",
				[station, heardAt],
			);
		}
	}
}
