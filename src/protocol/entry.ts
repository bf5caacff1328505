/**
 * Entries and their canonical bytes, version 1: little-endian, fixed layout, one byte string per
 * content. The chain, the signatures and every comparison speak of these bytes; flash and wire
 * compress them and give them back bit for bit. The tables stand in docs/FORMAT.md.
 */
import { asciiBytes, asciiText, putUint32, uint16At, uint32At } from "../core/bytes.js";
import { AssertionError, assert, StationError } from "../core/errors.js";
import { isDigit, isLowerLetter, isTextOf } from "../core/text.js";
import { CHANNEL_SETS, fieldOf, putField } from "./channel-set.js";

export const ENTRY_VERSION = 1;
export const ENTRY_HEADER_BYTES = 28;
/** Eight 16-byte slots on flash, less a frame's own head and CRC. */
export const ENTRY_BYTES_MAX = 123;
/** Sequences are 32 bits and begin at 1; at a reading every second they last 136 years. */
export const SEQUENCE_MAX = 0xfffffffe;

export const ENTRY_KINDS = Object.freeze({
	reading: 1,
	boot: 2,
	time: 3,
	calibration: 4,
	configuration: 5,
	event: 6,
	gap: 7,
	epoch: 8,
});

export type EntryKind = keyof typeof ENTRY_KINDS;

/** How good `utcSeconds` is. */
export const TIME_QUALITIES = Object.freeze({
	/** utcSeconds is 0; a time entry of this boot may place it later. */
	unset: 0,
	/** From an RTC that nobody has vouched for. */
	rtc: 1,
	/** From a clock disciplined by the collector or network time within a day. */
	disciplined: 2,
	/** From a clock disciplined longer ago than a day, or before this boot. */
	holdover: 3,
});

/** Bits of `stationFlags`. */
export const STATION_FLAGS = Object.freeze({
	batteryLow: 0x0001,
	journalNearlyFull: 0x0002,
	journalDegraded: 0x0004,
	clockUntrusted: 0x0008,
	serviceMode: 0x0010,
	safeMode: 0x0020,
	radioBudgetSpent: 0x0040,
	collectorRefused: 0x0080,
	wakeLate: 0x0100,
});

interface Header {
	/** Row of the channel table that a reading's body follows; 0 for other kinds. */
	readonly channelSet: number;
	readonly timeQuality: number;
	/** Random identity of this formatting of the flash. */
	readonly epoch: number;
	/** 1, 2, 3 ... within the epoch. */
	readonly sequence: number;
	/** Boots of this station since the epoch began; deep-sleep wakes do not count. */
	readonly boot: number;
	/** Seconds since that boot, deep sleep included. */
	readonly uptimeSeconds: number;
	/** Unix seconds, or 0 when unknown. */
	readonly utcSeconds: number;
	readonly configurationId: number;
	readonly stationFlags: number;
}

export interface ReadingBody {
	readonly kind: "reading";
	/** One integer per field of the channel set's row. */
	readonly fields: readonly number[];
}

export interface BootBody {
	readonly kind: "boot";
	/** Index into RESET_REASONS. */
	readonly resetReason: number;
	/** Index into WAKE_CAUSES. */
	readonly wakeCause: number;
	/** Code of the crash record that the last run left, 0 for none. */
	readonly crashCode: number;
	/** major * 1 000 000 + minor * 1 000 + patch. */
	readonly firmwareVersion: number;
	readonly wakeCount: number;
}

export const RESET_REASONS = Object.freeze([
	"power-on",
	"deep-sleep",
	"software",
	"watchdog",
	"brown-out",
	"panic",
	"external",
] as const);

export const WAKE_CAUSES = Object.freeze(["timer", "pin", "none"] as const);

