/** Readings as tables: the published table itself, the few columns that most want, SenML. All of them streams. */
import { csvHeader, csvLineOf, jsonLineOf } from "../../protocol/audit/published-values.js";
import { channelsOf, type ShownChannel } from "./channels.js";
import { type Column, cellOf } from "./column-bytes.js";
import type { DayCache } from "./day-cache.js";
import type { PublishedStation } from "./library.js";
import { type FoundRow, type Period, rowsInOrder } from "./ordered-rows.js";
import type { StationDay } from "./station-day.js";

/** About so much is handed on at a time, and others get a turn. */
const PIECE_CHARACTERS = 65_536;

type Source = readonly [cache: DayCache, found: PublishedStation, period: Period];

/** Byte for byte what `bistrina values` writes of the same record and documents. */
export function valuesCsv(...source: Source): AsyncGenerator<string> {
	return pieces(source, (row) => csvLineOf(cellsOf(row)), csvHeader());
}

export function valuesJsonLines(...source: Source): AsyncGenerator<string> {
	return pieces(source, (row) => jsonLineOf(cellsOf(row)));
}

/** Time and values as the simulator reads a river, each with its flags; `hasUnits`: a line of units below the names. */
export function readingsCsv(hasUnits: boolean, ...source: Source): AsyncGenerator<string> {
	const columns = channelsOf(source[1].index).flatMap(({ name, value, flags, judged, unit }) => [
		[simulatorName(value), value, unit] as const,
		[`${name}_flags`, flags, ""] as const,
		...(judged === undefined ? [] : [[`${name}_qc`, judged, "QARTOD"] as const]),
	]);
	const names = ["time", ...columns.map(([name]) => name)];
	const units = ["UTC", ...columns.map(([, , unit]) => unit)];
	const head = `${names.join(",")}\r\n${hasUnits ? `${units.join(",")}\r\n` : ""}`;
	const lineOf = ({ day, index }: FoundRow): string => {
		const time = cellOf(day.column("time"), index);
		if (time === "") return "";
		return `${[time, ...columns.map(([, column]) => cellOf(day.column(column), index))].join(",")}\r\n`;
	};
	return pieces(source, lineOf, head);
}

/** RFC 8428; turbidity has no unit in its registry, so that its name says it. Flags are records of their own. */
export function senml(...source: Source): AsyncGenerator<string> {
	const [, { station, index: cacheIndex }] = source;
	const channels = channelsOf(cacheIndex);
	let isFirst = true;
	let opened: StationDay | undefined;
	let columns: readonly (readonly [ShownChannel, Column, Column])[] = [];
	const recordsOf = ({ day, index, seconds }: FoundRow): string => {
		if (Number.isNaN(seconds)) return "";
		if (day !== opened) {
			opened = day;
			columns = channels.map((channel) => [
				channel,
				day.column(channel.value),
				day.column(channel.flags),
			]);
		}
		let text = "";
		const add = (name: string, members: string): void => {
			text += `${isFirst ? "" : ","}\n{"bn":"urn:dev:bistrina:${station}:","n":${JSON.stringify(name)},"t":${seconds},${members}}`;
			isFirst = false;
		};
		for (const [{ senml: known, name }, values, flagged] of columns) {
			const value = cellOf(values, index);
			const flags = cellOf(flagged, index);
			const unitText = name === "turbidity" ? cellOf(day.column("turbidity_unit"), index) : "";
			const full = known === undefined ? `${name}-${unitText.toLowerCase() || "relative"}` : name;
			if (value !== "") {
				const unit = known === undefined ? "" : `"u":${JSON.stringify(known.unit)},`;
				const scaled = known === undefined ? Number(value) : scaledBy(value, known.factor);
				add(full, `${unit}"v":${JSON.stringify(scaled)}`);
			}
			if (flags !== "") add(`${full}/flags`, `"vs":${JSON.stringify(flags)}`);
		}
		return text;
	};
	return pieces(source, recordsOf, "[", "\n]\n");
}

async function* pieces(
	[cache, { station, index }, period]: Source,
	textOf: (row: FoundRow) => string,
	head = "",
	end = "",
): AsyncGenerator<string> {
	let piece = head;
	for (const group of rowsInOrder(cache, station, index, period)) {
		for (const row of group) {
			piece += textOf(row);
			if (piece.length < PIECE_CHARACTERS) continue;
			yield piece;
			piece = "";
			await new Promise((resolve) => setImmediate(resolve));
		}
	}
	yield piece + end;
}

function cellsOf({ day, index }: FoundRow): string[] {
	return day.columns.map((column) => cellOf(column, index));
}

/** What the simulator calls turbidity is FNU and NTU alike. */
function simulatorName(value: string): string {
	return value === "turbidity" ? "turbidity_ntu" : value;
}

/** 1 uS/cm is 10^-4 S/m: by digits, so that 523.1 becomes 0.05231 and no 0.052310000000000006. */
function scaledBy(text: string, factor: number): number {
	return factor === 1 ? Number(text) : Number(`${text}e${Math.round(Math.log10(factor))}`);
}
