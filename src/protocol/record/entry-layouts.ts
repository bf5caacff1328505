/**
 * The kinds of entries, one row each: its fields in order with their types, of which the codec of entry.ts, sizes and
 * the types of the program are made. docs/FORMAT.md, section 1, has the same as tables.
 */

/**
 * How a field lies in a body. "i16?" and "i32?" are undefined at the type's minimum, "u32?" at its maximum, "z" are reserved
 * zeros, "b" bytes, "f64x3" three doubles.
 */
export const WIDTHS = Object.freeze({
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
	station: 8,
	b8: 8,
	b32: 32,
	b33: 33,
	z1: 1,
	z2: 2,
	z3: 3,
});
export type LayoutFieldType = keyof typeof WIDTHS;
/** A name, "" for what is reserved, and how it lies. */
export type LayoutFieldRow = readonly [name: string, type: LayoutFieldType];

/**
 * The bodies in the order of their codes, from 2 on; a reading is 1, and its body is a channel set's. Event and
 * calibration-part have a tail after theirs.
 */
export const ENTRY_LAYOUTS = Object.freeze({
	boot: [
		/** Index into RESET_REASONS. */
		["resetReason", "u8"],
		/** Index into WAKE_CAUSES. */
		["wakeCause", "u8"],
		/** Code of the crash record that the last run left, 0 for none. */
		["crashCode", "u16"],
		/** major * 1 000 000 + minor * 1 000 + patch. */
		["firmwareVersion", "u32"],
		["wakeCount", "u32"],
	],
	/** Maps an instant of a boot to UTC; a reader of the record places that boot's entries by it. */
	time: [
		["atBoot", "u32"],
		["atUptimeSeconds", "u32"],
		["atUtcSeconds", "u32"],
		/** Of the pair, all included; undefined where nobody vouches for it: 4 294 967 294 at most. */
		["uncertaintyMilliseconds", "u32?"],
		/**
		 * How far the station's own clock was put forward by this (negative: back), whole seconds; 0 where it was
		 * left alone, undefined where it had no time, or an earlier step is missing in the record.
		 */
		["stepSeconds", "i32?"],
		/** Rate error of the own clock since the entry before, or undefined when not measurable. */
		["driftPartsPerBillion", "i32?"],
		/** Index into TIME_SOURCES. */
		["source", "u8"],
		["", "z3"],
	],
	/** Closes a calibration: parts with its id that come before it count only with it. */
	calibration: [
		/** 1..65535, above every earlier one of the channel; 0 is the maker's and has no entry. */
		["calibrationId", "u16"],
		/** Id of the channel's calibration before it, 0 none. */
		["previousId", "u16"],
		/** Index of the channel: position of its first field's channel in the set (0 pH ... 4 battery). */
		["channel", "u8"],
		["range", "u8"],
		/** CALIBRATION_CURVES in derive.ts. */
		["curve", "u8"],
		/** Index into CALIBRATION_ACTS. */
		["act", "u8"],
		/** 0 not judged, 1 good, 2 warning, 3 rejected and committed with a reason. */
		["verdict", "u8"],
		/** Version of the rule that judged, 0 none. */
		["rule", "u8"],
		/** Entries of kind calibration-part that bear this id. */
		["parts", "u8"],
		/** How many of them are points. */
		["points", "u8"],
		["coefficients", "f64x3"],
		/** Unix seconds, 0 none. */
		["dueUtcSeconds", "u32"],
		/** Sequence of its first part, 0 none. */
		["firstPart", "u32"],
		/** First 8 bytes of SHA-256 of the circuit's export before and after; zeros where there is none. */
		["exportBefore", "b8"],
		["exportAfter", "b8"],
	],
	/** What derivation needs of a configuration; the whole is named by its hash. */
	configuration: [
		["definedId", "u16"],
		/** 0 linear with `alphaPerMillionPerDegree`, 1 ISO 7888 natural waters. */
		["conductivityLaw", "u8"],
		/** 0 FNU, 1 NTU, 2 relative. */
		["turbidityUnit", "u8"],
		/** Linear temperature coefficient, millionths per degree (19 100 = 1.91 %/degC). */
		["alphaPerMillionPerDegree", "u16"],
		/** 0: 4-20 mA loop over a shunt, linear to full scale. 1: the calibration's curve only. */
		["turbidityCurve", "u8"],
		/** The parts that measure, as probe-kinds.ts packs them; 0 is the reference board's. */
		["probes", "u8"],
		["loopShuntMilliohms", "u32"],
		/** Turbidity at 4 mA and 20 mA, thousandths of the unit. */
		["turbidityAt4MilliampereMilli", "i32"],
		["turbidityAt20MilliampereMilli", "i32"],
		["intervalSeconds", "u32"],
		/** SHA-256 of the configuration's whole canonical form. */
		["hash", "b32"],
	],
	event: [
		/** Code from EVENT_CODES in events.ts. */
		["code", "u16"],
		["", "z2"],
		["detail", "i32"],
	],
	gap: [
		["from", "u32"],
		["to", "u32"],
		/** Index into GAP_REASONS. */
		["reason", "u8"],
		["", "z3"],
		/** Epoch of these numbers where it is a former one of the same ring; 0: this entry's own. */
		["lostEpoch", "u32"],
		/** h(to): where a verifier continues; zeros where it is not known. */
		["resume", "b32"],
	],
	epoch: [
		["station", "station"],
		/** SEC 1 compressed P-256 point, 33 bytes. */
		["publicKey", "b33"],
		/** Index into EPOCH_REASONS: why it begins. */
		["reason", "u8"],
		["", "z2"],
		/** 0 where no previous epoch is known. */
		["previousEpoch", "u32"],
		["previousSequence", "u32"],
		/** Zeros where no previous epoch is known. */
		["previousHead", "b32"],
	],
	/** A piece of what a calibration rests on; its contents by type are in docs/FORMAT.md. */
	"calibration-part": [
		["calibrationId", "u16"],
		/** 0, 1, 2 ... within the calibration. */
		["index", "u8"],
		/** 1 point, 2 standard, 3 person, 4 circuit, 5 export before, 6 export after, 7 reason. */
		["type", "u8"],
	],
	/** The station's own claim that the water is not as it was, and what the claim rests on. */
	alarm: [
		/** Code from ALARM_CODES in events.ts. */
		["code", "u16"],
		/** From ALARM_PHASES. */
		["phase", "u8"],
		/** Version of the rule. */
		["rule", "u8"],
		/** Sequence of its begin, 0 in that entry. */
		["beginSequence", "u32"],
		/** Sequence of the reading that decided. */
		["readingSequence", "u32"],
		/** At 25 degC, 0.01 uS/cm. */
		["conductivityHundredths", "u32"],
		["baselineHundredths", "u32"],
		/** Spread of the baseline, 0.0001 of ln. */
		["baselineSpread", "u16"],
		["pHMilli", "i16"],
		["pHBeforeMilli", "i16"],
		/** Readings of the burst that agreed, of how many. */
		["burstAgreed", "u8"],
		["burstReadings", "u8"],
		/** Thousandths of the unit, and the median of six hours. */
		["turbidityMilli", "i32"],
		["turbidityMedianMilli", "i32"],
		["secondsSinceBegin", "u32"],
	],
	/** Once a day: how the station fares. `undefined` is what cannot be known. */
	heartbeat: [
		/** 1. */
		["version", "u8"],
		/** Share of the ring that waits, 1/255. */
		["ringShare", "u8"],
		["wakes", "u16"],
		["awakeSeconds", "u32"],
		["measuringSeconds", "u32"],
		["radioSeconds", "u32"],
		["readingsDue", "u16"],
		["readingsMade", "u16"],
		["probeRetries", "u16"],
		/** Of the RTC and the converter. */
		["chipRetries", "u16"],
		["uploadsTried", "u16"],
		["uploadsAcknowledged", "u16"],
		/** dBm, 0 unknown. */
		["signalLowest", "i8"],
		["signalMedian", "i8"],
		/** Medians, 10 ms. */
		["linkUpCentiseconds", "u16"],
		["tlsUpCentiseconds", "u16"],
		["resets", "u8"],
		["sectorsRefused", "u8"],
		["batteryLowestMillivolts", "u16"],
		["batteryHighestMillivolts", "u16"],
		/** Charge drawn, mC. */
		["chargeMillicoulombs", "i32?"],
		["heapLowestBytes", "u32"],
		["bitsCorrected", "u32"],
		/** The board's own temperature, 0.01 degC. */
		["temperatureLowestCenti", "i16?"],
		["temperatureHighestCenti", "i16?"],
		/** State of charge, 0.001; where neither voltage nor coulombs tell it undefined. */
		["chargePerMille", "i16?"],
		/** Days to an empty battery without sun, by the policy and what was drawn lately (docs/EVENTS.md). */
		["forecastDays", "i16?"],
	],
} as const satisfies Readonly<Record<string, readonly LayoutFieldRow[]>>);