/** Maps an instant of a boot to UTC; whoever reads the record places that boot's entries by it. */
export interface TimeBody {
	readonly kind: "time";
	readonly atBoot: number;
	readonly atUptimeSeconds: number;
	readonly atUtcSeconds: number;
	/** Of the pair, all included; undefined where nobody vouches for it: 4 294 967 294 at most. */
	readonly uncertaintyMilliseconds: number | undefined;
	/**
	 * How far the station's own clock was put forward by this (negative: back), whole seconds; 0 where it was
	 * left alone, undefined where it had no time, or an earlier step is missing in the record.
	 */
	readonly stepSeconds: number | undefined;
	/** Rate error of the own clock since the entry before, or undefined when not measurable. */
	readonly driftPartsPerBillion: number | undefined;
	/** Index into TIME_SOURCES. */
	readonly source: number;
}

export const TIME_SOURCES = Object.freeze([
	"rtc",
	"collector",
	"network-time",
	"technician",
] as const);

export interface CalibrationBody {
	readonly kind: "calibration";
	readonly calibrationId: number;
	/** Index of the channel: position of its first field's channel in the set (0 pH ... 4 battery). */
	readonly channel: number;
	readonly range: number;
	/** CALIBRATION_CURVES in derive.ts. */
	readonly curve: number;
	readonly coefficients: readonly [number, number, number];
}

/** What derivation needs of a configuration; the whole is named by its hash. */
export interface ConfigurationBody {
	readonly kind: "configuration";
	readonly definedId: number;
	/** 0 linear with `alphaPerMillionPerDegree`, 1 ISO 7888 natural waters. */
	readonly conductivityLaw: number;
	/** Linear temperature coefficient, millionths per degree (19 100 = 1.91 %/degC). */
	readonly alphaPerMillionPerDegree: number;
	/** 0 FNU, 1 NTU, 2 relative. */
	readonly turbidityUnit: number;
	/** 0: 4-20 mA loop over a shunt, linear to full scale. 1: the calibration's curve only. */
	readonly turbidityCurve: number;
	/** The parts that measure, as probe-kinds.ts packs them; 0 is the reference board's. */
	readonly probes: number;
	readonly loopShuntMilliohms: number;
	/** Turbidity at 4 mA and 20 mA, thousandths of the unit. */
	readonly turbidityAt4MilliampereMilli: number;
	readonly turbidityAt20MilliampereMilli: number;
	readonly intervalSeconds: number;
	/** SHA-256 of the configuration's whole canonical form. */
	readonly hash: Uint8Array;
}

export interface EventBody {
	readonly kind: "event";
	/** Code from EVENT_CODES in events.ts. */
	readonly code: number;
	readonly detail: number;
	/** ASCII, at most 40 bytes. */
	readonly text: string;
}

export interface GapBody {
	readonly kind: "gap";
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** Epoch of these numbers where it is a former one of the same ring; 0: this entry's own. */
	readonly lostEpoch: number;
	/** h(to): where a verifier goes on; zeros where it is not known. */
	readonly resume: Uint8Array;
}

export const GAP_REASONS = Object.freeze([
	"overflow",
	"rot",
	"sector-lost",
	/** A number that may have been given and is not used again. */
	"unproved",
] as const);

export interface EpochBody {
	readonly kind: "epoch";
	readonly station: string;
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** Why it begins: index into EPOCH_REASONS. */
	readonly reason: number;
	/** 0 where no previous epoch is known. */
	readonly previousEpoch: number;
	readonly previousSequence: number;
	/** Zeros where no previous epoch is known. */
	readonly previousHead: Uint8Array;
}

export const EPOCH_REASONS = Object.freeze([
	/** Nothing was there. */
	"first",
	/** The ring could not be continued and was formatted. */
	"formatted",
	/** The station has another key than the epoch before. */
	"other-key",
] as const);

export type EntryBody =
	| ReadingBody
	| BootBody
	| TimeBody
	| CalibrationBody
	| ConfigurationBody
	| EventBody
	| GapBody
	| EpochBody;

export type Entry = Header & EntryBody;

