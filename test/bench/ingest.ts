/**
 * `npm run bench -- ingest [--store pglite|postgresql] [--seconds N] [--https]`: signed batches of
 * twelve readings, each verified and committed before its acknowledgement is signed. The envelopes
 * are made before the clock starts; collector, database and load generator share one machine.
 * With --https the collector is a process of its own behind TLS with kept connections, without it the
 * ledger is called in this process. Criteria: PostgreSQL 1 500 batches a second, PGlite 600.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import {
	isSignedBy,
	type SigningKey,
	signingKeyOf,
	stationKeyOf,
} from "../../src/collector/ledger/keys.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { ThreadVerifier } from "../../src/collector/ledger/verifier.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { hexOf } from "../../src/core/bytes.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeBatch } from "../../src/protocol/wire/batch.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { startCollector } from "../support/collectors/collector-process.js";
import { postgresqlPrograms, startPostgresql } from "../support/collectors/postgresql-server.js";
import { SignedStation, sha256 } from "../support/collectors/signed-station.js";
import { numberAmong } from "../support/engines/number-options.js";
import { figureText, quantileOf, ratioOf } from "../support/judges/figures.js";

const READINGS_PER_BATCH = 12;
const BATCHES_PER_SECOND_MIN = { postgresql: 1500, pglite: 600 } as const;
/** More than any machine of two cores takes; what is left over at the end is not sent. */
const MADE_PER_SECOND = { postgresql: 4500, pglite: 3000 } as const;
/** A station has one session at a time; these many are in one at once. */
const SESSIONS = { postgresql: 64, pglite: 32 } as const;
const BATCHES_PER_STATION = 300;

interface Delivery {
	readonly envelope: Uint8Array;
	readonly last: number;
}

interface Station {
	readonly station: string;
	readonly publicKey: Uint8Array;
}

type Take = (envelope: Uint8Array) => Promise<{ status: number; body: Uint8Array }>;

interface Subject {
	readonly take: Take;
	/** Of the acknowledgements. */
	readonly publicKey: Uint8Array;
	readonly countRows: () => Promise<number>;
	/** Processor seconds of the database server's processes so far, 0 where it has none. */
	readonly databaseSeconds: () => number;
	/** The same of the collector's process, 0 where it is this one. */
	readonly collectorSeconds: () => number;
	readonly close: () => Promise<void>;
}

export async function run(args: string[]): Promise<boolean> {
	const name = args.includes("pglite") ? "pglite" : "postgresql";
	const seconds = numberAmong(args, "seconds", 60, [1, 3600]);
	const isHttps = args.includes("--https");
	console.log(`${name}, ${seconds} s, ${isHttps ? "HTTPS" : "in process"}, ${cpus().length} cores`);
	const stationCount = Math.ceil((seconds * MADE_PER_SECOND[name]) / BATCHES_PER_STATION);
	const stations: Station[] = [];
	const queues: Delivery[][] = [];
	for (let index = 0; index < stationCount; index++) {
		const { station, publicKey, deliveries } = makeStation(index);
		stations.push({ station, publicKey });
		queues.push(deliveries);
	}
	console.log(`${stationCount} stations with ${BATCHES_PER_STATION} signed batches each are made`);
	const subject = await openSubject(name, isHttps, stations);
	try {
		const result = await load(subject, queues, SESSIONS[name], seconds);
		const rows = await subject.countRows();
		const isWhole = rows >= result.batches * READINGS_PER_BATCH;
		console.log(
			`${result.batches} acknowledged batches, ${rows} rows: ${isWhole ? "all there" : "LOST"}`,
		);
		printShares(queues[0] ?? [], stations[0], result);
		const batchesPerSecond = Math.round(result.batches / result.seconds);
		console.log(
			JSON.stringify({
				batchesPerSecond,
				readingsPerSecond: batchesPerSecond * READINGS_PER_BATCH,
				store: name,
				https: isHttps,
				seconds: Math.round(result.seconds),
			}),
		);
		return isWhole && batchesPerSecond >= BATCHES_PER_SECOND_MIN[name];
	} finally {
		await subject.close();
	}
}

function keyOfStation(index: number): SigningKey {
	return signingKeyOf(sha256(Buffer.from(`bench station ${index}`)));
}

