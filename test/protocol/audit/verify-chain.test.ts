import { strict as assert } from "node:assert";
import { verifyDigest } from "../../../sim/shell/node-signer.js";
import {
	ChainVerifier,
	type ChainVerifierOptions,
	type Verification,
	type VerifiedBatch,
} from "../../../src/protocol/audit/verify-chain.js";
import { encodeBatch } from "../../../src/protocol/wire/batch.js";
import {
	SignedStation,
	type SignedStationOptions,
	sha256,
} from "../../support/collectors/signed-station.js";

function stationOf(entryCount: number, options: SignedStationOptions = {}): SignedStation {
	const station = new SignedStation(options);
	station.appendReadings(entryCount - 1);
	return station;
}

function verify(
	station: SignedStation,
	envelopes: readonly Uint8Array[],
	options: Partial<ChainVerifierOptions> = {},
): Verification {
	const verifier = new ChainVerifier({
		station: station.station,
		keys: station.keys,
		sha256,
		isSigned: (publicKey, signed, signature) => verifyDigest(publicKey, sha256(signed), signature),
		...options,
	});
	envelopes.forEach((envelope, index) => {
		verifier.add(`batch ${index}`, envelope);
	});
	return verifier.finish();
}

function kindsOf(verification: Verification): string[] {
	return verification.findings.map(({ kind }) => kind);
}

function rangesOf(verification: Verification): string[] {
	return verification.ranges.map(({ first, last, standing }) => `${standing} ${first}-${last}`);
}

