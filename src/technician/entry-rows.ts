/** Entries as rows for people and programs: raw values, derived values, flags by name, placed times. */
import { hexOf } from "../core/bytes.js";
import { instant } from "../host/output.js";
import { CHANNEL_TABLE, type ChannelColumns, notesOf } from "../protocol/audit/channel-columns.js";
import { CHANNEL_SETS, type ChannelSet } from "../protocol/record/channel-set.js";
import { DerivationContext, type DerivedReading } from "../protocol/record/derive.js";
import { decodeEntry } from "../protocol/record/entry.js";
import {
	ENTRY_LAYOUTS,
	type Entry,
	type FixedKind,
	GAP_REASONS,
	RESET_REASONS,
	type ReadingBody,
	STATION_FLAGS,
	TIME_QUALITIES,
} from "../protocol/record/entry-layouts.js";
import { eventNameOf } from "../protocol/record/events.js";
import { PROBE_ROWS, probeKindsOf } from "../protocol/record/probe-kinds.js";
import { CHANNEL_FLAGS, readingOf } from "../protocol/record/reading.js";
import { TimeResolver } from "../protocol/record/time-resolver.js";

/** A row by column name; what a kind of entry does not have is left out. */
export type EntryRow = Readonly<Record<string, string | number>>;

function columnsOf({ journal, hasUnit, method }: ChannelColumns): string[] {
	return [
		journal.value,
		...(hasUnit ? [`${journal.stem}Unit`] : []),
		...(journal.raw === undefined ? [] : [journal.raw]),
		// A turbidity's method follows from its unit and its calibration.
		...(method !== undefined && !hasUnit ? [`${journal.stem}Method`] : []),
		`${journal.stem}Flags`,
	];
}

/** Columns in order, for formats that need them. */
export const ROW_COLUMNS: readonly string[] = Object.freeze([
	"sequence",
	"kind",
	"utc",
	"timeQuality",
	"utcUncertaintySeconds",
	"boot",
	"uptimeSeconds",
	"stationFlags",
	...CHANNEL_TABLE.flatMap(columnsOf),
	"notes",
	"text",
]);

/** Rows of one chain's entries, ascending. */
export function rowsOf(entries: readonly Uint8Array[]): EntryRow[] {
	const decoded = entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
	const resolver = new TimeResolver();
	const context = new DerivationContext();
	// A configuration may be read only after the readings that it gives their meaning, and so may a time entry.
	for (const entry of decoded) {
		context.observe(entry);
		resolver.observe(entry);
	}
	return decoded.map((entry) => rowOf(entry, context, resolver));
}

function rowOf(entry: Entry, context: DerivationContext, resolver: TimeResolver): EntryRow {
	const { sequence, kind, boot, uptimeSeconds } = entry;
	return {
		sequence,
		kind,
		...timeOf(entry, resolver),
		boot,
		uptimeSeconds,
		stationFlags: stationFlagNames(entry.stationFlags),
		...bodyOf(entry, context),
	};
}

/** Resolved as WIRE.md, section 7, says; "corrected" and "placed" are times that the entry itself does not bear. */
function timeOf(entry: Entry, resolver: TimeResolver): EntryRow {
	const resolved = resolver.resolve(entry);
	if (resolved === undefined) return { timeQuality: "unset" };
	const { utcSeconds, uncertaintyMilliseconds, source } = resolved;
	const quality = Object.entries(TIME_QUALITIES).find(([, value]) => value === entry.timeQuality);
	return {
		utc: instant(utcSeconds),
		timeQuality: source === "own" ? (quality?.[0] ?? entry.timeQuality) : source,
		...(uncertaintyMilliseconds === undefined
			? {}
			: { utcUncertaintySeconds: Math.ceil(uncertaintyMilliseconds / 100) / 10 }),
	};
}

