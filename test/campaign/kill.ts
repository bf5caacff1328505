/**
 * `npm run campaign -- kill [--runs N] [--readings N] [--seed N] [--store pglite|postgresql]`: the
 * collector as a process behind HTTPS is killed with -9 at random moments while stations deliver, and
 * with PostgreSQL the server too, or both. After every run what was acknowledged must be stored,
 * once, as it was sent; then every batch goes there three times and reordered and the tables must
 * stay what they were, byte by byte. Without --store runs alternate.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSignedBy, signingKeyOf, stationKeyOf } from "../../src/collector/ledger/keys.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { equalBytes, hexOf } from "../../src/core/bytes.js";
import { fraction, integerBelow, SeededRandom, seedOf } from "../../src/core/random.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import {
	type PostgresqlServer,
	postgresqlPrograms,
	startPostgresql,
} from "../support/collectors/postgresql-server.js";
import { SignedStation, sha256 } from "../support/collectors/signed-station.js";
import { type StoreName, storesOf } from "../support/collectors/store-option.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { textOptions } from "../support/engines/text-options.js";
import {
	type AcknowledgedPart,
	type Judgement,
	judgeRecord,
} from "../support/judges/record-judge.js";

const OPTIONS = ["runs", "readings", "seed", "store"] as const;
const USAGE =
	"usage: npm run campaign -- kill [--runs N] [--readings N] [--seed N] [--store pglite|postgresql]";
const READINGS_PER_BATCH = 12;
const STATIONS = 10;
/** Kills of a run are spread over its deliveries. */
const KILLS_PER_RUN = 5;
const RETRY_MILLISECONDS = 50;

interface Options {
	readonly runs: number;
	readonly readings: number;
	readonly seed: number;
	readonly stores: readonly StoreName[];
}

interface Delivery extends AcknowledgedPart {
	readonly envelope: Uint8Array;
}

interface Outcome {
	readonly acknowledged: number;
	readonly missing: number;
	readonly kills: number;
	readonly isUnmoved: boolean;
}

export async function run(args: string[]): Promise<boolean> {
	const options = optionsOf(args);
	console.log(`seed ${options.seed}`);
	let acknowledged = 0;
	let missing = 0;
	let kills = 0;
	let isUnmoved = true;
	for (let index = 0; index < options.runs; index++) {
		const store = options.stores[index % options.stores.length] ?? "pglite";
		const seed = seedOf(options.seed, `run-${index}`);
		const outcome = await killRun(store, Math.ceil(options.readings / options.runs), seed);
		acknowledged += outcome.acknowledged;
		missing += outcome.missing;
		kills += outcome.kills;
		isUnmoved &&= outcome.isUnmoved;
		console.log(
			`run ${index + 1} on ${store}: ${outcome.acknowledged} acknowledged, ${outcome.missing} missing ` +
				`after ${outcome.kills} kills; three times and reordered: ` +
				`${outcome.isUnmoved ? "tables unchanged" : "TABLES CHANGED"}`,
		);
	}
	const { runs } = options;
	console.log(JSON.stringify({ acknowledged, missing, runs, kills, tablesUnchanged: isUnmoved }));
	return missing === 0 && isUnmoved && acknowledged >= options.readings;
}

function optionsOf(args: readonly string[]): Options {
	const { runs, readings, seed, store } = textOptions(args, OPTIONS, USAGE);
	return {
		runs: wholeNumber("--runs", runs ?? "10", [1, 100_000], USAGE),
		readings: wholeNumber("--readings", readings ?? "50000", [1, 10_000_000], USAGE),
		seed: wholeNumber("--seed", seed ?? String(Date.now() >>> 0), [0, 0xffff_ffff], USAGE),
		stores: storesOf(store, ["postgresql", "pglite"]),
	};
}

