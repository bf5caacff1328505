/**
 * Notices and their way to each hook, in the collector's database: what is raised is durable, each delivery is somebody's at
 * a time, and what was told stays told. Collectors that share a database share the queue.
 */
import { ALARM_TABLES } from "../store/schema.js";
import type { SqlSession, SqlStore } from "../store/store.js";
import { type AlarmBodyJson, type AlarmNotice, bodyOf, noticeOf } from "./alarm-notice.js";

/**
 * An honest station has some 25 watches a year with two to four claims each, in the worst days of a flood ten of them; a
 * hundred a day is a probe gone wild, or a key in wrong hands.
 */
export const RAISED_PER_DAY_MAX = 100;
/** Three days of the above at a hook that does not answer. */
export const WAITING_MAX = 300;
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;
/** A region whose hook was down for hours: looking through so many takes some milliseconds. */
const CANDIDATES_MAX = 1000;
/** An attempt ends after 30 s (hooks); a collector that died in it keeps a delivery from others so long. */
export const LEASE_SECONDS = 45;
/** 5, 10, 20 ... 320 s: ten minutes. After so many failures the next claim of the same event goes first. */
const ATTEMPTS_IN_ORDER = 8;
/** No pause is longer: what lies further ahead is of a clock that was put back. */
export const PAUSE_SECONDS_MAX = 3600;
/** Collectors that share a database are less apart; what was noted further ahead was noted by a clock that was put back. */
export const CLOCK_AHEAD_SECONDS = 3600;
/** A hook that no collector has had for so long is gone, and what waits for it, too. */
const HOOK_SECONDS_MAX = 7 * DAY_SECONDS;

export interface Due {
	readonly number: number;
	readonly body: AlarmBodyJson;
	/** Attempts before this one. */
	readonly attempts: number;
}

export interface Raised {
	/** Notices that nobody had raised before. */
	readonly count: number;
	/** New ones beyond what is told of a station. */
	readonly unraised: number;
}

/** Nobody tries it now, and its pause is over. */
const DUE = `(d.next_at <= $2 or d.next_at > $2 + ${PAUSE_SECONDS_MAX})
	and (d.leased_until <= $2 or d.leased_until > $2 + ${PAUSE_SECONDS_MAX})`;

/** `n` is the notice. `parameter` is that of now. A test goes to the person who asked for it. */
const mutedAt = (parameter: string): string =>
	`(n.cause <> 'test' and exists (select 1 from alarm_mutes m where m.until_at > ${parameter}::bigint
		and m.station in ('*', n.station) and m.cause in ('*', n.cause)))`;

export class AlarmQueue {
	readonly #store: SqlStore;

	constructor(store: SqlStore) {
		this.#store = store;
	}