export type FixedKind = keyof typeof ENTRY_LAYOUTS;
export type EntryKind = "reading" | FixedKind;

/** Codes by kind. */
export const ENTRY_KINDS = codes();

function codes(): Readonly<Record<EntryKind, number>> {
	const all: Record<string, number> = { reading: 1 };
	for (const kind of Object.keys(ENTRY_LAYOUTS)) all[kind] = Object.keys(all).length + 1;
	return Object.freeze(all) as Readonly<Record<EntryKind, number>>;
}

type ValueOf<Type> = Type extends `${string}?`
	? number | undefined
	: Type extends "f64x3"
		? readonly [number, number, number]
		: Type extends "station"
			? string
			: Type extends `b${number}`
				? Uint8Array
				: number;

/** What comes after the fixed fields. */
interface Tails {
	/** ASCII, at most 40 bytes. */
	readonly event: { readonly text: string };
	/** At most 87 bytes; of types 2, 3, 4 and 7 printable ASCII. */
	readonly "calibration-part": { readonly contents: Uint8Array };
}

type BodyOf<Kind extends FixedKind> = { readonly kind: Kind } & {
	readonly [Row in (typeof ENTRY_LAYOUTS)[Kind][number] as Row[0] extends ""
		? never
		: Row[0]]: ValueOf<Row[1]>;
} & (Kind extends keyof Tails ? Tails[Kind] : unknown);