describe("chain verifier", () => {
	it("finds an untouched record chained from its start and lists the signed heads", () => {
		const station = stationOf(40);
		const signed: VerifiedBatch[] = [];
		const verification = verify(station, station.envelopes(12), {
			onBatch: (verified) => signed.push(verified),
		});
		assert.ok(verification.isSound);
		assert.deepEqual(verification.ranges, [
			{
				epoch: 77,
				first: 1,
				last: 40,
				standing: "chained",
				note: "from the start of the epoch",
				mark: "",
				head: station.heads[40],
			},
		]);
		assert.deepEqual(
			signed.map(({ batch, heads }) => ({
				first: batch.first,
				last: batch.first + batch.entries.length - 1,
				head: heads?.last,
			})),
			[12, 24, 36, 40].map((last, index) => ({
				first: 12 * index + 1,
				last,
				head: station.heads[last],
			})),
		);
	});

	it("names what is missing between batches and before the first", () => {
		const station = stationOf(40);
		const [first, , third, fourth] = station.envelopes(10) as [
			Uint8Array,
			Uint8Array,
			Uint8Array,
			Uint8Array,
		];
		const inside = verify(station, [first, third, fourth]);
		assert.equal(inside.isSound, false);
		assert.deepEqual(rangesOf(inside), ["chained 1-10", "missing 11-20", "chained 21-40"]);
		assert.deepEqual(rangesOf(verify(station, [third])), ["missing 1-20", "chained 21-30"]);
	});

	it("accepts batches cut differently over the same entries", () => {
		const station = stationOf(40);
		const cuts = [
			[1, 12],
			[5, 20],
			[13, 40],
		].map(([a = 0, b = 0]) => station.envelope(a, b));
		const verification = verify(station, cuts);
		assert.ok(verification.isSound, JSON.stringify(verification.findings));
		assert.deepEqual(rangesOf(verification), ["chained 1-40"]);
	});

	it("calls an unchained batch signed only", () => {
		const station = stationOf(30);
		const verification = verify(station, [
			station.envelope(1, 10),
			station.envelope(11, 20, { isChained: false }),
			station.envelope(21, 30),
		]);
		assert.ok(verification.isSound);
		assert.deepEqual(rangesOf(verification), ["chained 1-10", "signed 11-20", "chained 21-30"]);
		assert.equal(verification.ranges[1]?.head, undefined);
	});

	it("continues after a gap that the station names", () => {
		const station = stationOf(30);
		const resume = station.heads[20] ?? assert.fail();
		const gapAt = station.append({
			kind: "gap",
			lostEpoch: 0,
			from: 11,
			to: 20,
			reason: 0,
			resume,
		});
		const verification = verify(station, [station.envelope(1, 10), station.envelope(21, gapAt)]);
		assert.ok(verification.isSound);
		assert.deepEqual(
			verification.ranges.map(({ first, last, standing, note }) => [first, last, standing, note]),
			[
				[1, 10, "chained", "from the start of the epoch"],
				[11, 20, "gap", "overflow, named by entry 31"],
				[21, 31, "chained", "across the gap named by entry 31"],
			],
		);
	});

	it("finds a gap entry that resumes in another chain", () => {
		const station = stationOf(30);
		const resume = new Uint8Array(32).fill(9);
		const gapAt = station.append({
			kind: "gap",
			lostEpoch: 0,
			from: 11,
			to: 20,
			reason: 1,
			resume,
		});
		const envelopes = [station.envelope(1, 10), station.envelope(21, gapAt)];
		assert.deepEqual(kindsOf(verify(station, envelopes)), ["fork"]);
	});

	it("finds a fork even inside a batch that carries the same entries", () => {
		const station = stationOf(12);
		const lie = station.envelope(5, 8, { previous: new Uint8Array(32).fill(1) });
		assert.deepEqual(kindsOf(verify(station, [station.envelope(1, 12), lie])), ["fork"]);
	});

	it("finds two contents signed under one number", () => {
		const station = stationOf(12);
		const other = station.canonicalBytesOf(12, {
			kind: "event",
			code: 1,
			detail: 0,
			text: "other",
		});
		const entries = [...station.entries.slice(9, 11), other];
		const verification = verify(station, [
			station.envelope(1, 12),
			station.envelope(10, 12, { entries, isChained: false }),
		]);
		assert.deepEqual(kindsOf(verification), ["conflict"]);
		assert.match(verification.findings[0]?.text ?? "", /77\/12.*batch 0/);
	});

	it("finds what another key signed and what another station sent", () => {
		const station = stationOf(24);
		const stranger = stationOf(24, { seed: 2 });
		const [first = assert.fail(), second = assert.fail()] = station.envelopes(12);
		const foreign = stranger.envelope(13, 24);
		const replaced = verify(station, [first, foreign]);
		assert.deepEqual(kindsOf(replaced), ["bad-signature"]);
		const other = station.envelope(13, 24, { station: "pek-1" });
		assert.deepEqual(kindsOf(verify(station, [first, other])), ["wrong-station"]);
		assert.ok(verify(station, [first, second]).isSound);
	});

	it("finds batches that were moved, doubled or added", () => {
		const station = stationOf(36);
		const [a = assert.fail(), b = assert.fail(), c = assert.fail()] = station.envelopes(12);
		assert.deepEqual(kindsOf(verify(station, [a, c, b])), ["reordered"]);
		assert.deepEqual(kindsOf(verify(station, [a, a, b, c])), ["reordered"]);
	});

	it("finds an epoch that does not begin at its own start", () => {
		const station = stationOf(12);
		const lie = station.envelope(1, 12, { previous: new Uint8Array(32).fill(3) });
		assert.deepEqual(kindsOf(verify(station, [lie])), ["origin"]);
		const replaced = [
			station.canonicalBytesOf(1, { kind: "event", code: 1, detail: 0, text: "" }),
			...station.entries.slice(1),
		];
		const headless = verify(station, [station.envelope(1, 12, { entries: replaced })]);
		assert.deepEqual(kindsOf(headless), ["origin"]);
	});

	it("follows a record over the end of an epoch", () => {
		const before = stationOf(12, { epoch: 50 });
		const after = stationOf(12, { epoch: 77, previous: before });
		const sound = verify(after, [before.envelope(1, 12), after.envelope(1, 12)]);
		assert.ok(sound.isSound, JSON.stringify(sound.findings));
		const other = stationOf(12, { epoch: 50 });
		other.append({ kind: "event", code: 1, detail: 0, text: "" });
		const renamed = new SignedStation({ epoch: 77, previous: before });
		// The same number in the previous epoch with another head: not what the new one continues.
		const forged = before.envelope(1, 12, {
			entries: [
				...before.entries.slice(0, 11),
				before.canonicalBytesOf(12, { kind: "event", code: 1, detail: 0, text: "" }),
			],
		});
		assert.deepEqual(kindsOf(verify(renamed, [forged, renamed.envelope(1, 1)])), ["fork"]);
	});

	it("follows a record over a board that came in place of another, also where more of the old one is found later", () => {
		const replaced = stationOf(12, { epoch: 50 });
		const after = stationOf(12, { epoch: 77, previous: replaced, reason: 3 });
		const found = stationOf(12, { epoch: 50 });
		found.appendReadings(3);
		const sound = verify(after, [found.envelope(1, 15), after.envelope(1, 12)]);
		assert.deepEqual(kindsOf(sound), []);
		// The same from a board that knows the end by itself is a contradiction.
		const known = stationOf(12, { epoch: 77, previous: replaced, reason: 2 });
		const cut = verify(known, [found.envelope(1, 15), known.envelope(1, 12)]);
		assert.deepEqual(kindsOf(cut), ["origin"]);
		const forged = replaced.envelope(1, 12, {
			entries: [
				...replaced.entries.slice(0, 11),
				replaced.canonicalBytesOf(12, { kind: "event", code: 1, detail: 0, text: "" }),
			],
		});
		assert.deepEqual(kindsOf(verify(after, [forged, after.envelope(1, 12)])), ["fork"]);
		const absent = verify(after, [replaced.envelope(1, 6), after.envelope(1, 12)]);
		assert.deepEqual(rangesOf(absent), ["chained 1-6", "missing 7-12", "chained 1-12"]);
	});

	it("says that a newer batch cannot be judged", () => {
		const station = stationOf(4);
		const { epoch } = station;
		const payload = encodeBatch({
			station: station.station,
			epoch,
			first: 1,
			floor: 1,
			previous: station.heads[0],
			entries: station.entries,
		});
		// The second item is the version.
		payload[2] = 2;
		assert.deepEqual(kindsOf(verify(station, [station.signed(payload)])), ["newer-version"]);
	});

	it("judges only the part asked for, and calls all of it missing when nothing is there", () => {
		const station = stationOf(40);
		const envelopes = station.envelopes(10);
		const part = { epoch: 77, first: 15, last: 25 };
		assert.deepEqual(rangesOf(verify(station, envelopes, { part })), ["chained 15-25"]);
		const nothing = verify(station, [], { part });
		assert.deepEqual(rangesOf(nothing), ["missing 15-25"]);
		assert.equal(verify(station, []).isSound, false);
		const beyond = { epoch: 77, first: 35, last: 45 };
		assert.deepEqual(rangesOf(verify(station, envelopes, { part: beyond })), [
			"chained 35-40",
			"missing 41-45",
		]);
	});

	it("tells every entry once and in order, and keeps no more than a batch or two", () => {
		const station = stationOf(300);
		const ends: number[] = [];
		const cuts = [station.envelope(1, 40), station.envelope(20, 60), station.envelope(61, 300)];
		const verification = verify(station, cuts, {
			onEntry: (epoch, sequence, canonicalBytes) => {
				assert.equal(epoch, 77);
				assert.deepEqual(canonicalBytes, station.entries[sequence - 1]);
				ends.push(sequence);
			},
		});
		assert.ok(verification.isSound);
		assert.deepEqual(
			ends,
			Array.from({ length: 300 }, (_, index) => index + 1),
		);
	});
});
