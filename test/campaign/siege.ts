/**
 * `npm run campaign -- siege [--seconds N] [--store pglite|postgresql] [--attack NAME] [--collector
 * FILE]`: stations deliver to a collector behind HTTPS while somebody attacks it, with one kind of attack
 * after the other and then with all of them together. Each is held against the same stations' waiting
 * times without an attack, just before it and just after it: what else the machine does changes by the minute. Loopback only. --collector runs another build's main.js.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { QUOTA_LIMITS } from "../../src/collector/ledger/station-quota.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import { RECORD_TABLES } from "../../src/collector/store/schema.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { hexOf } from "../../src/core/bytes.js";
import { fraction, SeededChance } from "../../src/core/chance.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1, ENVELOPE_CONTENT_TYPE } from "../../src/protocol/wire/cose.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import { postgresqlPrograms, startPostgresql } from "../support/collectors/postgresql-server.js";
import type { AttackOrder, AttackResult } from "../support/trials/siege-attacks.js";
import {
	ATTACKS,
	type AttackName,
	envelopesOf,
	keyOf,
	stationOf,
} from "../support/trials/siege-envelopes.js";

const SERVER_NAME = "collector.bistrina.invalid";
const HONEST = 60;
const READINGS_PER_BATCH = 12;
/** A session of a station: a connection of its own, some batches, and a pause: 80 batches a minute. */
const BATCHES_PER_SESSION = 4;
const PAUSE_MILLISECONDS = 3000;
const ANSWER_MILLISECONDS_MAX = 20_000;
const RATIO_MAX = 3;
/** Strangers of ten minutes are never sent: so many requests for each second of an attack. */
const STRANGERS_PER_SECOND = 330;
const TEN_MINUTES_OF_DAY = 600 / 86_400;

interface Phase {
	readonly waits: number[];
	refused: number;
	broken: number;
}

