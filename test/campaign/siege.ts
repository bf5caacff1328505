/**
 * `npm run campaign -- siege [--store pglite|postgresql] [--attack NAME] [--pairs N] [--seconds N]
 * [--patience MINUTES] [--collector FILE]`: stations deliver to a collector behind HTTPS while somebody attacks it, with one kind of
 * attack after the other and then with all of them together. Slices of --seconds with and without the
 * attack take turns; test/support/judges/siege-judge.ts says how they are held against each other, and by what
 * where the machine has other work. For --patience it waits for one that has none. Loopback only.
 * --collector runs another build's main.js.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { QUOTA_LIMITS } from "../../src/collector/ledger/station-quota.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import { RECORD_TABLES } from "../../src/collector/store/schema.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { hexOf } from "../../src/core/bytes.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import { postgresqlPrograms, startPostgresql } from "../support/collectors/postgresql-server.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { textOptions } from "../support/engines/text-options.js";
import {
	isTooBusy,
	type ProcessorShares,
	quantile,
	type SiegePair,
	siegeRatioOf,
} from "../support/judges/siege-judge.js";
import { machineSeconds, processorUseOf, workClock } from "../support/trials/processor-time.js";
import { Attackers, hasSessionGroups } from "../support/trials/siege-attackers.js";
import type { AttackOrder, AttackResult } from "../support/trials/siege-attacks.js";
import { ATTACKS, type AttackName, keyOf } from "../support/trials/siege-envelopes.js";
import {
	type Besieged,
	Honest,
	pause,
	type Slice,
	statusOf,
} from "../support/trials/siege-honest.js";
import { tooWeak } from "../support/trials/siege-least.js";

const SERVER_NAME = "collector.bistrina.invalid";
const HONEST = 60;
const RATIO_MAX = 3;
const SECONDS = 6;
const PAIRS = 3;
const PAIRS_MAX = 9;
/** How long a calm machine is waited for; after that the collector's work is what is judged. */
const PATIENCE_MINUTES = 0;
/** Attackers of a trial that are enrolled: each attacks once. */
const TRIES_MAX = 40;
/** A slice needs so many processors that nobody else uses, for so many looks one after the other. */
const FREE_PROCESSORS_MIN = 0.7;
const CALM_LOOKS = 2;
const LOOK_MILLISECONDS = 1000;
/** What a slice leaves in the machine is none of the next one's. */
const BETWEEN_MILLISECONDS = 1000;
/** Strangers of ten minutes are never sent: so many requests for each second of an attack. */
const STRANGERS_PER_SECOND = 330;
const TEN_MINUTES_OF_DAY = 600 / 86_400;
const OPTIONS = ["store", "attack", "pairs", "seconds", "patience", "collector"] as const;
const USAGE =
	"usage: npm run campaign -- siege [--store pglite|postgresql] " +
	`[--attack ${ATTACKS.join("|")}|together] [--pairs 1..${PAIRS_MAX}] [--seconds 1..3600] [--patience MINUTES] [--collector FILE]`;

interface Trial {
	readonly name: AttackName | "together";
	readonly attacks: readonly AttackName[];
}

interface Report {
	readonly honestP99OverBaseline: number;
	/** Milliseconds of a clock, or of the collector's work (siege-judge.ts). */
	readonly judgedBy: "clock" | "work";
	readonly eachPair: readonly number[];
	readonly baselineP99Milliseconds: number;
	readonly bytesSent: number;
	bytesStoredPerAttackerOverTenMinutes?: number;
	bytesBeyondQuota?: number;
}