	/**
	 * Names the hooks of this collector, at its start and now and then: what is raised from now on goes to them. At a start
	 * over a database that is its own, what a collector that died had taken is free at once.
	 */
	async setHooks(names: readonly string[], nowSeconds: number, isStart: boolean): Promise<void> {
		const isAlone = this.#store.name === "pglite";
		await this.#store.transaction(async (session) => {
			await session.query("select pg_advisory_xact_lock(4242002)");
			await session.query(
				`insert into alarm_hooks select name, $2::bigint from unnest($1::text[]) as name
				on conflict (name) do update set seen_at = excluded.seen_at`,
				[names, nowSeconds],
			);
			await session.query(
				`with gone as (delete from alarm_hooks where not name = any($1::text[])
						and ($2::boolean or seen_at < $3::bigint) returning name)
				update alarm_deliveries set state = 'dropped' from gone
					where hook = gone.name and state = 'waiting'`,
				[names, isAlone, nowSeconds - HOOK_SECONDS_MAX],
			);
			if (!isAlone || !isStart) return;
			await session.query("update alarm_deliveries set leased_until = 0 where state = 'waiting'");
		});
	}

	/** All of one station, or of none; durable when it resolves. */
	raise(notices: readonly AlarmNotice[], nowSeconds: number): Promise<Raised> {
		return this.#store.transaction((session) => raiseIn(session, notices, nowSeconds));
	}

	/**
	 * Takes one that is due for a hook, for `LEASE_SECONDS`: of the station that raised least within the hour, so that a storm of
	 * one holds back no other; of that the oldest.
	 */
	async next(hook: string, nowSeconds: number): Promise<Due | undefined> {
		const [row] = await this.#store.query(
			`with candidates as (
				select d.number, n.station from alarm_deliveries d join alarm_notices n on n.number = d.number
				where d.hook = $1 and d.state = 'waiting' and ${DUE} and not ${mutedAt("$2")}
					and not exists (
						select 1 from alarm_notices e join alarm_deliveries f on f.number = e.number
						where e.subject = n.subject and e.number < n.number and f.hook = $1
							and f.state = 'waiting' and f.attempts < ${ATTEMPTS_IN_ORDER})
				order by d.number limit ${CANDIDATES_MAX}
			), busy as (
				select s.station, (select count(*) from alarm_notices w where w.station = s.station
						and w.raised_at > $2::bigint - ${HOUR_SECONDS}) as raised
					from (select distinct station from candidates) s
			), chosen as (
				select d.number from alarm_deliveries d
				where d.hook = $1 and d.state = 'waiting' and ${DUE} and d.number = (
					select c.number from candidates c left join busy b on b.station = c.station
					order by coalesce(b.raised, 0), c.number limit 1)
				for update of d skip locked
			)
			update alarm_deliveries d set leased_until = $2::bigint + ${LEASE_SECONDS}, attempts = attempts + 1
				from chosen, alarm_notices n
				where d.number = chosen.number and d.hook = $1 and n.number = d.number
				returning d.number, d.attempts, n.body`,
			[hook, nowSeconds],
		);
		if (row === undefined) return undefined;
		const body = JSON.parse(String(row["body"])) as AlarmBodyJson;
		return { number: Number(row["number"]), body, attempts: Number(row["attempts"]) - 1 };
	}

	/** The hook has taken it: never again. */
	async markTold(hook: string, number: number, nowSeconds: number): Promise<void> {
		await this.#store.query(
			`update alarm_deliveries set state = 'told', told_at = $3 where number = $1 and hook = $2`,
			[number, hook, nowSeconds],
		);
	}

	/** The hook has not taken it: again after so many seconds. */
	async failed(hook: string, number: number, nextAtSeconds: number): Promise<void> {
		await this.#store.query(
			`update alarm_deliveries set next_at = $3, leased_until = 0
			where number = $1 and hook = $2 and state = 'waiting'`,
			[number, hook, nextAtSeconds],
		);
	}

	/**
	 * Of an embedded database, which nobody else tidies: rows that were replaced give their room back, and it learns how many
	 * there are. Without it each hearing of a station left 33 bytes for ever, and a look at 2 000 alarms that wait took twenty
	 * times as long. 20 ms where little changed.
	 */
	async tidy(): Promise<void> {
		if (this.#store.name !== "pglite") return;
		await this.#store.query(`vacuum (analyze) ${ALARM_TABLES.join(", ")}`);
	}

	/** What waits for a hook, muted ones included. */
	async waitingCount(hook: string): Promise<number> {
		const [row] = await this.#store.query(
			"select count(*)::integer as count from alarm_deliveries where hook = $1 and state = 'waiting'",
			[hook],
		);
		return Number(row?.["count"]);
	}
}