/** An entry before the journal gives it its place. */
export type EntryDraft = Omit<Header, "epoch" | "sequence"> & EntryBody;

export const EVENT_TEXT_BYTES_MAX = 40;
const STATION_ID_BYTES = 8;
const HASH_BYTES = 32;
const PUBLIC_KEY_BYTES = 33;

const BODY_BYTES: Readonly<Record<Exclude<EntryKind, "reading" | "event">, number>> = Object.freeze(
	{
		boot: 12,
		time: 28,
		calibration: 28,
		configuration: 56,
		gap: 48,
		epoch: 84,
	},
);
const EVENT_FIXED_BYTES = 8;

/** Canonical bytes of an entry: 28 to 123 bytes. A field that does not fit is a bug. */
export function encodeEntry(entry: Entry): Uint8Array {
	return encodeDraft(entry, entry.epoch, entry.sequence);
}

/** The same of a draft that has just been given its place. */
export function encodeDraft(entry: EntryDraft, epoch: number, sequence: number): Uint8Array {
	const bytes = new Uint8Array(ENTRY_HEADER_BYTES + bodyBytesOf(entry));
	bytes[0] = ENTRY_VERSION;
	bytes[1] = ENTRY_KINDS[entry.kind];
	bytes[2] = entry.channelSet;
	bytes[3] = entry.timeQuality;
	putUint32(bytes, 4, epoch);
	putUint32(bytes, 8, sequence);
	putUint32(bytes, 12, entry.boot);
	putUint32(bytes, 16, entry.uptimeSeconds);
	putUint32(bytes, 20, entry.utcSeconds);
	putUint32(bytes, 24, (entry.configurationId & 0xffff) | (entry.stationFlags << 16));
	if (entry.kind === "reading") putFields(bytes, entry.channelSet, entry.fields);
	else writeBody(entry, bytes, new DataView(bytes.buffer));
	return bytes;
}

/**
 * Reads canonical bytes. Strict: unknown version, kind or channel set, a wrong length or a non-zero
 * reserved byte throws StationError `entry-malformed`, so that bytes and content are one to one.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
	if (bytes.length < ENTRY_HEADER_BYTES || bytes.length > ENTRY_BYTES_MAX) {
		throw malformed(`an entry of ${bytes.length} bytes`);
	}
	if (bytes[0] !== ENTRY_VERSION) throw malformed(`entry version ${bytes[0]} is not known`);
	const channelSet = bytes[2] ?? 0;
	const header: Header = {
		channelSet,
		timeQuality: bytes[3] ?? 0,
		epoch: uint32At(bytes, 4),
		sequence: uint32At(bytes, 8),
		boot: uint32At(bytes, 12),
		uptimeSeconds: uint32At(bytes, 16),
		utcSeconds: uint32At(bytes, 20),
		configurationId: uint16At(bytes, 24),
		stationFlags: uint16At(bytes, 26),
	};
	const kind = kindOf(bytes[1] ?? 0);
	const body =
		kind === "reading" ? readReading(channelSet, bytes) : readBody(kind, channelSet, bytes);
	return Object.assign(header, body);
}

/** Kind of canonical bytes without decoding them; throws `entry-malformed` for an unknown one. */
export function entryKindOf(bytes: Uint8Array): EntryKind {
	return kindOf(bytes[1] ?? 0);
}

/**
 * True for canonical bytes of a reading, as strictly as `decodeEntry`, without taking it apart: who
 * receives thousands a second asks nothing of what they measured. False: `decodeEntry` says what.
 */
export function isReading(bytes: Uint8Array): boolean {
	return (
		bytes.length <= ENTRY_BYTES_MAX &&
		bytes[0] === ENTRY_VERSION &&
		bytes[1] === ENTRY_KINDS.reading &&
		CHANNEL_SETS.get(bytes[2] ?? 0)?.bodyBytes === bytes.length - ENTRY_HEADER_BYTES
	);
}

