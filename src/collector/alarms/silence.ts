/** Who was heard when, and who has not been for longer than its uploads allow. */
import type { SqlRow, SqlStore } from "../store/store.js";
import { type AlarmNotice, noticeOf } from "./alarm-notice.js";
import type { AlarmPolicies } from "./alarm-policy.js";

export interface SilenceOptions {
	readonly store: SqlStore;
	readonly clock: { readonly utcSeconds: number };
	readonly raise: (notice: AlarmNotice) => Promise<void>;
}

/** Statements stay short in the embedded database: 500 rows are some milliseconds. */
const ROWS_MAX = 500;
/** A turn tells so many silences, 100 a minute; the rest the next one. */
const SILENCES_MAX = 100;

interface Heard {
	readonly atSeconds: number;
	/** Null: it has not said. */
	readonly uploadSeconds: number | null;
}

export class Silence {
	readonly #options: SilenceOptions;
	readonly #begunSeconds: number;
	/** Since the last turn. */
	#heard = new Map<string, Heard>();

	constructor(options: SilenceOptions) {
		this.#options = options;
		this.#begunSeconds = this.#now;
	}

	get #now(): number {
		return Math.floor(this.#options.clock.utcSeconds);
	}

	heard(station: string, uploadSeconds: number | null): void {
		this.#heard.set(station, { atSeconds: this.#now, uploadSeconds });
	}

	async turn(policies: AlarmPolicies): Promise<void> {
		await this.#noteHeard(policies);
		await this.#tellSilent(policies);
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
				for (const [station, said] of heard.slice(at)) {
					if (!this.#heard.has(station)) this.#heard.set(station, said);
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

	/** Gives those that were silent. */
	#noteHeardPart(
		part: readonly (readonly [string, Heard])[],
		policiesOf: AlarmPolicies,
	): Promise<SqlRow[]> {
		const policies = part.map(([station]) => policiesOf(station));
		return this.#options.store.query(
			`with heard as (
				select * from unnest($1::text[], $2::bigint[], $3::integer[], $4::integer[], $5::integer[])
					as h (station, heard_at, said_seconds, uploads, usual_seconds)
			), before as (
				select s.station, s.heard_at, s.is_silent from alarm_stations s join heard using (station)
			), noted as (
				insert into alarm_stations
					select station, heard_at, heard_at + uploads::bigint * coalesce(said_seconds, usual_seconds),
						uploads = 0, said_seconds, false, false, 0 from heard
				on conflict (station) do update set
					heard_at = greatest(alarm_stations.heard_at, excluded.heard_at),
					upload_seconds = coalesce(excluded.upload_seconds, alarm_stations.upload_seconds),
					silent_at = excluded.heard_at + (select uploads::bigint * coalesce(h.said_seconds,
						alarm_stations.upload_seconds, h.usual_seconds) from heard h
						where h.station = excluded.station),
					is_silent = excluded.is_silent
				where excluded.heard_at >= alarm_stations.heard_at
				returning station, heard_at
			)
			select b.station, b.heard_at as since, n.heard_at from before b join noted n using (station)
				where b.is_silent and b.heard_at > 0
					and exists (select 1 from alarm_notices a
						where a.id = b.station || '/silence/' || b.heard_at::text)`,
			[
				part.map(([station]) => station),
				part.map(([, { atSeconds }]) => atSeconds),
				part.map(([, { uploadSeconds }]) => uploadSeconds),
				policies.map((policy) => policy["silence-uploads"]),
				policies.map((policy) => policy["upload-seconds"]),
			],
		);
	}

	/** A collector that did not listen heard nobody: it waits as long again after its start. */
	async #tellSilent(policies: AlarmPolicies): Promise<void> {
		const now = this.#now;
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