/** A station and all its batches; the record itself is not kept, it would fill the memory. */
function makeStation(index: number): Station & { readonly deliveries: Delivery[] } {
	const { publicKey, sign } = keyOfStation(index);
	const name = `b${index}`;
	const record = new SignedStation({ station: name, epoch: 1000 + index, publicKey, sign });
	record.appendReadings(BATCHES_PER_STATION * READINGS_PER_BATCH - 1, index);
	const deliveries = Array.from({ length: BATCHES_PER_STATION }, (_, batch) => {
		const first = batch * READINGS_PER_BATCH + 1;
		const last = first + READINGS_PER_BATCH - 1;
		// All before it is acknowledged by then: every batch moves the station's floor.
		return { envelope: record.envelope(first, last, { floor: first }), last };
	});
	return { station: name, publicKey, deliveries };
}

async function openSubject(
	name: "pglite" | "postgresql",
	isHttps: boolean,
	stations: readonly Station[],
): Promise<Subject> {
	const directory = mkdtempSync(join(tmpdir(), "bistrina-ingest-"));
	const programs = postgresqlPrograms();
	if (name === "postgresql" && programs === undefined) {
		throw new Error("no PostgreSQL server is installed (Debian: apt install postgresql)");
	}
	const server =
		name === "postgresql" && programs !== undefined ? await startPostgresql(programs) : undefined;
	const databaseSeconds = (): number => (server === undefined ? 0 : processorSeconds(server.pid()));
	const openStore = (): Promise<SqlStore> =>
		server === undefined
			? openPGliteStore(directory)
			: openPostgresqlStore(server.connectionString);
	const close = async (): Promise<void> => {
		await server?.stop();
		rmSync(directory, { recursive: true, force: true });
	};
	const countIn = async (store: SqlStore): Promise<number> => {
		const [row] = await store.query("select count(*)::integer as rows from entries");
		return Number(row?.["rows"]);
	};
	if (isHttps) {
		const list = join(directory, "stations");
		writeFileSync(list, stations.map((s) => `${s.station} ${hexOf(s.publicKey)}\n`).join(""));
		const where = server === undefined ? [] : ["--postgres", server.connectionString];
		const collector = await startCollector(directory, ["--stations", list, ...where]);
		return {
			take: collector.post,
			publicKey: collector.publicKey,
			countRows: async () => {
				await collector.stop("SIGINT");
				const store = await openStore();
				const count = await countIn(store);
				await store.close();
				return count;
			},
			databaseSeconds,
			collectorSeconds: () => processorSeconds(collector.pid),
			close: async () => {
				await collector.stop("SIGKILL");
				await close();
			},
		};
	}
	const store = await openStore();
	const key = signingKeyOf(sha256(Buffer.from("bench collector")));
	const verifier = new ThreadVerifier();
	const ledger = new Ledger({
		store,
		key,
		verifier,
		clock: {
			get utcSeconds() {
				return Math.floor(Date.now() / 1000);
			},
		},
	});
	for (const { station, publicKey } of stations) await ledger.enrol(station, publicKey);
	return {
		take: (envelope) => ledger.receive(envelope),
		publicKey: key.publicKey,
		countRows: () => countIn(store),
		databaseSeconds,
		collectorSeconds: () => 0,
		close: async () => {
			await store.close();
			await verifier.close();
			await close();
		},
	};
}

interface Load {
	readonly batches: number;
	readonly seconds: number;
	/** Processor seconds of this process. */
	readonly ownSeconds: number;
	readonly databaseSeconds: number;
	readonly collectorSeconds: number;
	/** Of this process, what the load generator took to read and check answers. */
	readonly loadSeconds: number;
	readonly millisecondsAtMost: { readonly half: number | null; readonly of99: number | null };
}

