import { strict as assert } from "node:assert";
import { asciiBytes, bytesOfHex, hexOf } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import { fraction, integerBelow, SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { chainNext, chainStart } from "../../../src/protocol/record/chain.js";
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import {
	decodeEntry,
	ENTRY_BYTES_MAX,
	encodeEntry,
	entryEpochOf,
	isReading,
	stationIdBytes,
} from "../../../src/protocol/record/entry.js";
import {
	ENTRY_KINDS,
	type Entry,
	type EntryBody,
} from "../../../src/protocol/record/entry-layouts.js";
import {
	probeKindsOf,
	probesByteOf,
	REFERENCE_PROBES,
} from "../../../src/protocol/record/probe-kinds.js";
import { HEARTBEAT_BODY } from "../../support/data/heartbeat-body.js";
import { fieldsOfNamed, namedOf } from "../../support/data/named-reading.js";
import { IS_WHOLE } from "../../support/depth.js";

/** Entries with some bytes of them changed. */
const MUTILATED = IS_WHOLE ? 20_000 : 5000;
const HEADER = {
	channelSet: 0,
	timeQuality: 2,
	epoch: 0xdeadbeef,
	sequence: 258,
	boot: 3,
	uptimeSeconds: 86_400,
	utcSeconds: 1_442_596_249,
	configurationId: 7,
	stationFlags: 0x0101,
};

const READING = {
	pHMilli: 7812,
	pHFlags: 0,
	pHCalibration: 1,
	temperatureMillidegrees: -125,
	temperatureFlags: 0,
	temperatureCalibration: 0,
	conductivityHundredths: 61_250,
	conductivityFlags: 0,
	conductivityCalibration: 2,
	turbidityMicrovolts: 700_125,
	turbiditySpreadSteps: 3,
	turbidityRange: 0,
	turbidityFlags: 0,
	turbidityCalibration: 0,
	batteryMillivolts: 3871,
	batteryFlags: 0,
};

const hash = Uint8Array.from({ length: 32 }, (_, index) => index);
const bodies: readonly EntryBody[] = [
	{
		kind: "boot",
		resetReason: 4,
		wakeCause: 2,
		crashCode: 9,
		firmwareVersion: 1_002_003,
		wakeCount: 77,
	},
	{
		kind: "time",
		atBoot: 3,
		atUptimeSeconds: 86_000,
		atUtcSeconds: 1_442_595_849,
		uncertaintyMilliseconds: 1500,
		stepSeconds: -250,
		driftPartsPerBillion: undefined,
		source: 1,
	},
	{
		kind: "calibration",
		calibrationId: 0x0102,
		previousId: 0x0101,
		channel: 3,
		range: 0,
		curve: 1,
		act: 1,
		verdict: 2,
		rule: 3,
		parts: 7,
		points: 2,
		coefficients: [-0.25, 0.000_41, 0],
		dueUtcSeconds: 1_450_000_000,
		firstPart: 250,
		exportBefore: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
		exportAfter: new Uint8Array(8),
	},
	{
		kind: "calibration-part",
		calibrationId: 0x0102,
		index: 0,
		type: 2,
		contents: asciiBytes("buffer 7.00|lot 12|2027-01-31|nist"),
	},
	{
		kind: "alarm",
		code: 2,
		phase: 1,
		rule: 1,
		beginSequence: 0,
		readingSequence: 257,
		conductivityHundredths: 130_000,
		baselineHundredths: 91_000,
		baselineSpread: 120,
		pHMilli: 5200,
		pHBeforeMilli: 7800,
		burstAgreed: 3,
		burstReadings: 4,
		turbidityMilli: 12_345,
		turbidityMedianMilli: -1,
		secondsSinceBegin: 0,
	},
	{
		...HEARTBEAT_BODY,
		forecastDays: undefined,
	},
	{
		kind: "configuration",
		definedId: 7,
		conductivityLaw: 1,
		alphaPerMillionPerDegree: 19_100,
		turbidityUnit: 0,
		turbidityCurve: 0,
		probes: 0,
		loopShuntMilliohms: 150_000,
		turbidityAt4MilliampereMilli: -5000,
		turbidityAt20MilliampereMilli: 1_000_000,
		intervalSeconds: 300,
		hash,
	},
	{ kind: "event", code: 12, detail: -1, text: "probe bus cleared" },
	{ kind: "gap", from: 10, to: 20, reason: 3, lostEpoch: 7, resume: hash },
	{
		kind: "epoch",
		reason: 2,
		station: "bor-1",
		publicKey: Uint8Array.from({ length: 33 }, () => 2),
		previousEpoch: 0,
		previousSequence: 0,
		previousHead: new Uint8Array(32),
	},
];

describe("the kinds of entries", () => {
	it("have the codes of docs/FORMAT.md, in whatever order a table is sorted", () => {
		assert.deepEqual(ENTRY_KINDS, {
			reading: 1,
			boot: 2,
			time: 3,
			calibration: 4,
			configuration: 5,
			event: 6,
			gap: 7,
			epoch: 8,
			"calibration-part": 9,
			alarm: 10,
			heartbeat: 11,
		});
	});
});

describe("canonical entries", () => {
	it("have these bytes for a reading of channel set 1", () => {
		const entry: Entry = {
			...HEADER,
			channelSet: 1,
			kind: "reading",
			fields: fieldsOfNamed(READING),
		};
		assert.equal(
			hexOf(encodeEntry(entry)),
			"01010102" +
				"efbeadde" +
				"02010000" +
				"03000000" +
				"80510100" +
				"9945fc55" +
				"0700" +
				"0101" +
				"841e000100" +
				"83ffffff000000" +
				"42ef0000000200" +
				"ddae0a0003000000" +
				"0000" +
				"1f0f00",
		);
	});

	it("have these bytes for a configuration, and those from before there was a choice of parts", () => {
		const configuration = (probes: number): Entry => ({
			...HEADER,
			channelSet: 0,
			kind: "configuration",
			definedId: 7,
			conductivityLaw: 1,
			alphaPerMillionPerDegree: 19_100,
			turbidityUnit: 0,
			turbidityCurve: 0,
			probes,
			loopShuntMilliohms: 150_000,
			turbidityAt4MilliampereMilli: -5000,
			turbidityAt20MilliampereMilli: 1_000_000,
			intervalSeconds: 300,
			hash,
		});
		const body = (probes: number): string =>
			hexOf(encodeEntry(configuration(probes)).subarray(28, 28 + 24));
		assert.equal(
			body(0),
			"0700" + "0100" + "9c4a" + "0000" + "f0490200" + "78ecffff" + "40420f00" + "2c010000",
		);
		const kinds = {
			turbidityProbe: "sen0189",
			thermometer: "ds18b20",
			batteryGauge: "ina226",
		} as const;
		assert.equal(probesByteOf(kinds), 0b0_01_01_010);
		assert.equal(body(probesByteOf(kinds)).slice(14, 16), "2a");
		assert.deepEqual(probeKindsOf(0x2a), kinds);
		assert.deepEqual(probeKindsOf(0), REFERENCE_PROBES);
		const fitted = { ...REFERENCE_PROBES, oxygenProbe: "ezo-do" } as const;
		assert.equal(probesByteOf(fitted), 0x80);
		assert.deepEqual(probeKindsOf(0x80), fitted);
		for (const unknown of [3, 2 << 3, 2 << 5, 0x83]) assert.equal(probeKindsOf(unknown), undefined);
	});

	it("give back every kind of entry, and stay within a frame", () => {
		for (const body of bodies) {
			const entry: Entry = { ...HEADER, ...body };
			const bytes = encodeEntry(entry);
			assert.ok(bytes.length <= ENTRY_BYTES_MAX, `${body.kind}: ${bytes.length}`);
			assert.deepEqual(decodeEntry(bytes), entry);
		}
	});

	it("have these bytes for a calibration, its part, an alarm, a heartbeat, a gap and an epoch", () => {
		const bodyOf = (kind: EntryBody["kind"]): string => {
			const body = bodies.find((known) => known.kind === kind);
			assert.ok(body !== undefined);
			return hexOf(encodeEntry({ ...HEADER, ...body }).subarray(28));
		};
		assert.equal(
			bodyOf("calibration"),
			"02010101" +
				"03000101" +
				"02030702" +
				"000000000000d0bf" +
				"745e6397a8de3a3f" +
				"0000000000000000" +
				"803e6d56" +
				"fa000000" +
				"0102030405060708" +
				"0000000000000000",
		);
		assert.equal(
			bodyOf("calibration-part"),
			`02010002${hexOf(asciiBytes("buffer 7.00|lot 12|2027-01-31|nist"))}`,
		);
		assert.equal(
			bodyOf("alarm"),
			"02000101" +
				"00000000" +
				"01010000" +
				"d0fb0100" +
				"78630100" +
				"7800" +
				"5014" +
				"781e" +
				"0304" +
				"39300000" +
				"ffffffff" +
				"00000000",
		);
		assert.equal(
			bodyOf("heartbeat"),
			"010c2001" +
				"20130000" +
				"a00f0000" +
				"54000000" +
				"20011f01" +
				"03000100" +
				"18001700" +
				"a8b9" +
				"e600" +
				"7800" +
				"0000" +
				"140f" +
				"960f" +
				"00000080" +
				"409c0000" +
				"02000000" +
				"3efe" +
				"0080" +
				"8002" +
				"0080",
		);
		assert.equal(
			bodyOf("gap"),
			`${"0a000000" + "14000000" + "03000000" + "07000000"}${hexOf(hash)}`,
		);
		assert.equal(
			bodyOf("epoch"),
			`${"626f722d31000000"}${"02".repeat(33)}02${"0000"}${"00".repeat(40)}`,
		);
	});

	it("refuse a calibration part of an unknown type, a point of another length, and text that is none", () => {
		const part = (type: number, contents: Uint8Array): Uint8Array =>
			encodeEntry({
				...HEADER,
				kind: "calibration-part",
				calibrationId: 1,
				index: 0,
				type,
				contents,
			});
		const point = new Uint8Array(32);
		assert.equal(decodeEntry(part(1, point)).kind, "calibration-part");
		assert.equal(decodeEntry(part(5, Uint8Array.of(0, 255))).kind, "calibration-part");
		assert.equal(
			encodeEntry({
				...HEADER,
				kind: "calibration-part",
				calibrationId: 1,
				index: 0,
				type: 6,
				contents: new Uint8Array(87),
			}).length,
			119,
		);
		const unclean = point.slice();
		unclean[31] = 1;
		for (const bytes of [
			part(0, point),
			part(8, point),
			part(1, new Uint8Array(31)),
			part(1, unclean),
			part(2, Uint8Array.of(0x1f)),
		]) {
			assert.throws(() => decodeEntry(bytes), { code: "entry-malformed" });
		}
	});

	it("say that a value is absent by the end of its type and give undefined back", () => {
		const reading = {
			...READING,
			pHMilli: undefined,
			conductivityHundredths: undefined,
			turbiditySpreadSteps: undefined,
			pHFlags: 0xff,
		};
		const fields = fieldsOfNamed(reading);
		assert.equal(fields[0], -32768);
		assert.deepEqual(namedOf(fields), reading);
	});

	it("have one content per byte string: what decodes encodes to the same bytes", () => {
		const random = new SeededRandom(11);
		let decoded = 0;
		for (let count = 0; count < MUTILATED; count++) {
			const body = bodies[integerBelow(random, bodies.length)];
			if (body === undefined) continue;
			const bytes = encodeEntry({ ...HEADER, ...body });
			const flips = 1 + integerBelow(random, 3);
			for (let flip = 0; flip < flips; flip++) {
				const at = integerBelow(random, bytes.length);
				bytes[at] = integerBelow(random, 256);
			}
			const mutilated =
				fraction(random) < 0.1 ? bytes.subarray(0, integerBelow(random, bytes.length)) : bytes;
			let entry: Entry;
			try {
				entry = decodeEntry(mutilated);
			} catch (error) {
				assert.ok(error instanceof StationError && error.code === "entry-malformed");
				continue;
			}
			decoded++;
			assert.equal(hexOf(encodeEntry(entry)), hexOf(mutilated));
		}
		assert.ok(decoded > MUTILATED / 4, `only ${decoded} decoded`);
	});

	it("are known as a reading without being taken apart, by the same strictness", () => {
		const random = new SeededRandom(12);
		const counts = { reading: 0, other: 0 };
		const reading = encodeEntry({
			...HEADER,
			channelSet: 1,
			kind: "reading",
			fields: fieldsOfNamed(READING),
		});
		for (let count = 0; count < 5000; count++) {
			const bytes = new Uint8Array(reading.length + integerBelow(random, 3));
			bytes.set(reading);
			if (fraction(random) < 0.5) bytes[integerBelow(random, 3)] = integerBelow(random, 4);
			const cut = fraction(random) < 0.2 ? integerBelow(random, bytes.length) : reading.length;
			const mutilated = fraction(random) < 0.9 ? bytes.subarray(0, cut) : bytes;
			let isReadingIndeed = false;
			try {
				const entry = decodeEntry(mutilated);
				isReadingIndeed = entry.kind === "reading";
				assert.equal(entryEpochOf(mutilated), entry.epoch);
			} catch (error) {
				assert.ok(error instanceof StationError && error.code === "entry-malformed");
			}
			assert.equal(isReading(mutilated), isReadingIndeed, hexOf(mutilated));
			counts[isReadingIndeed ? "reading" : "other"]++;
		}
		assert.ok(counts.reading > 1000 && counts.other > 1000, JSON.stringify(counts));
	});

	it("refuse an unknown version, kind, channel set and length with a typed error", () => {
		const good = encodeEntry({
			...HEADER,
			channelSet: 1,
			kind: "reading",
			fields: fieldsOfNamed(READING),
		});
		const bad = [
			{ at: 0, byte: 2 },
			{ at: 1, byte: 99 },
			{ at: 2, byte: 9 },
		].map(({ at, byte }) => {
			const bytes = good.slice();
			bytes[at] = byte;
			return bytes;
		});
		for (const bytes of [...bad, good.subarray(0, 59), new Uint8Array(0), new Uint8Array(200)]) {
			assert.throws(() => decodeEntry(bytes), { code: "entry-malformed" });
		}
	});

	it("cover every byte of a reading's body by exactly one field", () => {
		assert.equal(CHANNEL_SET_1.bodyBytes, 32);
		const last = CHANNEL_SET_1.fields[CHANNEL_SET_1.fields.length - 1];
		assert.equal(last?.offsetBytes, 31);
	});
});

describe("the chain", () => {
	it("starts from station, epoch, key and previous head, and joins entries in order", () => {
		const sha256 = createSha256();
		const origin = {
			station: "bor-1",
			epoch: 1,
			publicKey: new Uint8Array(33).fill(3),
			previousHead: new Uint8Array(32),
		};
		const start = chainStart(sha256, origin);
		const expected = sha256(
			bytesOfHex(
				`${"6269737472696e612f31"}${"626f722d31000000"}${"01000000"}${"03".repeat(33)}${"00".repeat(32)}`,
			) ?? new Uint8Array(0),
		);
		assert.equal(hexOf(start), hexOf(expected));
		const one = chainNext(sha256, start, Uint8Array.of(1));
		assert.equal(hexOf(one), hexOf(sha256(start, Uint8Array.of(1))));
		assert.notEqual(hexOf(chainStart(sha256, { ...origin, epoch: 2 })), hexOf(start));
	});

	it("refuses a station id that the eight bytes cannot hold", () => {
		for (const station of ["", "Bor", "bor_1", "bor-river-1"]) {
			assert.throws(() => stationIdBytes(station), { code: "configuration-invalid" });
		}
	});

	it("hold every number to its end, and none begins again past it", () => {
		const end = 0xffffffff;
		const at = (extra: number) =>
			decodeEntry(
				encodeEntry({
					...{ kind: "boot", resetReason: 0, wakeCause: 0, crashCode: 0 },
					...{ firmwareVersion: 1000, wakeCount: end + extra },
					...{ channelSet: 0, timeQuality: 2, epoch: end, sequence: end },
					...{ boot: end + extra, uptimeSeconds: end + extra, utcSeconds: end + extra },
					...{ configurationId: 1, stationFlags: 0 },
				}),
			);
		for (const extra of [0, 1, 5_000_000_000]) {
			const entry = at(extra);
			assert.ok(entry.kind === "boot");
			assert.deepEqual(
				[entry.boot, entry.uptimeSeconds, entry.wakeCount, entry.sequence],
				[end, end, end, end],
			);
			assert.deepEqual([entry.utcSeconds, entry.timeQuality], extra === 0 ? [end, 2] : [0, 0]);
		}
	});
});
