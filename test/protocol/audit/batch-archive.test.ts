import { strict as assert } from "node:assert";
import { concatBytes } from "../../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { type ExportFormat, ExportWriter } from "../../../src/protocol/audit/batch-archive.js";
import { ChainVerifier, type Verification } from "../../../src/protocol/audit/verify-chain.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { SignedStation, sha256 } from "../../support/collectors/signed-station.js";
import { readExport } from "../../support/data/read-export.js";

const FORMATS: readonly ExportFormat[] = ["json-lines", "cbor-sequence"];

function dayOf(count: number): SignedStation {
	const station = new SignedStation();
	station.appendReadings(count - 1);
	return station;
}

function fileOf(format: ExportFormat, envelopes: readonly Uint8Array[]): Uint8Array {
	const writer = new ExportWriter(format, "bor-1", sha256);
	return concatBytes(...envelopes.map((envelope) => writer.item(envelope)), writer.end());
}

/** Verifies a file; `signatures` remembers what was verified: a day is flipped thousands of times. */
function verifyFile(
	bytes: Uint8Array,
	station: SignedStation,
	signatures: ReadonlySet<string>,
): Verification {
	const content = readExport(bytes, sha256);
	const verifier = new ChainVerifier({
		station: "bor-1",
		keys: station.keys,
		sha256,
		isSigned: (_key, signed, signature) => signatures.has(signatureKey(signed, signature)),
	});
	for (const { where, text } of content.faults) verifier.report("file", where, text);
	for (const { where, envelope } of content.envelopes) verifier.add(where, envelope);
	return verifier.finish();
}

function signatureKey(signed: Uint8Array, signature: Uint8Array): string {
	return Buffer.from(sha256(signed, signature)).toString("hex");
}

/**
 * The signatures of a record by the station's own hand. A pair of bytes and signature outside this set
 * would have to be a forgery of ES256, which other tests try with the real curve.
 */
function signaturesOf(envelopes: readonly Uint8Array[]): Set<string> {
	return new Set(
		envelopes.map((envelope) => {
			const { toBeSigned, signature } = decodeSign1(envelope);
			return signatureKey(toBeSigned, signature);
		}),
	);
}

for (const format of FORMATS) {
	describe(`export as ${format}`, () => {
		it("gives back what was written", () => {
			const envelopes = dayOf(30).envelopes(12);
			const content = readExport(fileOf(format, envelopes), sha256);
			assert.equal(content.format, format);
			assert.equal(content.station, "bor-1");
			assert.deepEqual(content.faults, []);
			assert.deepEqual(
				content.envelopes.map(({ envelope }) => envelope),
				envelopes,
			);
		});

		it("lets no byte of a day in one batch be flipped unnoticed, and names where", () => {
			const station = dayOf(288);
			flipBytes(format, station, station.envelopes(288), 1);
		});

		it("lets no byte of a day in hourly batches be flipped unnoticed, and names where", () => {
			const station = dayOf(288);
			// All of them in a long run: each costs the verification of a day.
			const stride = process.env["BISTRINA_LONG"] === "1" ? 1 : 149;
			flipBytes(format, station, station.envelopes(12), stride);
		}).timeout(600_000);

		it("notices batches that were removed, added, moved, and an end that was cut off", () => {
			const station = dayOf(60);
			const envelopes = station.envelopes(12);
			const signatures = signaturesOf(envelopes);
			const writer = new ExportWriter(format, "bor-1", sha256);
			const items = envelopes.map((envelope) => writer.item(envelope));
			const end = writer.end();
			const verify = (parts: readonly Uint8Array[]): Verification =>
				verifyFile(concatBytes(...parts), station, signatures);
			/** Fails unless it is found and named: by `where` of a finding, or as a missing range. */
			const assertNamed = (what: string, parts: readonly Uint8Array[], name: RegExp): void => {
				const { isSound, findings, ranges } = verify(parts);
				const lines = [
					...findings.map(({ where, text }) => `${where}: ${text}`),
					...ranges.map(({ standing, first, last }) => `${standing} ${first}-${last}`),
				];
				assert.equal(isSound, false, what);
				assert.ok(
					lines.some((line) => name.test(line)),
					`${what}: ${lines.join("; ")}`,
				);
			};
			assert.ok(verify([...items, end]).isSound);
			for (let index = 0; index < items.length; index++) {
				const [first, last] = [12 * index + 1, 12 * index + 12];
				const isNewest = index === items.length - 1;
				const rest = items.filter((_, at) => at !== index);
				const missing = isNewest
					? whereIn(rest, rest.length)
					: new RegExp(`^missing ${first}-${last}$`);
				const left = items.slice(0, index);
				assertNamed(`batch ${index} removed`, [...rest, end], missing);
				assertNamed(`cut off before batch ${index}`, [...left, end], whereIn(left, index));
				const doubled = [...left, ...items.slice(index, index + 1), ...items.slice(index)];
				assertNamed(`batch ${index} added`, [...doubled, end], whereIn(doubled, index + 1));
				if (isNewest) continue;
				const swapped = [...items.slice(index + 1, index + 2), ...items.slice(index, index + 1)];
				const moved = [...left, ...swapped, ...items.slice(index + 2)];
				assertNamed(`batch ${index} moved`, [...moved, end], whereIn(moved, index + 1));
			}
			assertNamed("no end", items, /^end: /);
			// Which of two equal ends is the one too many nobody can say.
			const either = new RegExp(
				[whereIn(items, items.length), whereIn([...items, end], items.length + 1)]
					.map(({ source }) => source)
					.join("|"),
			);
			assertNamed("a second end", [...items, end, end], either);
		});
	});
}