export interface ReadingBody {
	readonly kind: "reading";
	/** One integer per field of the channel set's row. */
	readonly fields: readonly number[];
}

export type BootBody = BodyOf<"boot">;
export type TimeBody = BodyOf<"time">;
export type CalibrationBody = BodyOf<"calibration">;
export type CalibrationPartBody = BodyOf<"calibration-part">;
export type ConfigurationBody = BodyOf<"configuration">;
export type EventBody = BodyOf<"event">;
export type GapBody = BodyOf<"gap">;
export type EpochBody = BodyOf<"epoch">;
export type AlarmBody = BodyOf<"alarm">;
export type HeartbeatBody = BodyOf<"heartbeat">;

export type EntryBody = ReadingBody | { [Kind in FixedKind]: BodyOf<Kind> }[FixedKind];

export type Entry = EntryHeader & EntryBody;

/** An entry before the journal gives it its place. */
export type EntryDraft = Omit<EntryHeader, "epoch" | "sequence"> & EntryBody;

export interface EntryHeader {
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

export const TIME_SOURCES = Object.freeze([
	"rtc",
	"collector",
	"network-time",
	"technician",
] as const);

export const CALIBRATION_ACTS = Object.freeze([
	"configured",
	"calibration",
	"as-found",
	"as-left",
	"undo",
	"cleaning",
	"swap",
	"found-changed",
	"note",
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

/** `unproved`: numbers that may have been given to entries, and are not used again. */
export const GAP_REASONS = Object.freeze([
	"overflow",
	"corruption",
	"sector-lost",
	"unproved",
] as const);

export const EPOCH_REASONS = Object.freeze([
	"first",
	"formatted",
	"other-key",
	"replaced",
] as const);