/** The same within a transaction of the caller. */
export async function raiseIn(
	session: SqlSession,
	notices: readonly AlarmNotice[],
	nowSeconds: number,
): Promise<Raised> {
	const station = notices[0]?.station ?? null;
	await session.query("select pg_advisory_xact_lock(hashtextextended($1, 1))", [station ?? ""]);
	const rows = await session.query(
		"select id, occasion from alarm_notices where occasion = any($1::text[]) or id = any($2::text[])",
		[notices.map(({ occasion }) => occasion), notices.map(({ id }) => id)],
	);
	const known = new Set(rows.flatMap((row) => [String(row["id"]), String(row["occasion"])]));
	const fresh = notices.filter(({ id, occasion }) => {
		if (known.has(id) || known.has(occasion)) return false;
		known.add(id).add(occasion);
		return true;
	});
	if (fresh.length === 0) return { count: 0, unraised: 0 };
	const room = station === null ? fresh.length : await roomOf(session, station, nowSeconds);
	const raised = fresh.slice(0, room);
	const unraised = fresh.length - raised.length;
	if (station !== null && unraised > 0) {
		await session.query(
			`insert into alarm_stations (station, untold) values ($1, $2)
			on conflict (station) do update set untold = alarm_stations.untold + excluded.untold`,
			[station, unraised],
		);
		const day = Math.floor(nowSeconds / DAY_SECONDS);
		const capped = noticeOf(station, "capped", day, { count: RAISED_PER_DAY_MAX });
		const [before] = await session.query("select 1 from alarm_notices where id = $1", [capped.id]);
		if (before === undefined) raised.push(capped);
	}
	if (raised.length > 0) await insert(session, raised, nowSeconds);
	const ended = raised.filter(({ phase }) => phase === "end").map(({ subject }) => subject);
	if (ended.length > 0) await settleMuted(session, ended, nowSeconds);
	return { count: raised.length, unraised };
}

async function roomOf(session: SqlSession, station: string, nowSeconds: number): Promise<number> {
	const [row] = await session.query(
		`select count(*)::integer as raised, (select count(distinct d.number)::integer
				from alarm_deliveries d join alarm_notices w on w.number = d.number
				where w.station = $1 and d.state = 'waiting') as waiting
			from alarm_notices n where n.station = $1 and n.raised_at > $2 and n.raised_at <= $3
				and n.cause <> 'capped'`,
		[station, nowSeconds - DAY_SECONDS, nowSeconds + CLOCK_AHEAD_SECONDS],
	);
	const left = RAISED_PER_DAY_MAX - Number(row?.["raised"]);
	return Math.max(0, Math.min(left, WAITING_MAX - Number(row?.["waiting"])));
}

async function insert(
	session: SqlSession,
	notices: readonly AlarmNotice[],
	nowSeconds: number,
): Promise<void> {
	await session.query(
		`with added as (
			insert into alarm_notices (id, station, subject, occasion, cause, phase, body, raised_at)
			select g.*, $8::bigint from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
				$6::text[], $7::text[]) as g returning number
		)
		insert into alarm_deliveries
			select added.number, name, 'waiting', 0, 0, 0, null from added cross join alarm_hooks`,
		[
			notices.map(({ id }) => id),
			notices.map(({ station }) => station),
			notices.map(({ subject }) => subject),
			notices.map(({ occasion }) => occasion),
			notices.map(({ cause }) => cause),
			notices.map(({ phase }) => phase),
			notices.map((notice) => JSON.stringify(bodyOf(notice, nowSeconds))),
			nowSeconds,
		],
	);
}

/** What began and ended while muted is told to nobody. */
async function settleMuted(
	session: SqlSession,
	subjects: readonly string[],
	nowSeconds: number,
): Promise<void> {
	await session.query(
		`update alarm_deliveries d set state = 'muted' from alarm_notices n
		where n.number = d.number and n.subject = any($1::text[]) and d.state = 'waiting'
			and ${mutedAt("$2")}
			and not exists (select 1 from alarm_notices e join alarm_deliveries f on f.number = e.number
				where e.subject = n.subject and f.hook = d.hook and f.state = 'told')`,
		[subjects, nowSeconds],
	);
}
