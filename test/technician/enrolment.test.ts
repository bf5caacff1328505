/** What a collector's list takes of the results of provisioning, and what it does not. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signDigest } from "../../sim/shell/node-signer.js";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { stationKeysOf } from "../../src/collector/store/record-store.js";
import { textOfNotice } from "../../src/host/messages/notice.js";
import { withLockOf } from "../../src/host/process-lock.js";
import {
	fingerprintOf,
	type StationResult,
	verifiedPossession,
} from "../../src/host/station-result.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import {
	decodeSignedPossession,
	encodePossession,
	encodeSignedPossession,
	possessionToBeSigned,
} from "../../src/protocol/wire/possession.js";
import { type EnrolTarget, enrol } from "../../src/technician/command-line/enrolment.js";
import { startCollector } from "../support/collectors/collector-process.js";
import { ENROL_REFUSALS, OTHER_KEY_MESSAGE } from "../support/data/enrol-refusals.js";
import { whole } from "../support/depth.js";

const NONCE = new Uint8Array(16).fill(9);

function resultOf(
	station: string,
	seed: number,
	change: Partial<StationResult> = {},
): StationResult {
	const key = new Uint8Array(32).fill(seed);
	const { publicKey } = signingKeyOf(key);
	const payload = encodePossession({ station, epoch: 7, publicKey, nonce: NONCE });
	const digest = createHash("sha256").update(possessionToBeSigned(payload)).digest();
	const signed = encodeSignedPossession(payload, signDigest(key, new Uint8Array(digest)));
	return {
		station,
		publicKey: Buffer.from(publicKey).toString("hex"),
		fingerprint: fingerprintOf(publicKey),
		epoch: 7,
		firmware: "0.1.0",
		nonce: Buffer.from(NONCE).toString("hex"),
		proof: Buffer.from(signed).toString("base64"),
		...change,
	};
}

describe("enrolment", () => {
	let folder = "";
	let stdout: typeof process.stdout.write;

	beforeEach(() => {
		target = () => ({ stations: join(folder, "list") });
		lines.length = 0;
		folder = mkdtempSync(join(tmpdir(), "bistrina-enrol-"));
		stdout = process.stdout.write;
		process.stdout.write = () => true;
	});

	afterEach(() => {
		process.stdout.write = stdout;
		rmSync(folder, { recursive: true });
	});

	const run = (rows: readonly StationResult[], by?: string, why?: string) => {
		const result = join(folder, "results.jsonl");
		writeFileSync(result, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
		return enrol({
			result,
			...target(),
			by,
			why,
			notify: (what) => lines.push(textOfNotice(what)),
		});
	};
	const lines: string[] = [];
	let target = (): EnrolTarget => ({ stations: join(folder, "list") });
	const list = (): string => readFileSync(join(folder, "list"), "utf8");

	it("adds each station that is new, once", async () => {
		const [a, b] = [resultOf("bor-1", 1), resultOf("bor-2", 2)];
		assert.equal(await run([a, b]), 0);
		assert.equal(list(), `bor-1 ${a.publicKey}\nbor-2 ${b.publicKey}\n`);
		await run([a, b]);
		assert.equal(list(), `bor-1 ${a.publicKey}\nbor-2 ${b.publicKey}\n`);
	});

	it("adds to a list by one process at a time, as two would each take away what the other adds", async () => {
		const [a, b] = [resultOf("bor-1", 1), resultOf("bor-2", 2)];
		await run([a]);
		const second = withLockOf(join(folder, "list"), () => run([b]));
		await assert.rejects(second, /list: process \d+ is at work with it; wait until it ends/);
		assert.equal(list(), `bor-1 ${a.publicKey}\n`);
		await run([b]);
		assert.equal(list(), `bor-1 ${a.publicKey}\nbor-2 ${b.publicKey}\n`);
		assert.deepEqual(readdirSync(folder).sort(), ["list", "results.jsonl"]);
	});

	it("takes a key in place of another only by somebody and for a reason, after the former one", async () => {
		const [before, after] = [resultOf("bor-1", 1), resultOf("bor-1", 2)];
		await run([before]);
		await assert.rejects(run([after]), { message: OTHER_KEY_MESSAGE });
		assert.equal(list(), `bor-1 ${before.publicKey}\n`);
		await run([after], "Amina N.", "board dead after the flood");
		const day = new Date().toISOString().slice(0, 10);
		assert.equal(
			list(),
			`bor-1 ${before.publicKey}\nbor-1 ${after.publicKey} from=${day} by="Amina N." why="board dead after the flood"\n`,
		);
	});

	for (const { what, change, message } of ENROL_REFUSALS) {
		it(`refuses ${what}, with nothing enrolled`, async () => {
			const [good, other] = [resultOf("bor-1", 1), resultOf("bor-2", 2)];
			await assert.rejects(run([other, { ...good, ...change(good, other) }]), { message });
			assert.throws(() => list(), /ENOENT/);
		});
	}

	whole(
		"adds to a database that nobody has open, in place of another key only by somebody and for a reason",
		async function () {
			this.timeout(60_000);
			const database = join(folder, "collector");
			await (await openPGliteStore(database)).close();
			target = () => ({ data: database });
			const [first, after, other] = [
				resultOf("bor-1", 1),
				resultOf("bor-1", 2),
				resultOf("bor-2", 3),
			];
			await run([first]);
			await assert.rejects(run([after, other]), /bor-1 is enrolled with another key/);
			await run([after, other], "Amina N.", "board dead after the flood");
			await run([after, other], "Amina N.", "said once more");
			// A slow machine is told that the database opens.
			assert.deepEqual(
				lines.filter((line) => !line.startsWith("opening the collector")),
				[
					"1 of 1 were new in the database; a collector that runs knows them within a minute",
					"2 of 2 were new in the database; a collector that runs knows them within a minute",
					"0 of 2 were new in the database; a collector that runs knows them within a minute",
				],
			);
			const store = await openPGliteStore(database);
			try {
				const keys = await stationKeysOf(store, "bor-1");
				assert.deepEqual(
					keys.map(({ publicKey, enrolled }) => [
						Buffer.from(publicKey).toString("hex"),
						enrolled.by,
						enrolled.why,
					]),
					[
						[first.publicKey, "", ""],
						[after.publicKey, "Amina N.", "board dead after the flood"],
					],
				);
				assert.ok((keys[1]?.enrolled.atUtcSeconds ?? 0) > 1_795_000_000);
				assert.equal((await stationKeysOf(store, "bor-2")).length, 1);
			} finally {
				await store.close();
			}
		},
	);

	whole(
		"adds to the database of a collector that runs, which takes it at once and says no by its own mouth",
		async function () {
			this.timeout(120_000);
			const database = join(folder, "collector");
			const collector = await startCollector(database);
			try {
				target = () => ({ data: database });
				const [first, after] = [resultOf("bor-1", 1), resultOf("bor-1", 2)];
				await run([first]);
				await collector.saw(/enrolled: bor-1/);
				await assert.rejects(run([after]), /bor-1 is enrolled with another key/);
				await run([after], "Amina N.", "board dead after the flood");
				assert.match(
					lines[0] ?? "",
					/^1 of 1 were new; the collector that runs \(process \d+\) has them$/,
				);
			} finally {
				await collector.stop("SIGINT");
			}
			const store = await openPGliteStore(database);
			try {
				assert.equal((await stationKeysOf(store, "bor-1"))[1]?.enrolled.by, "Amina N.");
			} finally {
				await store.close();
			}
			assert.deepEqual(readdirSync(join(database, "enrol")), []);
		},
	);

	it("wants one place to enrol in, and words that a list can hold", async () => {
		const row = resultOf("bor-1", 1);
		target = () => ({});
		await assert.rejects(run([row]), /say where to enrol/);
		target = () => ({ stations: join(folder, "list"), data: folder });
		await assert.rejects(run([row]), /say where to enrol/);
		target = () => ({ stations: join(folder, "list") });
		await assert.rejects(run([row], "Amina"), /--by and --why belong together/);
		await assert.rejects(run([row], 'A "N."', "x"), /printable ASCII/);
		await assert.rejects(run([row], "A", "Đ"), /printable ASCII/);
		await assert.rejects(run([]), /no station in it/);
		target = () => ({ data: join(folder, "nowhere") });
		await assert.rejects(run([row]), /no collector's database/);
	});

	it("takes no batch for a proof, and no reader of batches takes a proof", () => {
		const proof = new Uint8Array(Buffer.from(resultOf("bor-1", 1).proof, "base64"));
		assert.throws(() => decodeSign1(proof), /not a COSE_Sign1 with ES256|envelope/);
		assert.equal(decodeSignedPossession(proof).possession.station, "bor-1");
		const batch = Uint8Array.of(0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x40, 0x40);
		assert.throws(() => decodeSignedPossession(batch), /another content type/);
		assert.throws(() => verifiedPossession(resultOf("untold", 3)), /was not told its station/);
	});
});