export async function run(args: string[]): Promise<boolean> {
	const options = textOptions(args, OPTIONS, USAGE);
	const number = (
		name: "seconds" | "pairs" | "patience",
		start: number,
		range: readonly [number, number],
	): number => wholeNumber(`--${name}`, options[name] ?? String(start), range, USAGE);
	const seconds = number("seconds", SECONDS, [1, 3600]);
	const pairs = number("pairs", PAIRS, [1, PAIRS_MAX]);
	const patienceMinutes = number("patience", PATIENCE_MINUTES, [0, 1440]);
	const wanted = options.attack;
	const trials: Trial[] = [
		...ATTACKS.map((name): Trial => ({ name, attacks: [name] })),
		{ name: "together" as const, attacks: ATTACKS },
	].filter(({ name }) => wanted === undefined || name === wanted);
	const store = options.store ?? "pglite";
	if (trials.length === 0 || !/^(pglite|postgresql)$/.test(store)) {
		throw new UsageError(USAGE);
	}
	const programs = postgresqlPrograms();
	if (store === "postgresql" && programs === undefined) {
		throw new Error("no PostgreSQL server is installed");
	}
	if (store === "postgresql" && hasSessionGroups()) {
		console.log(
			"Linux shares the processors out among sessions here, so attackers take some of the database's:" +
				" run `sysctl kernel.sched_autogroup_enabled=0` before a siege, and with 1 afterwards",
		);
	}
	const directory = mkdtempSync(join(tmpdir(), "bistrina-siege-"));
	const server =
		store === "postgresql" && programs !== undefined ? await startPostgresql(programs) : undefined;
	const attackers = new Attackers(server !== undefined);
	try {
		const openStore = (): Promise<SqlStore> =>
			server === undefined
				? openPGliteStore(directory)
				: openPostgresqlStore(server.connectionString);
		const where = server === undefined ? [] : ["--postgres", server.connectionString];
		const siege = new Siege({ seconds, pairs, patienceMinutes, trials, directory, attackers });
		await siege.besiege(where, options.collector, server?.pid());
		return await siege.judge(openStore);
	} finally {
		attackers.stop();
		await server?.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

interface SiegeOptions {
	readonly seconds: number;
	readonly pairs: number;
	readonly patienceMinutes: number;
	readonly trials: readonly Trial[];
	readonly directory: string;
	readonly attackers: Attackers;
}

class Siege {
	readonly #options: SiegeOptions;
	readonly #honest = Array.from({ length: HONEST }, (_, index) => new Honest(index));
	readonly #reports = new Map<string, Report>();
	readonly #violations: string[] = [];
	#refusedHonest = 0;
	#patienceMilliseconds: number;
	/** Who attacked, and how. */
	readonly #attacked = new Map<string, AttackName>();
	/** Pids by name: whose processor time is told. */
	#processes: readonly (readonly [string, number])[] = [];

	constructor(options: SiegeOptions) {
		this.#options = options;
		this.#patienceMilliseconds = 60_000 * options.patienceMinutes;
	}

	async besiege(
		where: readonly string[],
		program: string | undefined,
		database: number | undefined,
	): Promise<void> {
		const { directory, trials, attackers } = this.#options;
		const list = join(directory, "stations");
		const evils = trials.flatMap((trial) =>
			Array.from({ length: TRIES_MAX }, (_, turn) => evilsOf(trial, turn)).flat(),
		);
		const enrolled = [...this.#honest.map(({ name }) => name), ...evils];
		writeFileSync(
			list,
			enrolled.map((name) => `${name} ${hexOf(keyOf(name).publicKey)}\n`).join(""),
		);
		const collector = await startCollector(directory, ["--stations", list, ...where], program);
		this.#processes = [
			["collector", collector.pid],
			...(database === undefined ? [] : [["database", database] as const]),
			["honest", process.pid],
			["attackers", attackers.pid],
		];
		try {
			for (const trial of trials) await this.#try(trial, collector);
			const besieged = this.#besieged(collector);
			if ((await statusOf(besieged, "/v1/ready")) !== 200) {
				this.#violations.push("it is not ready afterwards");
			}
			for (const [evil, attack] of this.#attacked) {
				// Refusals by strangers must not hide what the owner of a key did.
				if (attack === "forks" && !collector.output().includes(`refused ${evil}: fork`)) {
					this.#violations.push(`the log hides the fork of ${evil}`);
				}
			}
			if ((await collector.stop("SIGINT")) !== 0) {
				this.#violations.push("the collector did not end well");
			}
		} finally {
			await collector.stop("SIGKILL");
		}
	}

	/** Quiet, attacked, quiet, and so on: each attack by somebody new. */
	async #try(trial: Trial, collector: CollectorProcess): Promise<void> {
		const { pairs } = this.#options;
		const besieged = this.#besieged(collector);
		// Keys and pages are in memory after a first round, and that is no part of the comparison.
		if (this.#reports.size === 0) await this.#slice("warming up", besieged, []);
		const byClock: SiegePair[] = [];
		const byWork: SiegePair[] = [];
		let bytesSent = 0;
		let before = await this.#slice("quiet", besieged, []);
		const isEnough = (): boolean =>
			byClock.length >= pairs || (byWork.length >= pairs && this.#patienceMilliseconds <= 0);
		for (let turn = 0; turn < TRIES_MAX && !isEnough(); turn++) {
			const orders = this.#ordersOf(trial, turn, besieged);
			const attacked = await this.#slice(trial.name, besieged, orders);
			const after = await this.#slice("quiet", besieged, []);
			const quiet = [before, after];
			before = after;
			bytesSent = Math.max(bytesSent, ...attacked.results.map((result) => result.bytesSent));
			const isBusy = isTooBusy(quiet, attacked);
			const weakness = this.#weaknessOf(attacked, isBusy ? attacked.share : 1);
			if (weakness !== undefined) console.log(`  not judged: ${weakness}`);
			else byWork.push({ quiet: quiet.flatMap(({ works }) => works), attacked: attacked.works });
			if (weakness !== undefined || isBusy) {
				await this.#bePatient(turn);
				continue;
			}
			byClock.push({ quiet: quiet.flatMap(({ waits }) => waits), attacked: attacked.waits });
			const broken = [...quiet, attacked].reduce((sum, slice) => sum + slice.broken, 0);
			this.#refusedHonest += broken;
			if (broken > 0) this.#violations.push(`${trial.name}: ${broken} connections broke`);
		}
		const judgedBy = byClock.length >= pairs ? "clock" : "work";
		const { median, each, quietMilliseconds } = siegeRatioOf(
			judgedBy === "clock" ? byClock : byWork,
		);
		this.#reports.set(trial.name, {
			honestP99OverBaseline: Number(median.toFixed(2)),
			judgedBy,
			eachPair: each.map((ratio) => Number(ratio.toFixed(2))),
			baselineP99Milliseconds: Number(quietMilliseconds.toFixed(1)),
			bytesSent,
		});
		if (!isEnough()) this.#violations.push(`${trial.name}: not judged, the machine is too busy`);
		else if (!(median <= RATIO_MAX)) {
			this.#violations.push(
				`${trial.name}: honest stations wait ${median.toFixed(1)} times as long`,
			);
		}
	}

	#weaknessOf(
		{ results }: { readonly results: readonly AttackResult[] },
		share: number,
	): string | undefined {
		const { seconds } = this.#options;
		const company = results.map(({ name }) => name);
		return results
			.map((result) => tooWeak(result, company, seconds, share))
			.find((words) => words !== undefined);
	}

	/** Waits until others leave processors free, as long as there is patience. */
	async #bePatient(turn: number): Promise<void> {
		const begun = performance.now();
		console.log(`  pair ${turn + 1} is not judged by the clock`);
		for (let calm = 0; calm < CALM_LOOKS; ) {
			if (performance.now() - begun > this.#patienceMilliseconds) break;
			const from = machineSeconds();
			await pause(LOOK_MILLISECONDS);
			const to = machineSeconds();
			if (from === undefined || to === undefined) return;
			const used = (1000 * (to - from)) / LOOK_MILLISECONDS;
			calm = availableParallelism() - used >= FREE_PROCESSORS_MIN ? calm + 1 : 0;
		}
		this.#patienceMilliseconds -= performance.now() - begun;
	}

	#ordersOf(trial: Trial, turn: number, besieged: Besieged): readonly AttackOrder[] {
		const { seconds } = this.#options;
		const evils = evilsOf(trial, turn);
		return trial.attacks.map((name, index) => ({
			name,
			...besieged,
			milliseconds: 1000 * seconds,
			evil: evils[index] ?? "",
			victim: this.#honest[0]?.name ?? "",
			strangers: Math.ceil(STRANGERS_PER_SECOND * seconds),
		}));
	}

	async #slice(
		name: string,
		besieged: Besieged,
		orders: readonly AttackOrder[],
	): Promise<Slice & ProcessorShares & { readonly results: readonly AttackResult[] }> {
		const { seconds, attackers } = this.#options;
		for (const { evil, name: attack } of orders) this.#attacked.set(evil, attack);
		if (orders.length > 0) await attackers.prepare(orders);
		await pause(BETWEEN_MILLISECONDS);
		const slice: Slice = { waits: [], works: [], refused: 0, broken: 0 };
		const clock = workClock(this.#processes.slice(0, -2).map(([, pid]) => pid));
		const count = this.#countProcessors();
		const end = performance.now() + 1000 * seconds;
		const attacked = orders.length === 0 ? Promise.resolve([]) : attackers.attack();
		await Promise.all(this.#honest.map((station) => station.deliver(besieged, end, slice, clock)));
		const { output, ...shares } = count();
		const results = await attacked;
		const { waits, refused, broken } = slice;
		this.#refusedHonest += refused;
		if (refused > 0) this.#violations.push(`${name}: ${refused} honest batches were refused`);
		console.log(
			`${name}: honest ${waits.length} answered, half within ${quantile(waits, 0.5).toFixed(1)} ms, ` +
				`99 % within ${quantile(waits, 0.99).toFixed(1)} ms and ${quantile(slice.works, 0.99).toFixed(1)} ms of work, at most ${quantile(waits, 1).toFixed(0)} ms; ` +
				`${refused} refused, ${broken} broken; processors: ${output}`,
		);
		for (const { name: attack, connections, requests, statuses } of results) {
			console.log(
				`  ${attack}: ${connections} connections, ${requests} requests, ${JSON.stringify(statuses)}`,
			);
		}
		return { ...slice, ...shares, results };
	}

	/** Begins to count who uses the processors; the result says it of the time since. */
	#countProcessors(): () => ProcessorShares & { readonly output: string } {
		// Collector and attackers are children of the honest stations' process, and counted by themselves.
		const pids = this.#processes.map(([, pid]) => pid);
		const sample = () => ({
			milliseconds: performance.now(),
			machine: machineSeconds(),
			uses: pids.map((pid) => processorUseOf(pid, pids)),
		});
		const from = sample();
		return () => {
			const to = sample();
			const seconds = (to.milliseconds - from.milliseconds) / 1000;
			const rate = (a: number | undefined, b: number | undefined): number =>
				((b ?? 0) - (a ?? 0)) / seconds;
			let others = rate(from.machine, to.machine);
			let waited = 0;
			let share = 1;
			const lines = this.#processes.map(([name], index) => {
				const [a, b] = [from.uses[index], to.uses[index]];
				const used = rate(a?.seconds, b?.seconds);
				others -= used;
				if (name !== "collector" && name !== "honest") return `${name} ${used.toFixed(2)}`;
				const waits = rate(a?.mainWaitedSeconds, b?.mainWaitedSeconds);
				waited = Math.max(waited, waits);
				const main = rate(a?.mainSeconds, b?.mainSeconds);
				if (name === "collector" && main + waits > 0) share = main / (main + waits);
				return `${name} ${used.toFixed(2)} (main thread ${main.toFixed(2)}, waits for one ${waits.toFixed(2)})`;
			});
			others = Math.max(others, 0);
			return {
				waited,
				share,
				others,
				output: [...lines, `others ${others.toFixed(2)}`].join(", "),
			};
		};
	}

	#besieged({ port }: CollectorProcess): Besieged {
		const identity = readFileSync(join(this.#options.directory, "identity.json"), "utf8");
		const { certificateAuthority } = JSON.parse(identity) as { certificateAuthority: string };
		return { port, serverName: SERVER_NAME, certificateAuthority };
	}

	/** After the end: what is stored, and the last line. */
	async judge(openStore: () => Promise<SqlStore>): Promise<boolean> {
		const { trials } = this.#options;
		const { burst, perDay } = QUOTA_LIMITS.storedBytes;
		const quota = burst + perDay * TEN_MINUTES_OF_DAY;
		const store = await openStore();
		try {
			for (const station of this.#honest) {
				const [row] = await store.query(
					"select count(*) as count from entries where station = $1",
					[station.name],
				);
				if (Number(row?.["count"]) < station.acknowledged) {
					this.#violations.push(`${station.name} lost entries`);
				}
			}
			const stored = await storedBytes(store);
			for (const trial of trials) {
				const evils = Array.from({ length: TRIES_MAX }, (_, turn) => evilsOf(trial, turn)).flat();
				const bytes = Math.max(...evils.map((evil) => stored.get(evil) ?? 0));
				const beyond = Math.max(bytes - quota, 0);
				if (beyond > 0) this.#violations.push(`${trial.name}: ${beyond} bytes beyond the quota`);
				const report = this.#reports.get(trial.name);
				if (report === undefined) continue;
				report.bytesStoredPerAttackerOverTenMinutes = bytes;
				report.bytesBeyondQuota = beyond;
			}
			const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
			const honestStored = sum(this.#honest.map(({ name }) => stored.get(name) ?? 0));
			const honestSent = sum(this.#honest.map(({ bytesSent }) => bytesSent));
			for (const violation of this.#violations) console.log(`VIOLATION: ${violation}`);
			console.log(
				JSON.stringify({
					store: store.name,
					attacks: Object.fromEntries(this.#reports),
					refusedHonest: this.#refusedHonest,
					quotaBytesOverTenMinutes: quota,
					honestBytesStoredPerByteSent: Number((honestStored / honestSent).toFixed(1)),
					violations: this.#violations.length,
				}),
			);
		} finally {
			await store.close();
		}
		return this.#violations.length === 0;
	}
}

/** The attackers of one slice, a key for each attack: "e-3-1" alone, "t-3-1" together with the others. */
function evilsOf({ name, attacks }: Trial, turn: number): string[] {
	const kind = name === "together" ? "t" : "e";
	return attacks.map((attack) => `${kind}-${ATTACKS.indexOf(attack)}-${turn}`);
}

/** Of each table's file and indexes a station's share by its rows. */
async function storedBytes(store: SqlStore): Promise<Map<string, number>> {
	const bytes = new Map<string, number>();
	for (const table of [...RECORD_TABLES, "evidence"]) {
		const rows = await store.query(
			`select station, sum(pg_column_size(t.*))::float8 as own,
				(sum(sum(pg_column_size(t.*))) over ())::float8 as everybodys,
				pg_total_relation_size('${table}')::float8 as total
			from ${table} t group by station`,
		);
		for (const row of rows) {
			const share = (Number(row["own"]) / Number(row["everybodys"])) * Number(row["total"]);
			const station = String(row["station"]);
			bytes.set(station, Math.round((bytes.get(station) ?? 0) + share));
		}
	}
	return bytes;
}
