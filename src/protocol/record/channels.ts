/**
 * The channels of a station: one row each. What a reading holds of it stands in the channel sets
 * (channel-set.ts), how its probe is measured in firmware/measure, how tables print it in
 * audit/channel-columns.ts; all of them are walked by these rows, and the compiler asks for what is missing.
 */

export interface ChannelRow {
	readonly name: ChannelName;
	/** The bus that its circuit hangs on. */
	readonly bus: "probe" | "system";
	/** How its value comes from what was measured: as it is, or by a law of derive.ts. */
	readonly derivation: "measured" | "conductivity" | "turbidity";
}

export type ChannelName = "pH" | "temperature" | "conductivity" | "turbidity" | "battery";

/** The index of a row is the channel's number in events, calibrations and masks of failed probes. */
export const CHANNELS: readonly ChannelRow[] = Object.freeze([
	Object.freeze({ name: "pH", bus: "probe", derivation: "measured" }),
	Object.freeze({ name: "temperature", bus: "probe", derivation: "measured" }),
	Object.freeze({ name: "conductivity", bus: "probe", derivation: "conductivity" }),
	Object.freeze({ name: "turbidity", bus: "system", derivation: "turbidity" }),
	Object.freeze({ name: "battery", bus: "system", derivation: "measured" }),
] as const);

/** Throws TypeError for a name that no row has. */
export function channelIndexOf(name: ChannelName): number {
	const index = CHANNELS.findIndex((row) => row.name === name);
	if (index < 0) throw new TypeError(`no channel ${name}`);
	return index;
}

/** One value for each channel, made in their order. */
export function byChannel<Value>(
	make: (row: ChannelRow, index: number) => Value,
): Record<ChannelName, Value> {
	const all: Partial<Record<ChannelName, Value>> = {};
	CHANNELS.forEach((row, index) => {
		all[row.name] = make(row, index);
	});
	return all as Record<ChannelName, Value>;
}
