/**
 * Entries and their canonical bytes, version 1: little-endian, fixed layout, one byte string per
 * content. The chain, the signatures and every comparison speak of these bytes; flash and wire
 * compress them and give them back bit for bit. The tables stand in docs/FORMAT.md.
 */
import { asciiBytes, asciiText, putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { AssertionError, assert, StationError } from "../../core/errors.js";
import { isDigit, isLowerLetter, isTextOf } from "../../core/text.js";
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
	"calibration-part": 9,
	alarm: 10,
	heartbeat: 11,
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

/** Closes a calibration: parts with its id that come before it count only with it. */
export interface CalibrationBody {
	readonly kind: "calibration";
	/** 1..65535, above every earlier one of the channel; 0 is the maker's and has no entry. */
	readonly calibrationId: number;
	/** Id of the channel's calibration before it, 0 none. */
	readonly previousId: number;
	/** Index of the channel: position of its first field's channel in the set (0 pH ... 4 battery). */
	readonly channel: number;
	readonly range: number;
	/** CALIBRATION_CURVES in derive.ts. */
	readonly curve: number;
	/** Index into CALIBRATION_ACTS. */
	readonly act: number;
	/** 0 not judged, 1 good, 2 warning, 3 rejected and committed with a reason. */
	readonly verdict: number;
	/** Version of the rule that judged, 0 none. */
	readonly rule: number;
	/** Entries of kind calibration-part that bear this id. */
	readonly parts: number;
	/** How many of them are points. */
	readonly points: number;
	readonly coefficients: readonly [number, number, number];
	/** Unix seconds, 0 none. */
	readonly dueUtcSeconds: number;
	/** Sequence of its first part, 0 none. */
	readonly firstPart: number;
	/** First 8 bytes of SHA-256 of the circuit's export before and after; zeros where there is none. */
	readonly exportBefore: Uint8Array;
	readonly exportAfter: Uint8Array;
}

export const CALIBRATION_ACTS = Object.freeze([
	"configured",
	"calibration",
	"as-found",
	"as-left",
	"undo",
	"cleaning",
	"swap",
	"found-changed",
] as const);

/** What a calibration entry says that stands for a curve of the configuration and no more. */
export const NO_CALIBRATION_ACT = Object.freeze({
	previousId: 0,
	act: 0,
	verdict: 0,
	rule: 0,
	parts: 0,
	points: 0,
	dueUtcSeconds: 0,
	firstPart: 0,
	exportBefore: new Uint8Array(8),
	exportAfter: new Uint8Array(8),
});

/** A piece of what a calibration rests on; its contents by type stand in docs/FORMAT.md. */
export interface CalibrationPartBody {
	readonly kind: "calibration-part";
	readonly calibrationId: number;
	/** 0, 1, 2 ... within the calibration. */
	readonly index: number;
	/** 1 point, 2 standard, 3 person, 4 circuit, 5 export before, 6 export after, 7 reason. */
	readonly type: number;
	/** At most 87 bytes; of types 2, 3, 4 and 7 printable ASCII. */
	readonly contents: Uint8Array;
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

/** `unproved`: numbers that may have been given to entries, and are not used again. */
export const GAP_REASONS = Object.freeze(["overflow", "rot", "sector-lost", "unproved"] as const);

export interface EpochBody {
	readonly kind: "epoch";
	readonly station: string;
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** Index into EPOCH_REASONS: why it begins. */
	readonly reason: number;
	/** 0 where no previous epoch is known. */
	readonly previousEpoch: number;
	readonly previousSequence: number;
	/** Zeros where no previous epoch is known. */
	readonly previousHead: Uint8Array;
}

export const EPOCH_REASONS = Object.freeze(["first", "formatted", "other-key"] as const);

/** The station's own claim that the water is not as it was, and what the claim rests on. */
export interface AlarmBody {
	readonly kind: "alarm";
	/** 1 watch, 2 acid, 3 conductivity, 4 storm. */
	readonly code: number;
	/** 1 begin, 2 change, 3 end. */
	readonly phase: number;
	/** Version of the rule. */
	readonly rule: number;
	/** Sequence of its begin, 0 in that entry. */
	readonly beginSequence: number;
	/** Sequence of the reading that decided. */
	readonly readingSequence: number;
	/** At 25 degC, 0.01 uS/cm. */
	readonly conductivityHundredths: number;
	readonly baselineHundredths: number;
	/** Spread of the baseline, 0.0001 of ln. */
	readonly baselineSpread: number;
	readonly pHMilli: number;
	readonly pHBeforeMilli: number;
	/** Readings of the burst that agreed, of how many. */
	readonly burstAgreed: number;
	readonly burstReadings: number;
	/** Thousandths of the unit, and the median of six hours. */
	readonly turbidityMilli: number;
	readonly turbidityMedianMilli: number;
	readonly secondsSinceBegin: number;
}

/** Once a day: how the station fares. `undefined` is what cannot be known. */
export interface HeartbeatBody {
	readonly kind: "heartbeat";
	/** 1. */
	readonly version: number;
	/** Share of the ring that waits, 1/255. */
	readonly ringShare: number;
	readonly wakes: number;
	readonly awakeSeconds: number;
	readonly measuringSeconds: number;
	readonly radioSeconds: number;
	readonly readingsDue: number;
	readonly readingsMade: number;
	readonly probeRetries: number;
	/** Of the RTC and the converter. */
	readonly chipRetries: number;
	readonly uploadsTried: number;
	readonly uploadsAcknowledged: number;
	/** dBm, 0 unknown. */
	readonly signalLowest: number;
	readonly signalMedian: number;
	/** Medians, 10 ms. */
	readonly linkUpCentiseconds: number;
	readonly tlsUpCentiseconds: number;
	readonly resets: number;
	readonly sectorsRefused: number;
	readonly batteryLowestMillivolts: number;
	readonly batteryHighestMillivolts: number;
	/** Charge drawn, mC. */
	readonly chargeMillicoulombs: number | undefined;
	readonly heapLowestBytes: number;
	readonly bitsCorrected: number;
	/** The board's own temperature, 0.01 degC. */
	readonly temperatureLowestCenti: number | undefined;
	readonly temperatureHighestCenti: number | undefined;
}

export type EntryBody =
	| ReadingBody
	| BootBody
	| TimeBody
	| CalibrationBody
	| CalibrationPartBody
	| ConfigurationBody
	| EventBody
	| GapBody
	| EpochBody
	| AlarmBody
	| HeartbeatBody;

export type Entry = Header & EntryBody;

/** An entry before the journal gives it its place. */
export type EntryDraft = Omit<Header, "epoch" | "sequence"> & EntryBody;

export const EVENT_TEXT_BYTES_MAX = 40;
export const PART_CONTENTS_BYTES_MAX = 87;
const STATION_ID_BYTES = 8;
const POINT_BYTES = 32;
const PART_TYPES = Object.freeze({ point: 1, exportBefore: 5, exportAfter: 6, last: 7 });

/**
 * How a field lies in a body. "i16?" and "i32?" are undefined at the type's minimum, "u32?" at its maximum, "z" are reserved
 * zeros, "b" bytes, "f64x3" three doubles.
 */
const WIDTHS = Object.freeze({
	u8: 1,
	i8: 1,
	u16: 2,
	i16: 2,
	"i16?": 2,
	u32: 4,
	"u32?": 4,
	i32: 4,
	"i32?": 4,
	f64x3: 24,
	station: STATION_ID_BYTES,
	b8: 8,
	b32: 32,
	b33: 33,
	z1: 1,
	z2: 2,
	z3: 3,
	z4: 4,
});
type FieldType = keyof typeof WIDTHS;
type Row = readonly [name: string, type: FieldType];
type FixedKind = Exclude<EntryKind, "reading">;

/** The bodies of docs/FORMAT.md, 1, in order; event and calibration-part have a tail behind theirs. */
const LAYOUTS: Readonly<Record<FixedKind, readonly Row[]>> = Object.freeze({
	boot: [
		["resetReason", "u8"],
		["wakeCause", "u8"],
		["crashCode", "u16"],
		["firmwareVersion", "u32"],
		["wakeCount", "u32"],
	],
	time: [
		["atBoot", "u32"],
		["atUptimeSeconds", "u32"],
		["atUtcSeconds", "u32"],
		["uncertaintyMilliseconds", "u32?"],
		["stepSeconds", "i32?"],
		["driftPartsPerBillion", "i32?"],
		["source", "u8"],
		["", "z3"],
	],
	calibration: [
		["calibrationId", "u16"],
		["previousId", "u16"],
		["channel", "u8"],
		["range", "u8"],
		["curve", "u8"],
		["act", "u8"],
		["verdict", "u8"],
		["rule", "u8"],
		["parts", "u8"],
		["points", "u8"],
		["coefficients", "f64x3"],
		["dueUtcSeconds", "u32"],
		["firstPart", "u32"],
		["exportBefore", "b8"],
		["exportAfter", "b8"],
	],
	"calibration-part": [
		["calibrationId", "u16"],
		["index", "u8"],
		["type", "u8"],
	],
	configuration: [
		["definedId", "u16"],
		["conductivityLaw", "u8"],
		["turbidityUnit", "u8"],
		["alphaPerMillionPerDegree", "u16"],
		["turbidityCurve", "u8"],
		["probes", "u8"],
		["loopShuntMilliohms", "u32"],
		["turbidityAt4MilliampereMilli", "i32"],
		["turbidityAt20MilliampereMilli", "i32"],
		["intervalSeconds", "u32"],
		["hash", "b32"],
	],
	event: [
		["code", "u16"],
		["", "z2"],
		["detail", "i32"],
	],
	gap: [
		["from", "u32"],
		["to", "u32"],
		["reason", "u8"],
		["", "z3"],
		["lostEpoch", "u32"],
		["resume", "b32"],
	],
	epoch: [
		["station", "station"],
		["publicKey", "b33"],
		["reason", "u8"],
		["", "z2"],
		["previousEpoch", "u32"],
		["previousSequence", "u32"],
		["previousHead", "b32"],
	],
	alarm: [
		["code", "u16"],
		["phase", "u8"],
		["rule", "u8"],
		["beginSequence", "u32"],
		["readingSequence", "u32"],
		["conductivityHundredths", "u32"],
		["baselineHundredths", "u32"],
		["baselineSpread", "u16"],
		["pHMilli", "i16"],
		["pHBeforeMilli", "i16"],
		["burstAgreed", "u8"],
		["burstReadings", "u8"],
		["turbidityMilli", "i32"],
		["turbidityMedianMilli", "i32"],
		["secondsSinceBegin", "u32"],
	],
	heartbeat: [
		["version", "u8"],
		["ringShare", "u8"],
		["wakes", "u16"],
		["awakeSeconds", "u32"],
		["measuringSeconds", "u32"],
		["radioSeconds", "u32"],
		["readingsDue", "u16"],
		["readingsMade", "u16"],
		["probeRetries", "u16"],
		["chipRetries", "u16"],
		["uploadsTried", "u16"],
		["uploadsAcknowledged", "u16"],
		["signalLowest", "i8"],
		["signalMedian", "i8"],
		["linkUpCentiseconds", "u16"],
		["tlsUpCentiseconds", "u16"],
		["resets", "u8"],
		["sectorsRefused", "u8"],
		["batteryLowestMillivolts", "u16"],
		["batteryHighestMillivolts", "u16"],
		["chargeMillicoulombs", "i32?"],
		["heapLowestBytes", "u32"],
		["bitsCorrected", "u32"],
		["temperatureLowestCenti", "i16?"],
		["temperatureHighestCenti", "i16?"],
		["", "z4"],
	],
});

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
	// A time past its end is none, and not one of 1970.
	const hasTime = entry.utcSeconds <= UINT32_MAX;
	bytes[3] = hasTime ? entry.timeQuality : 0;
	putUint32(bytes, 4, epoch);
	putUint32(bytes, 8, sequence);
	putUint32(bytes, 12, Math.min(entry.boot, UINT32_MAX));
	putUint32(bytes, 16, Math.min(entry.uptimeSeconds, UINT32_MAX));
	putUint32(bytes, 20, hasTime ? entry.utcSeconds : 0);
	putUint32(bytes, 24, (entry.configurationId & 0xffff) | (entry.stationFlags << 16));
	if (entry.kind === "reading") putFields(bytes, entry.channelSet, entry.fields);
	else writeBody(entry, bytes);
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

const KINDS: ReadonlyMap<number, EntryKind> = new Map(
	Object.entries(ENTRY_KINDS).map(([kind, code]) => [code, kind as EntryKind]),
);

function kindOf(code: number): EntryKind {
	const kind = KINDS.get(code);
	if (kind === undefined) throw malformed(`entry kind ${code} is not known`);
	return kind;
}

function widthOf(layout: readonly Row[]): number {
	let width = 0;
	for (const [, type] of layout) width += WIDTHS[type];
	return width;
}

function bodyBytesOf(entry: EntryDraft): number {
	if (entry.kind === "reading") {
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (set === undefined) throw new AssertionError(`channel set ${entry.channelSet} is not known`);
		return set.bodyBytes;
	}
	const tail = tailOf(entry);
	assert(tail.length <= tailMaxOf(entry.kind), "the end of an entry is too long");
	return widthOf(LAYOUTS[entry.kind]) + tail.length;
}

/** What stands behind the fixed fields. */
function tailOf(entry: Exclude<EntryDraft, ReadingBody>): Uint8Array {
	if (entry.kind === "event") return asciiBytes(entry.text);
	return entry.kind === "calibration-part" ? entry.contents : NOTHING;
}
const NOTHING = new Uint8Array(0);

function tailMaxOf(kind: EntryKind): number {
	if (kind === "event") return EVENT_TEXT_BYTES_MAX;
	return kind === "calibration-part" ? PART_CONTENTS_BYTES_MAX : 0;
}

const UINT32_MAX = 0xffffffff;
const UNKNOWN_16 = -0x8000;
const UNKNOWN_32 = -0x80000000;
const UNKNOWN_UNSIGNED_32 = 0xffffffff;

function writeBody(entry: Exclude<EntryDraft, ReadingBody>, bytes: Uint8Array): void {
	const view = new DataView(bytes.buffer);
	const body = entry as unknown as Record<string, unknown>;
	let at = ENTRY_HEADER_BYTES;
	for (const [name, type] of LAYOUTS[entry.kind]) {
		const width = WIDTHS[type];
		const value = body[name];
		if (type === "f64x3") {
			(value as readonly number[]).forEach((coefficient, index) => {
				view.setFloat64(at + 8 * index, coefficient, true);
			});
		} else if (type === "station") bytes.set(stationIdBytes(value as string), at);
		else if (type === "b8" || type === "b32" || type === "b33") {
			bytes.set(exactly(value as Uint8Array, width), at);
		} else if (name !== "") {
			const number = (value ?? unknownOf(type)) as number;
			// A counter that has come to its end stays there: 1 after 4294967295 would be a lie.
			if (width === 1) view.setUint8(at, Math.min(number, 0xff));
			else if (width === 2) view.setUint16(at, Math.min(number, 0xffff), true);
			else view.setUint32(at, Math.min(number, UINT32_MAX), true);
		}
		at += width;
	}
	bytes.set(tailOf(entry), at);
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

function readBody(kind: FixedKind, channelSet: number, bytes: Uint8Array): EntryBody {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const layout = LAYOUTS[kind];
	const tailBytes = bytes.length - ENTRY_HEADER_BYTES - widthOf(layout);
	if (channelSet !== 0) throw malformed(`a ${kind} entry with channel set ${channelSet}`);
	if (tailBytes < 0 || tailBytes > tailMaxOf(kind)) {
		throw malformed(`a ${kind} entry of ${bytes.length} bytes`);
	}
	const body: Record<string, unknown> = { kind };
	let at = ENTRY_HEADER_BYTES;
	for (const [name, type] of layout) {
		const end = at + WIDTHS[type];
		if (name === "") requireZero(bytes, at, end);
		else body[name] = valueAt(bytes, view, at, type);
		at = end;
	}
	const tail = bytes.slice(at);
	if (kind === "event") body["text"] = printable(tail);
	if (kind === "calibration-part") {
		requirePart(body["type"] as number, tail);
		body["contents"] = tail;
	}
	if (kind === "heartbeat" && body["version"] !== 1) throw malformed("another heartbeat");
	return body as unknown as EntryBody;
}

function valueAt(bytes: Uint8Array, view: DataView, at: number, type: FieldType): unknown {
	switch (type) {
		case "u8":
			return view.getUint8(at);
		case "i8":
			return view.getInt8(at);
		case "u16":
			return view.getUint16(at, true);
		case "i16":
			return view.getInt16(at, true);
		case "u32":
			return view.getUint32(at, true);
		case "i32":
			return view.getInt32(at, true);
		case "i16?":
			return unless(UNKNOWN_16, view.getInt16(at, true));
		case "i32?":
			return unless(UNKNOWN_32, view.getInt32(at, true));
		case "u32?":
			return unless(UNKNOWN_UNSIGNED_32, view.getUint32(at, true));
		case "f64x3":
			return [0, 8, 16].map((offset) => finite(view.getFloat64(at + offset, true)));
		case "station": {
			const station = stationIdAt(bytes, at);
			if (!isStationId(station)) throw malformed("a station id of other characters");
			return station;
		}
		case "b8":
		case "b32":
		case "b33":
		case "z1":
		case "z2":
		case "z3":
		case "z4":
			return bytes.slice(at, at + WIDTHS[type]);
	}
}

function unknownOf(type: FieldType): number {
	if (type === "u32?") return UNKNOWN_UNSIGNED_32;
	return type === "i16?" ? UNKNOWN_16 : UNKNOWN_32;
}

function unless(unknown: number, value: number): number | undefined {
	return value === unknown ? undefined : value;
}

function printable(bytes: Uint8Array): string {
	if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw malformed("text not ASCII");
	return asciiText(bytes);
}

/** A calibration-part's contents by its type. */
function requirePart(type: number, contents: Uint8Array): void {
	const { point, exportBefore, exportAfter, last } = PART_TYPES;
	if (type < point || type > last) throw malformed(`a calibration part of type ${type}`);
	if (type === exportBefore || type === exportAfter) return;
	if (type !== point) printable(contents);
	else if (contents.length !== POINT_BYTES || (contents[30] ?? 0) > 3 || contents[31] !== 0) {
		throw malformed("a calibration point of another form");
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