/** Epoch of canonical bytes without decoding them. */
export function entryEpochOf(bytes: Uint8Array): number {
	return uint32At(bytes, 4);
}

/** Sequence of canonical bytes without decoding them. */
export function entrySequenceOf(bytes: Uint8Array): number {
	return uint32At(bytes, 8);
}

/** True for 1 to 8 characters of `[a-z0-9-]`. */
export function isStationId(text: string): boolean {
	return isTextOf(text, 1, STATION_ID_BYTES, isOfStationId);
}

function isOfStationId(code: number): boolean {
	return isLowerLetter(code) || isDigit(code) || code === 0x2d;
}

/** Station id as eight bytes, zero padded; `[a-z0-9-]{1,8}`, else StationError. */
export function stationIdBytes(station: string): Uint8Array {
	if (!isStationId(station)) {
		throw new StationError(
			"configuration-invalid",
			`station id "${station}": use 1 to 8 of a-z, 0-9 and -`,
		);
	}
	const bytes = new Uint8Array(STATION_ID_BYTES);
	bytes.set(asciiBytes(station));
	return bytes;
}

/** The reverse of `stationIdBytes`: the id in the eight bytes from `at` on. */
export function stationIdAt(bytes: Uint8Array, at: number): string {
	let end = at + STATION_ID_BYTES;
	while (end > at && bytes[end - 1] === 0) end--;
	return asciiText(bytes, at, end);
}

function kindOf(code: number): EntryKind {
	switch (code) {
		case 1:
			return "reading";
		case 2:
			return "boot";
		case 3:
			return "time";
		case 4:
			return "calibration";
		case 5:
			return "configuration";
		case 6:
			return "event";
		case 7:
			return "gap";
		case 8:
			return "epoch";
		default:
			throw malformed(`entry kind ${code} is not known`);
	}
}

function bodyBytesOf(entry: EntryDraft): number {
	switch (entry.kind) {
		case "reading": {
			const set = CHANNEL_SETS.get(entry.channelSet);
			if (set === undefined)
				throw new AssertionError(`channel set ${entry.channelSet} is not known`);
			return set.bodyBytes;
		}
		case "event":
			assert(entry.text.length <= EVENT_TEXT_BYTES_MAX, "event text too long");
			return EVENT_FIXED_BYTES + entry.text.length;
		case "boot":
		case "time":
		case "calibration":
		case "configuration":
		case "gap":
		case "epoch":
			return BODY_BYTES[entry.kind];
	}
}

/** No drift known: the type's minimum. */
const INT32_UNKNOWN = -0x80000000;
const UNCERTAINTY_UNKNOWN = 0xffffffff;