async function killRun(name: StoreName, readings: number, seed: number): Promise<Outcome> {
	const random = new SeededRandom(seed);
	const directory = mkdtempSync(join(tmpdir(), "bistrina-kill-"));
	const programs = postgresqlPrograms();
	const server =
		name === "postgresql" && programs !== undefined ? await startPostgresql(programs) : undefined;
	try {
		const stations = makeStations(Math.ceil(readings / STATIONS), seed);
		const list = join(directory, "stations");
		writeFileSync(
			list,
			stations.map(({ station, publicKey }) => `${station} ${hexOf(publicKey)}\n`).join(""),
		);
		const subject = new Subject(directory, list, server);
		await subject.start();
		const deliveries = stations.map(deliveriesOf);
		const acknowledged = await deliverUnderFire(subject, deliveries, random);
		await subject.collector?.stop("SIGKILL");
		const before = await judge(subject, stations, acknowledged);
		await subject.start();
		await deliverAgain(subject, deliveries.flat(), random);
		await subject.collector?.stop("SIGINT");
		const after = await judge(subject, stations, acknowledged);
		return {
			acknowledged: before.entryCount,
			missing: before.missing + after.missing,
			kills: subject.killCount,
			isUnmoved: before.text === after.text,
		};
	} finally {
		await server?.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

/** The collector that is killed and started again, and the server behind it. */
class Subject {
	collector: CollectorProcess | undefined;
	killCount = 0;
	readonly #directory: string;
	readonly #list: string;
	readonly #server: PostgresqlServer | undefined;

	constructor(directory: string, list: string, server: PostgresqlServer | undefined) {
		this.#directory = directory;
		this.#list = list;
		this.#server = server;
	}

	async start(): Promise<void> {
		const where = this.#server === undefined ? [] : ["--postgres", this.#server.connectionString];
		this.collector = await startCollector(this.#directory, ["--stations", this.#list, ...where]);
	}

	/** Kills the collector, the server, or both, and brings back what died. */
	async killSomething(random: SeededRandom): Promise<void> {
		this.killCount++;
		const choice = this.#server === undefined ? 0 : integerBelow(random, 3);
		const hitsCollector = choice !== 1;
		if (hitsCollector) await this.collector?.stop("SIGKILL");
		if (choice !== 0) await this.#server?.killAndRestart();
		if (hitsCollector) await this.start();
	}

	openStore(): Promise<SqlStore> {
		return this.#server === undefined
			? openPGliteStore(this.#directory)
			: openPostgresqlStore(this.#server.connectionString);
	}
}

function makeStations(readings: number, seed: number): SignedStation[] {
	return Array.from({ length: STATIONS }, (_, index) => {
		const key = signingKeyOf(sha256(Buffer.from(`kill ${seed} ${index}`)));
		const station = new SignedStation({
			station: `k${index}`,
			epoch: 500 + index,
			publicKey: key.publicKey,
			sign: key.sign,
		});
		station.appendReadings(readings, index);
		return station;
	});
}

function deliveriesOf(station: SignedStation): Delivery[] {
	return station.envelopes(READINGS_PER_BATCH).map((envelope, index) => ({
		station,
		first: index * READINGS_PER_BATCH + 1,
		last: Math.min((index + 1) * READINGS_PER_BATCH, station.entries.length),
		envelope,
	}));
}

/** All stations at once, each until its last batch is acknowledged; what was acknowledged. */
async function deliverUnderFire(
	subject: Subject,
	deliveries: readonly (readonly Delivery[])[],
	random: SeededRandom,
): Promise<Delivery[]> {
	const acknowledged: Delivery[] = [];
	const total = deliveries.flat().length;
	const killsAt = Array.from({ length: KILLS_PER_RUN }, () => Math.floor(total * fraction(random)));
	killsAt.sort((a, b) => a - b);
	let isOver = false;
	const sniper = (async () => {
		for (const killAt of killsAt) {
			while (acknowledged.length < killAt && !isOver) await pause(1);
			// A moment later is in the middle of something.
			await pause(integerBelow(random, 20));
			await subject.killSomething(random);
		}
	})();
	await Promise.all(
		deliveries.map(async (queue) => {
			for (const delivery of queue) {
				while (!(await isAcknowledged(subject, delivery))) await pause(RETRY_MILLISECONDS);
				acknowledged.push(delivery);
			}
		}),
	);
	isOver = true;
	await sniper;
	return acknowledged;
}

/** True after a signed acknowledgement of this batch; false when there was none. */
async function isAcknowledged(
	subject: Subject,
	delivery: Delivery,
	localAddress?: string,
): Promise<boolean> {
	const { collector } = subject;
	if (collector === undefined) return false;
	let answered: { status: number; body: Uint8Array };
	try {
		answered = await collector.post(delivery.envelope, localAddress);
	} catch {
		// Connection refused or broken: that is what this campaign does to it.
		return false;
	}
	if (answered.status === 503) return false;
	if (answered.status !== 200) throw new Error(`answered with ${answered.status}`);
	const { payload, toBeSigned, signature } = decodeSign1(answered.body);
	if (!isSignedBy(stationKeyOf(collector.publicKey), toBeSigned, signature)) {
		throw new Error("an acknowledgement by another key");
	}
	const answer = decodeAnswer(payload);
	const isOfThis = equalBytes(answer.requestHash, sha256(delivery.envelope));
	if (answer.kind !== "acknowledgement" || !isOfThis || answer.cursor < delivery.last) {
		throw new Error(`an answer that is none: ${JSON.stringify(answer)}`);
	}
	return true;
}

async function deliverAgain(
	subject: Subject,
	deliveries: readonly Delivery[],
	random: SeededRandom,
): Promise<void> {
	const again = [...deliveries, ...deliveries, ...deliveries];
	for (let left = again.length - 1; left > 0; left--) {
		const other = integerBelow(random, left + 1);
		[again[left], again[other]] = [again[other] as Delivery, again[left] as Delivery];
	}
	let next = 0;
	// Each from an address of its own: what nothing new comes of is taken 200 times a second of one.
	const session = async (_: unknown, index: number): Promise<void> => {
		const address = `127.0.3.${1 + index}`;
		for (let delivery = again[next++]; delivery !== undefined; delivery = again[next++]) {
			if (!(await isAcknowledged(subject, delivery, address))) {
				throw new Error("not acknowledged again");
			}
		}
	};
	await Promise.all(Array.from({ length: 16 }, session));
}

async function judge(
	subject: Subject,
	stations: readonly SignedStation[],
	acknowledged: readonly Delivery[],
): Promise<Judgement> {
	const store = await subject.openStore();
	try {
		return await judgeRecord(store, stations, acknowledged);
	} finally {
		await store.close();
	}
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