async function load(
	subject: Subject,
	queues: readonly (readonly Delivery[])[],
	sessions: number,
	seconds: number,
): Promise<Load> {
	const key = stationKeyOf(subject.publicKey);
	const waits: number[] = [];
	let batches = 0;
	let nextQueue = 0;
	const started = performance.now();
	const end = started + 1000 * seconds;
	const cpu = process.cpuUsage();
	const database = subject.databaseSeconds();
	const collector = subject.collectorSeconds();
	let loadMilliseconds = 0;
	const session = async (): Promise<void> => {
		for (let queue = queues[nextQueue++]; queue !== undefined; queue = queues[nextQueue++]) {
			for (const { envelope, last } of queue) {
				const asked = performance.now();
				if (asked >= end) return;
				const { status, body } = await subject.take(envelope);
				const answered = performance.now();
				waits.push(answered - asked);
				if (status !== 200) throw new Error(`refused with ${status}`);
				const { payload, toBeSigned, signature } = decodeSign1(body);
				const answer = decodeAnswer(payload);
				if (answer.kind !== "acknowledgement" || answer.cursor < last)
					throw new Error("not stored");
				// Checking is the stations' work; one in a hundred shows that it would succeed.
				if (batches % 100 === 0 && !isSignedBy(key, toBeSigned, signature))
					throw new Error("forged");
				batches++;
				loadMilliseconds += performance.now() - answered;
			}
		}
	};
	await Promise.all(Array.from({ length: sessions }, session));
	const elapsed = (performance.now() - started) / 1000;
	if (elapsed < seconds) console.log(`the load ran out after ${elapsed.toFixed(1)} s`);
	const { user, system } = process.cpuUsage(cpu);
	return {
		batches,
		seconds: elapsed,
		ownSeconds: (user + system) / 1e6,
		databaseSeconds: subject.databaseSeconds() - database,
		collectorSeconds: subject.collectorSeconds() - collector,
		loadSeconds: loadMilliseconds / 1000,
		millisecondsAtMost: {
			half: quantileOf(waits, 0.5),
			of99: quantileOf(waits, 0.99),
		},
	};
}

/** The ledger's own steps, timed one by one afterwards; what remains is waiting for the database. */
function printShares(
	deliveries: readonly Delivery[],
	station: Station | undefined,
	result: Load,
): void {
	if (station === undefined) return;
	const per = (seconds: number): string => figureText(ratioOf(1e6 * seconds, result.batches), 0);
	const own =
		result.collectorSeconds > 0
			? `load generator ${per(result.ownSeconds)} us, collector ${per(result.collectorSeconds)} us`
			: `this process ${per(result.ownSeconds)} us (of it the load generator ${per(result.loadSeconds)})`;
	console.log(
		`processor time per batch: ${own}, ` +
			`database server ${per(result.databaseSeconds)} us; waiting for an answer: ` +
			`half within ${figureText(result.millisecondsAtMost.half, 1)} ms, ` +
			`99 % within ${figureText(result.millisecondsAtMost.of99, 1)} ms`,
	);
	const key = stationKeyOf(station.publicKey);
	const signer = signingKeyOf(new Uint8Array(32).fill(5));
	const opened = deliveries.map(({ envelope }) => decodeSign1(envelope));
	const time = (step: (index: number) => void): string => {
		const started = performance.now();
		for (let index = 0; index < opened.length; index++) step(index);
		return ((1000 * (performance.now() - started)) / opened.length).toFixed(0);
	};
	const verified = time((index) => {
		const { toBeSigned, signature } = opened[index] ?? {
			toBeSigned: new Uint8Array(),
			signature: new Uint8Array(),
		};
		isSignedBy(key, toBeSigned, signature);
	});
	const decoded = time((index) => decodeBatch(opened[index]?.payload ?? new Uint8Array()));
	const hashed = time(() => {
		for (let entry = 0; entry < READINGS_PER_BATCH; entry++)
			sha256(new Uint8Array(32), new Uint8Array(56));
	});
	const signed = time((index) => signer.sign(opened[index]?.payload ?? new Uint8Array()));
	console.log(
		`of the ledger, in us: verify ${verified}, decode ${decoded}, chain ${hashed}, sign ${signed}`,
	);
}

const TICKS_PER_SECOND = 100;

/** User and system time of a process and its children, living and gone, from /proc (Linux). */
function processorSeconds(parent: number): number {
	let ticks = 0;
	for (const name of readdirSync("/proc")) {
		if (!/^\d+$/.test(name)) continue;
		try {
			const text = readFileSync(`/proc/${name}/stat`, "utf8");
			const fields = text
				.slice(text.lastIndexOf(")") + 2)
				.split(" ")
				.map(Number);
			const [, ppid = 0] = fields;
			if (Number(name) !== parent && ppid !== parent) continue;
			// proc(5): utime, stime; of the parent also those of children that are gone.
			ticks += (fields[11] ?? 0) + (fields[12] ?? 0);
			if (Number(name) === parent) ticks += (fields[13] ?? 0) + (fields[14] ?? 0);
		} catch {
			// The process ended between the listing and the reading.
		}
	}
	return ticks / TICKS_PER_SECOND;
}