describe("export", () => {
	it("reads anything without throwing", () => {
		const seed = Date.now() >>> 0;
		const random = new SeededRandom(seed);
		const file = fileOf("cbor-sequence", dayOf(24).envelopes(12));
		for (let round = 0; round < 2000; round++) {
			const bytes = Uint8Array.from(file.subarray(0, integerBelow(random, file.length + 1)));
			const flips = integerBelow(random, 6);
			for (let flip = 0; flip < flips; flip++) {
				bytes[integerBelow(random, bytes.length + 1)] = integerBelow(random, 256);
			}
			const content = readExport(bytes, sha256);
			assert.ok(content.faults.length > 0 || bytes.length === file.length, `seed ${seed}`);
		}
	});
});

/** What a finding must name for an altered byte: the line, or the item's first byte, or the end. */
function whereOf(
	format: ExportFormat,
	file: Uint8Array,
	envelopes: readonly Uint8Array[],
	index: number,
): string {
	if (format === "json-lines") {
		return `line ${file.subarray(0, index).filter((byte) => byte === 0x0a).length + 1}`;
	}
	let start = 0;
	for (const { length } of envelopes) {
		if (index < start + length) return `byte ${start}`;
		start += length;
	}
	return `byte ${start}`;
}

/** How a finding names an item of a file. */
function whereIn(items: readonly Uint8Array[], index: number): RegExp {
	let start = 0;
	for (const { length } of items.slice(0, index)) start += length;
	return new RegExp(`^(line ${index + 1}|byte ${start}): `);
}

/** Flips every `stride`th byte of a file, from a random one on, one at a time. */
function flipBytes(
	format: ExportFormat,
	station: SignedStation,
	envelopes: readonly Uint8Array[],
	stride: number,
): void {
	const signatures = signaturesOf(envelopes);
	const file = fileOf(format, envelopes);
	assert.ok(verifyFile(file, station, signatures).isSound);
	const seed = Date.now() >>> 0;
	const random = new SeededRandom(seed);
	const endWhere = whereOf(format, file, envelopes, file.length - 1);
	for (let index = integerBelow(random, stride); index < file.length; index += stride) {
		const altered = Uint8Array.from(file);
		altered[index] = (altered[index] ?? 0) ^ (1 + integerBelow(random, 255));
		const { isSound, findings } = verifyFile(altered, station, signatures);
		const context = `byte ${index} of ${file.length}, seed ${seed}`;
		assert.equal(isSound, false, context);
		const expected = whereOf(format, file, envelopes, index);
		assert.ok(
			findings.some(
				({ where }) => where === expected || (where === "end" && expected === endWhere),
			),
			`${context}: ${expected} not in ${JSON.stringify(findings)}`,
		);
	}
}