export async function run(args: string[]): Promise<boolean> {
	const after = (name: string): string | undefined =>
		args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
	const seconds = Number(after("--seconds") ?? 15);
	const isPostgresql = after("--store") === "postgresql";
	const wanted = after("--attack");
	const attacks = ATTACKS.filter((name) => wanted === undefined || name === wanted);
	const programs = postgresqlPrograms();
	if (isPostgresql && programs === undefined) throw new Error("no PostgreSQL server is installed");
	const directory = mkdtempSync(join(tmpdir(), "bistrina-siege-"));
	const server =
		isPostgresql && programs !== undefined ? await startPostgresql(programs) : undefined;
	try {
		const where = server === undefined ? [] : ["--postgres", server.connectionString];
		const openStore = (): Promise<SqlStore> =>
			server === undefined
				? openPGliteStore(directory)
				: openPostgresqlStore(server.connectionString);
		return await besiege({
			seconds,
			attacks,
			directory,
			where,
			openStore,
			program: after("--collector"),
		});
	} finally {
		await server?.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

interface Siege {
	readonly seconds: number;
	readonly attacks: readonly AttackName[];
	readonly directory: string;
	readonly where: readonly string[];
	readonly openStore: () => Promise<SqlStore>;
	readonly program: string | undefined;
}

async function besiege(siege: Siege): Promise<boolean> {
	const { seconds, attacks, directory, where, openStore } = siege;
	// Attackers have a key for each attack alone, and another for all together.
	const evils = [
		...attacks.map((_, index) => `evil-${index}`),
		...attacks.map((_, index) => `all-${index}`),
	];
	const honest = Array.from({ length: HONEST }, (_, index) => new Honest(index));
	const list = join(directory, "stations");
	const enrolled = [...honest.map(({ name }) => name), ...evils];
	writeFileSync(list, enrolled.map((name) => `${name} ${hexOf(keyOf(name).publicKey)}\n`).join(""));
	const victim = honest[0]?.name ?? "";
	const strangers = STRANGERS_PER_SECOND * seconds;
	const envelopes = new Map(
		evils.map((evil, index) => {
			const attack = attacks[index % attacks.length] ?? "idle";
			return [evil, envelopesOf(attack, evil, victim, strangers)];
		}),
	);
	const collector = await startCollector(directory, ["--stations", list, ...where], siege.program);
	const authority = (
		JSON.parse(readFileSync(join(directory, "identity.json"), "utf8")) as {
			certificateAuthority: string;
		}
	).certificateAuthority;
	const order = (name: AttackName, evil: string): AttackOrder => ({
		name,
		port: collector.port,
		serverName: SERVER_NAME,
		certificateAuthority: authority,
		milliseconds: 1000 * seconds,
		envelopes: envelopes.get(evil) ?? [],
	});
	const sent = new Map<string, number>();
	const report: Record<string, unknown> = {};
	const violations: string[] = [];
	let refusedHonest = 0;
	let isAlive = true;
	const phase = async (name: string, orders: readonly [AttackOrder, string][]): Promise<Phase> => {
		const measured: Phase = { waits: [], refused: 0, broken: 0 };
		const end = performance.now() + 1000 * seconds;
		const attacked = Promise.all(
			orders.map(async ([attack, evil]) => {
				const result = await attackBy(attack);
				sent.set(evil, result.bytesSent);
				return result;
			}),
		);
		await Promise.all(
			honest.map((station) => station.deliver(collector, authority, end, measured)),
		);
		const results = await attacked;
		measured.waits.sort((a, b) => a - b);
		console.log(
			`${name}: honest ${measured.waits.length} acknowledged, half within ${quantile(measured, 0.5).toFixed(1)} ms, ` +
				`99 % within ${quantile(measured, 0.99).toFixed(1)} ms, at most ${quantile(measured, 1).toFixed(0)} ms; ` +
				`${measured.refused} refused, ${measured.broken} broken`,
		);
		for (const { name: attack, connections, requests, statuses } of results) {
			console.log(
				`  ${attack}: ${connections} connections, ${requests} requests, ${JSON.stringify(statuses)}`,
			);
		}
		return measured;
	};
	try {
		// Keys and pages are in memory after the first round, and that is no part of the comparison.
		await phase("warming up", []);
		let before = await phase("no attack", []);
		const judge = async (name: string, measured: Phase): Promise<void> => {
			const after = await phase("no attack", []);
			const waits = [...before.waits, ...after.waits].sort((a, b) => a - b);
			const baseline = quantile({ waits }, 0.99);
			before = after;
			const ratio = quantile(measured, 0.99) / baseline;
			report[name] = {
				honestP99OverBaseline: Number(ratio.toFixed(2)),
				baselineP99Milliseconds: Number(baseline.toFixed(1)),
			};
			refusedHonest += measured.refused + measured.broken;
			if (!(ratio <= RATIO_MAX))
				violations.push(`${name}: honest stations wait ${ratio.toFixed(1)} times as long`);
			if (measured.refused + measured.broken > 0)
				violations.push(`${name}: honest stations were refused`);
		};
		for (const [index, name] of attacks.entries()) {
			const evil = evils[index] ?? "";
			await judge(name, await phase(name, [[order(name, evil), evil]]));
		}
		if (attacks.length > 1) {
			const all = attacks.map((name, index): [AttackOrder, string] => {
				const evil = evils[attacks.length + index] ?? "";
				return [order(name, evil), evil];
			});
			await judge("together", await phase("together", all));
		}
		if ((await statusOf(collector, authority, "/v1/ready")) !== 200)
			violations.push("it is not ready afterwards");
		// Refusals by strangers must not hide what the owner of a key did.
		for (const [index, name] of attacks.entries()) {
			if (name !== "forks") continue;
			for (const evil of [evils[index], evils[attacks.length + index]]) {
				if (attacks.length === 1 && evil?.startsWith("all")) continue;
				if (!collector.said().includes(`refused ${evil}: fork`))
					violations.push(`the log hides the fork of ${evil}`);
			}
		}
		isAlive = (await collector.stop("SIGINT")) === 0;
	} finally {
		await collector.stop("SIGKILL");
	}
	if (!isAlive) violations.push("the collector did not end well");
	const store = await openStore();
	try {
		for (const station of honest) {
			const [row] = await store.query("select count(*) as count from entries where station = $1", [
				station.name,
			]);
			if (Number(row?.["count"]) < station.acknowledged)
				violations.push(`${station.name} lost entries`);
		}
		const { burst, perDay } = QUOTA_LIMITS.storedBytes;
		const quota = burst + perDay * TEN_MINUTES_OF_DAY;
		const stored = await storedBytes(store);
		for (const [index, evil] of evils.entries()) {
			const attack = attacks[index % attacks.length] ?? "";
			const bytes = stored.get(evil) ?? 0;
			const beyond = Math.max(bytes - quota, 0);
			if (beyond > 0) violations.push(`${evil} stored ${beyond} bytes beyond its quota`);
			if (index >= attacks.length) continue;
			Object.assign(report[attack] as object, {
				bytesSent: sent.get(evil) ?? 0,
				bytesStoredPerAttackerOverTenMinutes: bytes,
				bytesBeyondQuota: beyond,
			});
		}
		const honestStored = honest.reduce((sum, { name }) => sum + (stored.get(name) ?? 0), 0);
		const honestSent = honest.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
		for (const violation of violations) console.log(`VIOLATION: ${violation}`);
		console.log(
			JSON.stringify({
				attacks: report,
				refusedHonest,
				quotaBytesOverTenMinutes: quota,
				honestBytesStoredPerByteSent: Number((honestStored / honestSent).toFixed(1)),
				violations: violations.length,
			}),
		);
	} finally {
		await store.close();
	}
	return violations.length === 0;
}

/** A station that delivers what it measured, a session after another. */
class Honest {
	readonly name: string;
	acknowledged = 0;
	bytesSent = 0;
	readonly #address: string;
	readonly #record;
	readonly #chance: SeededChance;

	constructor(index: number) {
		this.name = `good-${index}`;
		// Two behind each address, as a mobile operator does it.
		this.#address = `127.0.2.${1 + (index >> 1)}`;
		this.#record = stationOf(this.name, 500 + index);
		this.#chance = new SeededChance(index + 1);
	}

	async deliver(collector: CollectorProcess, ca: string, end: number, phase: Phase): Promise<void> {
		await pause(PAUSE_MILLISECONDS * fraction(this.#chance));
		while (performance.now() < end) {
			const agent = new Agent({
				ca,
				servername: SERVER_NAME,
				keepAlive: true,
				maxSockets: 1,
				localAddress: this.#address,
			});
			for (let batch = 0; batch < BATCHES_PER_SESSION; batch++)
				await this.#batch(collector, agent, phase);
			agent.destroy();
			await pause(PAUSE_MILLISECONDS * (0.5 + fraction(this.#chance)));
		}
	}

	async #batch(collector: CollectorProcess, agent: Agent, phase: Phase): Promise<void> {
		const record = this.#record;
		const first = this.acknowledged + 1;
		const last = this.acknowledged + READINGS_PER_BATCH;
		while (record.entries.length < last) {
			record.append({ kind: "event", code: 1, detail: record.entries.length, text: "" });
		}
		const envelope = record.envelope(first, last);
		const asked = performance.now();
		try {
			const { status, body } = await exchange(
				collector.port,
				agent,
				"POST",
				"/v1/batches",
				envelope,
			);
			phase.waits.push(performance.now() - asked);
			this.bytesSent += envelope.length;
			const answer = status === 200 ? decodeAnswer(decodeSign1(body).payload) : undefined;
			if (answer?.kind === "acknowledgement" && answer.cursor >= last) this.acknowledged = last;
			else phase.refused++;
		} catch {
			// The connection broke: what a station sees of a collector that is shut out.
			phase.waits.push(performance.now() - asked);
			phase.broken++;
		}
	}
}

function attackBy(order: AttackOrder): Promise<AttackResult> {
	return new Promise((resolve, reject) => {
		const thread = new Worker(new URL("../support/trials/siege-attacks.js", import.meta.url), {
			workerData: order,
		});
		thread.once("message", resolve);
		thread.once("error", reject);
	});
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

function quantile({ waits }: Pick<Phase, "waits">, part: number): number {
	return waits[Math.min(Math.floor(waits.length * part), waits.length - 1)] ?? Number.NaN;
}

async function statusOf(collector: CollectorProcess, ca: string, path: string): Promise<number> {
	const agent = new Agent({ ca, servername: SERVER_NAME });
	try {
		return (await exchange(collector.port, agent, "GET", path, new Uint8Array(0))).status;
	} finally {
		agent.destroy();
	}
}

function exchange(
	port: number,
	agent: Agent,
	method: string,
	path: string,
	body: Uint8Array,
): Promise<{ status: number; body: Uint8Array }> {
	return new Promise((resolve, reject) => {
		const headers = { "content-type": ENVELOPE_CONTENT_TYPE, "content-length": body.length };
		const outgoing = request(
			{ agent, host: "127.0.0.1", port, method, path, headers },
			(response) => {
				const parts: Buffer[] = [];
				response.on("data", (part: Buffer) => parts.push(part));
				response.on("error", reject);
				response.on("end", () =>
					resolve({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }),
				);
			},
		);
		outgoing.setTimeout(ANSWER_MILLISECONDS_MAX, () => outgoing.destroy(new Error("no answer")));
		outgoing.on("error", reject);
		outgoing.end(body);
	});
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
