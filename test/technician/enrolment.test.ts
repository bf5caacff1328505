/** What a collector's list takes of the results of provisioning, and what it does not. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signDigest } from "../../sim/shell/node-signer.js";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import {
	decodeSignedPossession,
	encodePossession,
	encodeSignedPossession,
	possessionToBeSigned,
} from "../../src/protocol/wire/possession.js";
import { enrol } from "../../src/technician/command-line/enrolment.js";
import {
	fingerprintOf,
	type StationResult,
	verifiedPossession,
} from "../../src/technician/station-result.js";

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
		return enrol({ result, stations: join(folder, "list"), by, why, say: () => {} });
	};
	const list = (): string => readFileSync(join(folder, "list"), "utf8");

	it("adds each station that is new, once", async () => {
		const [a, b] = [resultOf("bor-1", 1), resultOf("bor-2", 2)];
		assert.equal(await run([a, b]), 0);
		assert.equal(list(), `bor-1 ${a.publicKey}\nbor-2 ${b.publicKey}\n`);
		await run([a, b]);
		assert.equal(list(), `bor-1 ${a.publicKey}\nbor-2 ${b.publicKey}\n`);
	});

	it("takes a key in place of another only by somebody and for a reason, after the former one", async () => {
		const [before, after] = [resultOf("bor-1", 1), resultOf("bor-1", 2)];
		await run([before]);
		await assert.rejects(run([after]), /bor-1 is enrolled with another key/);
		assert.equal(list(), `bor-1 ${before.publicKey}\n`);
		await run([after], "Amina N.", "board dead after the flood");
		const day = new Date().toISOString().slice(0, 10);
		assert.equal(
			list(),
			`bor-1 ${before.publicKey}\nbor-1 ${after.publicKey} from=${day} by="Amina N." why="board dead after the flood"\n`,
		);
	});

	it("refuses a mistyped key, another station's proof, another question's, and one that nobody signed", async () => {
		const good = resultOf("bor-1", 1);
		const other = resultOf("bor-2", 2);
		const forged = Buffer.from(good.proof, "base64");
		forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
		const cases: readonly (readonly [Partial<StationResult>, RegExp])[] = [
			[{ publicKey: other.publicKey }, /another station's or another key's/],
			[
				{
					publicKey: `${good.publicKey.slice(0, -2)}${good.publicKey.endsWith("00") ? "01" : "00"}`,
				},
				/another station's or another key's/,
			],
			[{ station: "bor-2" }, /another station's or another key's/],
			[{ proof: other.proof }, /another station's or another key's/],
			[{ nonce: "00".repeat(16) }, /answers another question/],
			[{ proof: forged.toString("base64") }, /not signed by its key/],
			[{ proof: "AAAA" }, /its proof is damaged/],
		];
		for (const [change, message] of cases) {
			await assert.rejects(run([{ ...good, ...change }]), message, JSON.stringify(change));
		}
		assert.throws(() => list(), /ENOENT/);
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