function writeBody(
	entry: Exclude<EntryDraft, ReadingBody>,
	bytes: Uint8Array,
	view: DataView,
): void {
	const at = ENTRY_HEADER_BYTES;
	switch (entry.kind) {
		case "boot":
			view.setUint8(at, entry.resetReason);
			view.setUint8(at + 1, entry.wakeCause);
			view.setUint16(at + 2, entry.crashCode, true);
			view.setUint32(at + 4, entry.firmwareVersion, true);
			view.setUint32(at + 8, entry.wakeCount, true);
			return;
		case "time":
			view.setUint32(at, entry.atBoot, true);
			view.setUint32(at + 4, entry.atUptimeSeconds, true);
			view.setUint32(at + 8, entry.atUtcSeconds, true);
			view.setUint32(at + 12, entry.uncertaintyMilliseconds ?? UNCERTAINTY_UNKNOWN, true);
			view.setInt32(at + 16, entry.stepSeconds ?? INT32_UNKNOWN, true);
			view.setInt32(at + 20, entry.driftPartsPerBillion ?? INT32_UNKNOWN, true);
			view.setUint8(at + 24, entry.source);
			return;
		case "calibration":
			view.setUint8(at, entry.calibrationId);
			view.setUint8(at + 1, entry.channel);
			view.setUint8(at + 2, entry.range);
			view.setUint8(at + 3, entry.curve);
			entry.coefficients.forEach((coefficient, index) => {
				view.setFloat64(at + 4 + 8 * index, coefficient, true);
			});
			return;
		case "configuration":
			view.setUint16(at, entry.definedId, true);
			view.setUint8(at + 2, entry.conductivityLaw);
			view.setUint8(at + 3, entry.turbidityUnit);
			view.setUint16(at + 4, entry.alphaPerMillionPerDegree, true);
			view.setUint8(at + 6, entry.turbidityCurve);
			view.setUint8(at + 7, entry.probes);
			view.setUint32(at + 8, entry.loopShuntMilliohms, true);
			view.setInt32(at + 12, entry.turbidityAt4MilliampereMilli, true);
			view.setInt32(at + 16, entry.turbidityAt20MilliampereMilli, true);
			view.setUint32(at + 20, entry.intervalSeconds, true);
			bytes.set(exactly(entry.hash, HASH_BYTES), at + 24);
			return;
		case "event":
			view.setUint16(at, entry.code, true);
			view.setInt32(at + 4, entry.detail, true);
			bytes.set(asciiBytes(entry.text), at + EVENT_FIXED_BYTES);
			return;
		case "gap":
			view.setUint32(at, entry.from, true);
			view.setUint32(at + 4, entry.to, true);
			view.setUint8(at + 8, entry.reason);
			view.setUint32(at + 12, entry.lostEpoch, true);
			bytes.set(exactly(entry.resume, HASH_BYTES), at + 16);
			return;
		case "epoch":
			bytes.set(stationIdBytes(entry.station), at);
			bytes.set(exactly(entry.publicKey, PUBLIC_KEY_BYTES), at + 8);
			view.setUint8(at + 41, entry.reason);
			view.setUint32(at + 44, entry.previousEpoch, true);
			view.setUint32(at + 48, entry.previousSequence, true);
			bytes.set(exactly(entry.previousHead, HASH_BYTES), at + 52);
			return;
	}
}

/** By a loop: the engines walk a frozen row of fields slowly when they call back for each. */
function putFields(bytes: Uint8Array, channelSet: number, values: readonly number[]): void {
	let index = 0;
	for (const field of CHANNEL_SETS.get(channelSet)?.fields ?? []) {
		putField(bytes, ENTRY_HEADER_BYTES, field, values[index++] ?? 0);
	}
}

function readReading(channelSet: number, bytes: Uint8Array): ReadingBody {
	const set = CHANNEL_SETS.get(channelSet);
	if (set === undefined) throw malformed(`channel set ${channelSet} is not known`);
	if (bytes.length !== ENTRY_HEADER_BYTES + set.bodyBytes) {
		throw malformed(`a reading of ${bytes.length} bytes`);
	}
	const fields: number[] = [];
	for (const field of set.fields) fields.push(fieldOf(bytes, ENTRY_HEADER_BYTES, field));
	return { kind: "reading", fields };
}

