/** What operators decide of alarms: seen, not now, try it. Each with who and why, kept for good. */
import { OperationalError } from "../../host/errors.js";
import type { SqlSession, SqlStore } from "../store/store.js";
import { type AlarmBodyJson, CAUSES, noticeOf } from "./alarm-notice.js";
import { raiseIn } from "./alarm-queue.js";

/** Printable ASCII: it goes to a terminal and to hooks. */
const WORDS = /^[ -~]{1,80}$/;
const STATION = /^[a-z0-9-]{1,8}$/;
const LISTED_MAX = 1000;
/** A mute of more than a year is a station that should not be in the list. */
const MUTE_SECONDS_MAX = 366 * 86_400;
const EVERY = "*";

export interface Authorship {
	readonly by: string;
	readonly why: string;
}

export interface ListedAlarm {
	readonly body: AlarmBodyJson;
	/** By hook: waiting, muted, told, acknowledged, dropped. */
	readonly hooks: Readonly<Record<string, string>>;
	readonly attempts: number;
	readonly acknowledged: {
		readonly atUtcSeconds: number;
		readonly by: string;
		readonly why: string;
	} | null;
}

export interface ActiveMute {
	/** `*`: every station, every cause. */
	readonly station: string;
	readonly cause: string;
	readonly untilUtcSeconds: number;
}

export interface AlarmList {
	/** The newest last. */
	readonly alarms: readonly ListedAlarm[];
	readonly mutes: readonly ActiveMute[];
	/** By station: alarms beyond what is told. */
	readonly untold: Readonly<Record<string, number>>;
}

export class AlarmDecisions {
	readonly #store: SqlStore;
	readonly #clock: { readonly utcSeconds: number };

	constructor(store: SqlStore, clock: { readonly utcSeconds: number }) {
		this.#store = store;
		this.#clock = clock;
	}

	get #now(): number {
		return Math.floor(this.#clock.utcSeconds);
	}

