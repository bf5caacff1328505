/**
 * Which parts a station may measure with: rows of tables, numbered in a configuration entry by their
 * index. A new part is a new row at the end; row 0 is the reference board's, and what records from
 * before these tables say.
 */

export const TURBIDITY_PROBES = Object.freeze(["loop-4-20", "obs-3", "sen0189"] as const);
export const THERMOMETERS = Object.freeze(["ezo-rtd", "ds18b20"] as const);
export const BATTERY_GAUGES = Object.freeze(["divider", "ina226"] as const);

export interface ProbeKinds {
	readonly turbidityProbe: (typeof TURBIDITY_PROBES)[number];
	readonly thermometer: (typeof THERMOMETERS)[number];
	readonly batteryGauge: (typeof BATTERY_GAUGES)[number];
}

/** What the reference board is delivered with. */
export const REFERENCE_PROBES: ProbeKinds = Object.freeze({
	turbidityProbe: "loop-4-20",
	thermometer: "ezo-rtd",
	batteryGauge: "divider",
});

/** The byte of a configuration entry: bits 0-2 turbidity probe, 3-4 thermometer, 5-6 gauge. */
export function probesByteOf(kinds: ProbeKinds): number {
	return (
		TURBIDITY_PROBES.indexOf(kinds.turbidityProbe) |
		(THERMOMETERS.indexOf(kinds.thermometer) << 3) |
		(BATTERY_GAUGES.indexOf(kinds.batteryGauge) << 5)
	);
}

/** The reverse; undefined for a part that this version does not know. */
export function probeKindsOf(byte: number): ProbeKinds | undefined {
	const turbidityProbe = TURBIDITY_PROBES[byte & 7];
	const thermometer = THERMOMETERS[(byte >> 3) & 3];
	const batteryGauge = BATTERY_GAUGES[byte >> 5];
	if (turbidityProbe === undefined || thermometer === undefined) return undefined;
	return batteryGauge === undefined ? undefined : { turbidityProbe, thermometer, batteryGauge };
}