function readBody(
	kind: Exclude<EntryKind, "reading">,
	channelSet: number,
	bytes: Uint8Array,
): EntryBody {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const at = ENTRY_HEADER_BYTES;
	const length = bytes.length - at;
	if (channelSet !== 0) throw malformed(`a ${kind} entry with channel set ${channelSet}`);
	if (kind === "event") {
		if (length < EVENT_FIXED_BYTES || length > EVENT_FIXED_BYTES + EVENT_TEXT_BYTES_MAX) {
			throw malformed(`an event of ${bytes.length} bytes`);
		}
		requireZero(bytes, at + 2, at + 4);
		const text = bytes.subarray(at + EVENT_FIXED_BYTES);
		if (text.some((byte) => byte < 0x20 || byte > 0x7e)) throw malformed("event text not ASCII");
		return {
			kind,
			code: view.getUint16(at, true),
			detail: view.getInt32(at + 4, true),
			text: asciiText(text),
		};
	}
	if (length !== BODY_BYTES[kind]) throw malformed(`a ${kind} entry of ${bytes.length} bytes`);
	switch (kind) {
		case "boot":
			return {
				kind,
				resetReason: view.getUint8(at),
				wakeCause: view.getUint8(at + 1),
				crashCode: view.getUint16(at + 2, true),
				firmwareVersion: view.getUint32(at + 4, true),
				wakeCount: view.getUint32(at + 8, true),
			};
		case "time": {
			requireZero(bytes, at + 25, at + 28);
			const uncertainty = view.getUint32(at + 12, true);
			const step = view.getInt32(at + 16, true);
			const drift = view.getInt32(at + 20, true);
			return {
				kind,
				atBoot: view.getUint32(at, true),
				atUptimeSeconds: view.getUint32(at + 4, true),
				atUtcSeconds: view.getUint32(at + 8, true),
				uncertaintyMilliseconds: uncertainty === UNCERTAINTY_UNKNOWN ? undefined : uncertainty,
				stepSeconds: step === INT32_UNKNOWN ? undefined : step,
				driftPartsPerBillion: drift === INT32_UNKNOWN ? undefined : drift,
				source: view.getUint8(at + 24),
			};
		}
		case "calibration":
			return {
				kind,
				calibrationId: view.getUint8(at),
				channel: view.getUint8(at + 1),
				range: view.getUint8(at + 2),
				curve: view.getUint8(at + 3),
				coefficients: [
					finite(view.getFloat64(at + 4, true)),
					finite(view.getFloat64(at + 12, true)),
					finite(view.getFloat64(at + 20, true)),
				],
			};
		case "configuration":
			return {
				kind,
				definedId: view.getUint16(at, true),
				conductivityLaw: view.getUint8(at + 2),
				turbidityUnit: view.getUint8(at + 3),
				alphaPerMillionPerDegree: view.getUint16(at + 4, true),
				turbidityCurve: view.getUint8(at + 6),
				probes: view.getUint8(at + 7),
				loopShuntMilliohms: view.getUint32(at + 8, true),
				turbidityAt4MilliampereMilli: view.getInt32(at + 12, true),
				turbidityAt20MilliampereMilli: view.getInt32(at + 16, true),
				intervalSeconds: view.getUint32(at + 20, true),
				hash: bytes.slice(at + 24, at + 24 + HASH_BYTES),
			};
		case "gap":
			requireZero(bytes, at + 9, at + 12);
			return {
				kind,
				from: view.getUint32(at, true),
				to: view.getUint32(at + 4, true),
				reason: view.getUint8(at + 8),
				lostEpoch: view.getUint32(at + 12, true),
				resume: bytes.slice(at + 16, at + 16 + HASH_BYTES),
			};
		case "epoch": {
			requireZero(bytes, at + 42, at + 44);
			const station = stationIdAt(bytes, at);
			if (!isStationId(station)) throw malformed("a station id of other characters");
			return {
				kind,
				station,
				publicKey: bytes.slice(at + 8, at + 8 + PUBLIC_KEY_BYTES),
				reason: view.getUint8(at + 41),
				previousEpoch: view.getUint32(at + 44, true),
				previousSequence: view.getUint32(at + 48, true),
				previousHead: bytes.slice(at + 52, at + 52 + HASH_BYTES),
			};
		}
	}
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
	assert(bytes.length === length, `${bytes.length} bytes where ${length} belong`);
	return bytes;
}

/** A NaN has many bit patterns, so it would break "one byte string per content". */
function finite(value: number): number {
	if (!Number.isFinite(value)) throw malformed("a coefficient that is not finite");
	return value;
}

function requireZero(bytes: Uint8Array, first: number, end: number): void {
	for (let index = first; index < end; index++) {
		if (bytes[index] !== 0) throw malformed("a reserved byte is not zero");
	}
}

function malformed(what: string): StationError {
	return new StationError("entry-malformed", `${what}: not an entry of this version`);
}
