/**
 * Which parts a station may measure with: one row for each field of a configuration that chooses among some. A
 * new part is a new name at the end of its list; the first is the reference board's, and what records from
 * before these tables say. A list that begins with "none" is of a probe that a station may do without.
 */

/** Field, its lowest bit in a configuration entry's byte, and the parts by what its bits say. */
const ROWS = [
	["turbidityProbe", 0, ["loop-4-20", "obs-3", "sen0189"]],
	["thermometer", 3, ["ezo-rtd", "ds18b20"]],
	["batteryGauge", 5, ["divider", "ina226"]],
	["oxygenProbe", 7, ["none", "ezo-do"]],
] as const satisfies readonly (readonly [string, number, readonly string[]])[];

/** Bits 0-2, 3-4, 5-6 and 7: the byte is full. */
export const PROBE_ROWS: readonly (readonly [ProbeField, number, readonly string[]])[] =
	Object.freeze(ROWS);

type ProbeField = (typeof ROWS)[number][0];
type PartsOf<Field> = Extract<(typeof ROWS)[number], readonly [Field, ...unknown[]]>[2];
/** Fields that may be left out. */
type Spare<Field> = Field extends ProbeField
	? PartsOf<Field> extends readonly ["none", ...unknown[]]
		? Field
		: never
	: never;

export type ProbeKinds = {
	readonly [Field in Exclude<ProbeField, Spare<ProbeField>>]: PartsOf<Field>[number];
} & { readonly [Field in Spare<ProbeField>]?: PartsOf<Field>[number] };

/** What a field may say. Throws TypeError for one that no row has. */
export function partsOf<Field extends ProbeField>(field: Field): PartsOf<Field> {
	const row = PROBE_ROWS.find(([name]) => name === field);
	if (row === undefined) throw new TypeError(`no parts of ${field}`);
	return row[2] as PartsOf<Field>;
}

/** Whether a probe that a station may do without is there. */
export function isFitted(part: string | undefined): boolean {
	return (part ?? "none") !== "none";
}

/** The byte of a configuration entry. */
export function probesByteOf(kinds: ProbeKinds): number {
	let byte = 0;
	for (const [field, bit, parts] of PROBE_ROWS) {
		byte |= Math.max(parts.indexOf(kinds[field] ?? ""), 0) << bit;
	}
	return byte;
}

/** The reverse; undefined for a part that this version does not know. */
export function probeKindsOf(byte: number): ProbeKinds | undefined {
	const kinds: Record<string, string> = {};
	let rest = byte;
	// From the highest bits down; what is beyond a list is not known.
	for (const [field, bit, parts] of PROBE_ROWS.slice().reverse()) {
		const part = parts[rest >> bit];
		if (part === undefined) return undefined;
		if (part !== "none") kinds[field] = part;
		rest &= (1 << bit) - 1;
	}
	return kinds as ProbeKinds;
}

/** What the reference board is delivered with. */
export const REFERENCE_PROBES = Object.freeze(probeKindsOf(0)) as ProbeKinds;
