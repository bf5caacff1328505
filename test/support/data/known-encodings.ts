/** How others would write the same readings: for the bench, beside ours. */

import { gzipSync } from "node:zlib";
import { encode, Tagged } from "cborg";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { type NamedReading, namedOf } from "./named-reading.js";

interface Channel {
	readonly name: string;
	/** SenML's unit (RFC 8428, RFC 8798), none for flags. */
	readonly unit: string | undefined;
	readonly decimals: number;
	valueOf(reading: NamedReading): number;
}

const CHANNELS: readonly Channel[] = [
	{ name: "pH", unit: "pH", decimals: 3, valueOf: (reading) => reading.pHMilli ?? 0 },
	{
		name: "temp",
		unit: "Cel",
		decimals: 3,
		valueOf: (reading) => reading.temperatureMillidegrees ?? 0,
	},
	// 0.01 uS/cm are 1e-6 S/m.
	{
		name: "cond",
		unit: "S/m",
		decimals: 6,
		valueOf: (reading) => reading.conductivityHundredths ?? 0,
	},
	{
		name: "turb",
		unit: "V",
		decimals: 6,
		valueOf: (reading) => reading.turbidityMicrovolts ?? 0,
	},
	{ name: "batt", unit: "V", decimals: 3, valueOf: (reading) => reading.batteryMillivolts ?? 0 },
	{ name: "flags", unit: undefined, decimals: 0, valueOf: (reading) => reading.pHFlags },
];

/** RFC 8428 in CBOR, decimal fractions (tag 4), no units; bytes. */
export function senmlCborBytes(entries: readonly Entry[]): number {
	const records: Map<number, unknown>[] = [];
	forEachValue(entries, (entry, channel, value, isFirstOfReading) => {
		const record = new Map<number, unknown>();
		if (records.length === 0) record.set(-2, "bor-0001:");
		if (isFirstOfReading) record.set(-3, entry.utcSeconds);
		record.set(0, channel.name);
		record.set(2, channel.decimals === 0 ? value : new Tagged(4, [-channel.decimals, value]));
		records.push(record);
	});
	return encode(records).length;
}

/** RFC 8428 in JSON with units, gzip; bytes. */
export function senmlJsonGzipBytes(entries: readonly Entry[]): number {
	const records: Record<string, unknown>[] = [];
	forEachValue(entries, (entry, channel, value) => {
		records.push({
			...(records.length === 0 ? { bn: "bor-0001:" } : {}),
			n: channel.name,
			...(channel.unit === undefined ? {} : { u: channel.unit }),
			t: entry.utcSeconds,
			v: value / 10 ** channel.decimals,
		});
	});
	return gzipSync(JSON.stringify(records), { level: 9 }).length;
}

/** Influx line protocol, one line a reading, seconds, gzip; bytes. */
export function influxGzipBytes(entries: readonly Entry[]): number {
	let lines = "";
	for (const entry of entries) {
		if (entry.kind !== "reading") continue;
		const reading = namedOf(entry.fields);
		const fields = CHANNELS.map(
			(channel) => `${channel.name}=${channel.valueOf(reading) / 10 ** channel.decimals}`,
		);
		lines += `water,station=bor-0001 ${fields.join(",")} ${entry.utcSeconds}\n`;
	}
	return gzipSync(lines, { level: 9 }).length;
}

function forEachValue(
	entries: readonly Entry[],
	visit: (entry: Entry, channel: Channel, value: number, isFirstOfReading: boolean) => void,
): void {
	for (const entry of entries) {
		if (entry.kind !== "reading") continue;
		const reading = namedOf(entry.fields);
		CHANNELS.forEach((channel, index) => {
			visit(entry, channel, channel.valueOf(reading), index === 0);
		});
	}
}