	/** Those that nobody has acknowledged, or all; the newest thousand. */
	async list(isAll: boolean): Promise<AlarmList> {
		const now = this.#now;
		const rows = await this.#store.query(
			`select * from (
				select n.number, n.body, n.acknowledged_at, n.acknowledged_by, n.acknowledged_why,
					coalesce(json_object_agg(d.hook, d.state) filter (where d.hook is not null), '{}')::text as hooks,
					coalesce(max(d.attempts), 0) as attempts
				from alarm_notices n left join alarm_deliveries d on d.number = n.number
				where $1::boolean or n.acknowledged_at is null
				group by n.number order by n.number desc limit ${LISTED_MAX}
			) newest order by number`,
			[isAll],
		);
		const mutes = await this.#store.query(
			"select * from alarm_mutes where until_at > $1 order by station, cause",
			[now],
		);
		const untold = await this.#store.query(
			"select station, untold from alarm_stations where untold > 0 order by station",
		);
		return {
			alarms: rows.map((row) => ({
				body: JSON.parse(String(row["body"])) as AlarmBodyJson,
				hooks: JSON.parse(String(row["hooks"])) as Record<string, string>,
				attempts: Number(row["attempts"]),
				acknowledged:
					row["acknowledged_at"] === null
						? null
						: {
								atUtcSeconds: Number(row["acknowledged_at"]),
								by: String(row["acknowledged_by"]),
								why: String(row["acknowledged_why"]),
							},
			})),
			mutes: mutes.map((row) => ({
				station: String(row["station"]),
				cause: String(row["cause"]),
				untilUtcSeconds: Number(row["until_at"]),
			})),
			untold: Object.fromEntries(
				untold.map((row) => [String(row["station"]), Number(row["untold"])]),
			),
		};
	}

	/**
	 * Somebody has seen it: an alarm by its id, with what went before of the same event, or all of a station. What of
	 * it was not told yet is not told; what comes later is. How many were not acknowledged before. Throws OperationalError.
	 */
	async acknowledge(what: string, authorship: Authorship): Promise<number> {
		return this.#decide(`acknowledge ${what}`, authorship, async (session) => {
			const rows = await session.query(
				`select number, acknowledged_at is null as is_new from alarm_notices where station = $1
				union select n.number, n.acknowledged_at is null from alarm_notices n
					join alarm_notices one on one.id = $1 and n.subject = one.subject and n.number <= one.number`,
				[what],
			);
			if (rows.length === 0) {
				throw new OperationalError(
					`${what}: no alarm and no station with one; alarms list shows them`,
				);
			}
			const numbers = rows.filter((row) => row["is_new"] === true).map((row) => row["number"]);
			await session.query(
				`update alarm_notices set acknowledged_at = $2, acknowledged_by = $3, acknowledged_why = $4
				where number = any($1::bigint[])`,
				[numbers, this.#now, authorship.by, authorship.why],
			);
			await session.query(
				`update alarm_deliveries set state = 'acknowledged'
				where number = any($1::bigint[]) and state = 'waiting'`,
				[numbers],
			);
			return numbers.length;
		});
	}

	/**
	 * Until then nothing of a station (`*`: of any) and a cause (`*`: of any) is told. What is still so afterwards is
	 * told then. A moment that has passed ends a mute. Throws OperationalError.
	 */
	async mute(
		station: string,
		cause: string,
		untilUtcSeconds: number,
		authorship: Authorship,
	): Promise<void> {
		if (station !== EVERY && !STATION.test(station)) {
			throw new OperationalError(`${station}: no station id; * stands for all`);
		}
		if (cause !== EVERY && !CAUSES.some((each) => each === cause)) {
			throw new OperationalError(`${cause}: no cause; there are ${CAUSES.join(", ")}`);
		}
		if (!(untilUtcSeconds <= this.#now + MUTE_SECONDS_MAX)) {
			throw new OperationalError("a mute lasts a year at most; say until when");
		}
		const until = Math.max(0, Math.floor(untilUtcSeconds));
		const isEnd = until <= this.#now;
		const words = isEnd ? `unmute ${station} ${cause}` : `mute ${station} ${cause} until ${until}`;
		await this.#decide(words, authorship, (session) =>
			session.query(
				`insert into alarm_mutes values ($1, $2, $3)
				on conflict (station, cause) do update set until_at = excluded.until_at`,
				[station, cause, isEnd ? 0 : until],
			),
		);
	}

	/** How far an alarm is, by hook. */
	async hooksOf(id: string): Promise<Readonly<Record<string, string>>> {
		const rows = await this.#store.query(
			`select d.hook, d.state from alarm_notices n join alarm_deliveries d on d.number = n.number
			where n.id = $1`,
			[id],
		);
		return Object.fromEntries(rows.map((row) => [String(row["hook"]), String(row["state"])]));
	}

	/** An alarm that says that it is a test; its id. Throws OperationalError. */
	async test(authorship: Authorship): Promise<string> {
		return this.#decide("test", authorship, async (session, number) => {
			const notice = noticeOf(null, "test", number, { by: authorship.by, why: authorship.why });
			await raiseIn(session, [notice], this.#now);
			return notice.id;
		});
	}

	#decide<Result>(
		what: string,
		{ by, why }: Authorship,
		work: (session: SqlSession, number: number) => Promise<Result>,
	): Promise<Result> {
		if (!WORDS.test(by) || !WORDS.test(why)) {
			return Promise.reject(
				new OperationalError("say by whom and why: plain letters, 80 characters at most"),
			);
		}
		return this.#store.transaction(async (session) => {
			const [row] = await session.query(
				`insert into alarm_decisions (at, what, decided_by, why) values ($1, $2, $3, $4) returning number`,
				[this.#now, what, by, why],
			);
			return work(session, Number(row?.["number"]));
		});
	}
}