/** In words; a kind that is not here shows its fields by name. */
const TEXTS: { readonly [Kind in FixedKind]?: (entry: Extract<Entry, { kind: Kind }>) => string } =
	{
		boot: ({ resetReason }) => `after ${RESET_REASONS[resetReason] ?? resetReason}`,
		time: ({ atBoot, atUptimeSeconds, atUtcSeconds }) =>
			`boot ${atBoot} at ${atUptimeSeconds} s was ${instant(atUtcSeconds)}`,
		calibration: ({ calibrationId, channel, range, curve, coefficients }) =>
			`calibration ${calibrationId} of channel ${channel} range ${range}: ` +
			`curve ${curve}, ${coefficients.join(" ")}`,
		configuration: ({ definedId, probes, hash }) =>
			`configuration ${definedId}, ${partsOf(probes)}, ${hexOf(hash)}`,
		event: ({ code, detail, text }) =>
			`${eventNameOf(code) ?? code} ${detail}${text === "" ? "" : ` ${text}`}`,
		gap: ({ from, to, lostEpoch, reason }) =>
			`${from} to ${to} lost${lostEpoch === 0 ? "" : ` of epoch ${lostEpoch}`}: ` +
			`${GAP_REASONS[reason] ?? reason}`,
		epoch: ({ station, publicKey }) => `station ${station}, public key ${hexOf(publicKey)}`,
		"calibration-part": ({ index, calibrationId, type }) =>
			`part ${index} of calibration ${calibrationId}, type ${type}`,
		alarm: ({ code, phase, readingSequence }) =>
			`alarm ${code} phase ${phase}, by reading ${readingSequence}`,
		heartbeat: ({ readingsMade, readingsDue, resets, chargePerMille, forecastDays }) =>
			`${readingsMade} of ${readingsDue} readings, ${resets} resets, ` +
			`charge ${chargePerMille === undefined ? "not known" : `${chargePerMille / 10} %`}, ` +
			`${forecastDays === undefined ? "no forecast" : `${forecastDays} days without sun`}`,
	};

function bodyOf(entry: Entry, context: DerivationContext): EntryRow {
	if (entry.kind === "reading") {
		const derived = context.derive(entry);
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (derived === undefined || set === undefined) {
			return { text: `channel set ${entry.channelSet}: ${entry.fields.join(" ")}` };
		}
		return cellsOf(derived, set, entry.fields);
	}
	const text = TEXTS[entry.kind] as ((entry: Entry) => string) | undefined;
	return { text: text?.(entry) ?? fieldsText(entry) };
}

function fieldsText(entry: Exclude<Entry, ReadingBody>): string {
	const body = entry as unknown as Readonly<Record<string, unknown>>;
	return ENTRY_LAYOUTS[entry.kind]
		.flatMap(([name]) => {
			const value = body[name];
			if (name === "") return [];
			return [`${name} ${value instanceof Uint8Array ? hexOf(value) : (value ?? "unknown")}`];
		})
		.join(", ");
}

function partsOf(probes: number): string {
	const kinds = probeKindsOf(probes);
	if (kinds === undefined) return `parts ${probes} of a newer version`;
	return PROBE_ROWS.flatMap(([field]) => kinds[field] ?? []).join(" ");
}

function cellsOf(derived: DerivedReading, set: ChannelSet, fields: readonly number[]): EntryRow {
	const reading = readingOf(set, fields);
	const cells: Record<string, string | number> = {};
	for (const { name, journal, hasUnit, method: column } of CHANNEL_TABLE) {
		const { value, unit, method, flags } = derived[name];
		const steps = reading[name].value;
		if (value !== undefined) cells[journal.value] = Number(value.toFixed(4));
		if (hasUnit) cells[`${journal.stem}Unit`] = unit;
		if (journal.raw !== undefined && steps !== undefined) {
			cells[journal.raw] = journal.stepsPerRaw === undefined ? steps : steps / journal.stepsPerRaw;
		}
		if (column !== undefined && !hasUnit) cells[`${journal.stem}Method`] = method;
		cells[`${journal.stem}Flags`] = names(CHANNEL_FLAGS, flags);
	}
	cells["notes"] = notesOf(derived).join(" ");
	return cells;
}

/** Flags of an entry by name, as the column "stationFlags" has them. */
export function stationFlagNames(bits: number): string {
	return names(STATION_FLAGS, bits);
}

function names(table: Readonly<Record<string, number>>, bits: number): string {
	return Object.entries(table)
		.filter(([, bit]) => (bits & bit) !== 0)
		.map(([name]) => name)
		.join(" ");
}
