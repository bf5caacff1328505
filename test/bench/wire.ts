/**
 * `npm run bench -- wire [--seed N]`: bytes per reading on the wire, on the journal bench's day, with
 * signature, envelope and everything else; batches of 1, 12 and 288. Beside them what others need,
 * encoded in the same run or quoted.
 */
import { p256 } from "@noble/curves/nist.js";
import { signDigest, verifyDigest } from "../../sim/shell/node-signer.js";
import { equalBytes } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import { chainNext } from "../../src/protocol/record/chain.js";
import { decodeEntry, encodeEntry } from "../../src/protocol/record/entry.js";
import { decodeBatch, encodeBatch } from "../../src/protocol/wire/batch.js";
import { encodeColumns } from "../../src/protocol/wire/batch-columns.js";
import { decodeSign1, encodeSign1, toBeSigned } from "../../src/protocol/wire/cose.js";
import { dayOfReadings } from "../support/data/day.js";
import {
	influxGzipBytes,
	senmlCborBytes,
	senmlJsonGzipBytes,
} from "../support/data/known-encodings.js";
import { numberAmong } from "../support/engines/number-options.js";

const COUNTS = [1, 12, 288] as const;
const SIGNED_MAX: Readonly<Record<number, number>> = { 1: 168, 12: 18, 288: 5.5 };
const COLUMNS_MAX: Readonly<Record<number, number>> = { 12: 6.8, 288: 4.5 };
/** A station in its second year: sequences need four bytes and more. */
const FIRST_SEQUENCE = 120_000;
const EPOCH = 0xb15791a0;
const STATION = "bor-0001";

interface Row {
	readonly name: string;
	readonly bytes: readonly number[];
}

export async function run(args: string[]): Promise<boolean> {
	const seed = numberAmong(args, "seed", 1, [0, 0xffff_ffff]);
	console.log(`seed ${seed}`);
	const sha256 = createSha256();
	const entries = dayOfReadings(seed).map((draft, index) =>
		encodeEntry({ ...draft, epoch: EPOCH, sequence: FIRST_SEQUENCE + index }),
	);
	const heads = [sha256(Uint8Array.of(1))];
	for (const entry of entries) {
		heads.push(chainNext(sha256, heads[heads.length - 1] ?? new Uint8Array(32), entry));
	}
	const privateKey = sha256(Uint8Array.of(2));
	const publicKey = p256.getPublicKey(privateKey, true);
	const signed: Record<string, number> = {};
	const columns: Record<string, number> = {};
	for (const count of COUNTS) {
		let envelopeBytes = 0;
		let columnsBytes = 0;
		for (let at = 0; at < entries.length; at += count) {
			const part = entries.slice(at, at + count);
			const first = FIRST_SEQUENCE + at;
			const previous = heads[at];
			const range = { station: STATION, epoch: EPOCH, first, floor: FIRST_SEQUENCE - 300 };
			const payload = encodeBatch({ ...range, previous, entries: part });
			const signature = signDigest(privateKey, sha256(toBeSigned(payload)));
			const envelope = encodeSign1(payload, signature);
			const opened = decodeSign1(envelope);
			const isValid = verifyDigest(publicKey, sha256(opened.toBeSigned), opened.signature);
			const back = decodeBatch(opened.payload).entries;
			if (!isValid || !part.every((entry, index) => equalBytes(entry, back[index] ?? entry))) {
				throw new Error(`a batch of ${count} at ${at} does not come back`);
			}
			envelopeBytes += envelope.length;
			columnsBytes += encodeColumns({ epoch: EPOCH, first, count: part.length }, part).length;
		}
		signed[count] = round(envelopeBytes / entries.length);
		columns[count] = round(columnsBytes / entries.length);
	}
	const others = encodeOthers(entries);
	print([
		{ name: "ours, signed, everything", bytes: COUNTS.map((count) => signed[count] ?? 0) },
		{ name: "ours, columns alone", bytes: COUNTS.map((count) => columns[count] ?? 0) },
		...others,
		{ name: "Sparkplug B (quoted, another day)", bytes: [124, 116, 115] },
		{ name: "SensorThings dataArray gzip (quoted)", bytes: [182, 35, 23] },
	]);
	console.log("others are without signature and transport; quoted: measured elsewhere");
	console.log(JSON.stringify({ signed, columns, seed }));
	return COUNTS.every(
		(count) =>
			(signed[count] ?? Number.NaN) <= (SIGNED_MAX[count] ?? Number.POSITIVE_INFINITY) &&
			(columns[count] ?? Number.NaN) <= (COLUMNS_MAX[count] ?? Number.POSITIVE_INFINITY),
	);
}

function encodeOthers(allBytes: readonly Uint8Array[]): Row[] {
	const entries = allBytes.map((bytes) => decodeEntry(bytes));
	const perReading = (encode: (part: typeof entries) => number): number[] =>
		COUNTS.map((count) => {
			let bytes = 0;
			for (let at = 0; at < entries.length; at += count)
				bytes += encode(entries.slice(at, at + count));
			return round(bytes / entries.length);
		});
	return [
		{ name: "SenML CBOR, no units", bytes: perReading(senmlCborBytes) },
		{ name: "SenML JSON with units, gzip", bytes: perReading(senmlJsonGzipBytes) },
		{ name: "Influx lines, gzip", bytes: perReading(influxGzipBytes) },
	];
}

function print(rows: readonly Row[]): void {
	console.log(`${"bytes per reading, batch of".padEnd(38)}${COUNTS.map(cell).join("")}`);
	for (const { name, bytes } of rows) console.log(name.padEnd(38) + bytes.map(cell).join(""));
}

function cell(value: number): string {
	return String(value).padStart(9);
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
