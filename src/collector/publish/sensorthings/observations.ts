/**
 * Observations out of the sealed days: a reading of one channel each. Nothing is counted over the record; days are opened
 * as a question walks over them, and a question that would walk too far is refused.
 */
import { cellOf, numbersOf } from "../column-bytes.js";
import { UNDATED } from "../day-cache.js";
import type { StationDay } from "../station-day.js";
import { observationId, partsOfObservation, SEQUENCE_MAX } from "./ids.js";
import type { Model, Stream } from "./model.js";
import { type Entity, Refusal } from "./sets.js";

/** Of one request, over all its days and channels: a year of three channels at five minutes. */
export const ROWS_WALKED_MAX = 400_000;
const SECONDS_PER_DAY = 86_400;
/** QARTOD: docs/PUBLISHING.md, section 8. */
const NOT_EVALUATED = 2;
const SUSPECT = 3;
const FAIL = 4;
const MISSING = 9;
const FAILED_FLAGS: readonly string[] = Object.freeze(["fault", "outOfRange", "saturated"]);

/** What a request may still walk over. */
export class Budget {
	#left = ROWS_WALKED_MAX;

	/** Throws Refusal when it is too much. */
	take(rows: number): void {
		this.#left -= rows;
		if (this.#left < 0)
			throw new Refusal(
				400,
				`more than ${ROWS_WALKED_MAX} readings would have to be looked at: ask of one Datastream, or of a shorter phenomenonTime`,
			);
	}
}

/** Unix seconds, both included; what a filter can be true of, at most. */
export interface Bounds {
	readonly from: number;
	readonly to: number;
}

export const EVER: Bounds = Object.freeze({
	from: Number.NEGATIVE_INFINITY,
	to: Number.POSITIVE_INFINITY,
});

export class Observation implements Entity {
	readonly set = "Observations";
	readonly id: number;
	readonly seconds: number;
	readonly stream: Stream;
	readonly #model: Model;
	readonly #day: StationDay;
	readonly #row: number;

	constructor(
		model: Model,
		stream: Stream,
		cell: { day: StationDay; row: number; id: number; seconds: number },
	) {
		this.#model = model;
		this.stream = stream;
		this.#day = cell.day;
		this.#row = cell.row;
		this.id = cell.id;
		this.seconds = cell.seconds;
	}

	one(relation: string): Entity | undefined {
		return relation === "Datastream"
			? this.#model.find("Datastreams", this.stream.id)
			: this.#model.find("FeaturesOfInterest", this.stream.stationNumber);
	}

	many(): readonly Entity[] {
		return [];
	}

	property(name: string): unknown {
		switch (name) {
			case "phenomenonTime":
			case "resultTime":
				return this.#cell("time");
			case "result": {
				const text = this.#cell(this.stream.channel.value);
				return text === "" ? null : Number(text);
			}
			case "resultQuality":
				return this.#quality();
			case "parameters":
				return this.#parameters();
			default:
				return undefined;
		}
	}

	#quality() {
		const { channel } = this.stream;
		const flags = this.#cell(channel.flags)
			.split(" ")
			.filter((flag) => flag !== "");
		const judged = channel.judged === undefined ? "" : this.#cell(channel.judged);
		const code = this.property("result") === null ? MISSING : codeOfFlags(flags);
		return { qualityCode: judged === "" ? code : Number(judged), resultQualifiers: flags };
	}

	/** With these anybody finds the signed entry, and how the value came about. */
	#parameters() {
		const { channel, found } = this.stream;
		const { name } = channel;
		const text = (column: string): string => this.#cell(column);
		const number = (column: string): number | null =>
			text(column) === "" ? null : Number(text(column));
		const isCalibrated = name !== "battery";
		return {
			station: found.station,
			epoch: number("epoch"),
			sequence: number("sequence"),
			configuration: number("configuration"),
			timeDoubtSeconds: number("time_uncertainty_s"),
			...(isCalibrated ? { calibration: number(`${name}_calibration`) } : {}),
			...(isCalibrated && channel.raw !== undefined ? { method: text(`${name}_method`) } : {}),
			...(name === "turbidity" ? { unit: text("turbidity_unit") } : {}),
			...(channel.corrected === undefined ? {} : { corrected: number(channel.corrected) }),
			...(channel.status === undefined ? {} : { status: text(channel.status) }),
		};
	}

	#cell(column: string): string {
		return cellOf(this.#day.column(column), this.#row);
	}
}

function codeOfFlags(flags: readonly string[]): number {
	if (flags.length === 0) return NOT_EVALUATED;
	return flags.some((flag) => FAILED_FLAGS.includes(flag)) ? FAIL : SUSPECT;
}

/** Dated days of a station within bounds, by rising day. */
function daysOf({ found }: Stream, { from, to }: Bounds): string[] {
	return Object.keys(found.index.days).filter((day) => {
		const start = Number(day) * SECONDS_PER_DAY;
		return day !== UNDATED && start <= to && start + SECONDS_PER_DAY > from;
	});
}

/** Observations of a day in a stream, by rising time. */
function observationsOfDay(
	model: Model,
	stream: Stream,
	name: string,
	{ from, to }: Bounds,
	budget: Budget,
): Observation[] {
	const { found, channel, epochNumbers, stationNumber } = stream;
	const rows = found.index.days[name]?.rows ?? 0;
	budget.take(rows);
	const day = model.cache.day(found.station, found.index, name);
	if (day === undefined) return [];
	const [seconds, epochs, sequences] = ["time", "epoch", "sequence"].map((column) =>
		numbersOf(day.column(column), day.count),
	);
	const presence = channel.presence === undefined ? undefined : day.column(channel.presence);
	const made: Observation[] = [];
	for (let row = 0; row < day.count; row++) {
		const at = seconds?.[row] ?? Number.NaN;
		if (!(at >= from && at <= to)) continue;
		if (presence !== undefined && cellOf(presence, row) === "") continue;
		const epochNumber = epochNumbers.get(epochs?.[row] ?? 0);
		const sequence = sequences?.[row] ?? 0;
		if (epochNumber === undefined || sequence > SEQUENCE_MAX) continue;
		const { number: channelNumber } = channel;
		const id = observationId({ stationNumber, epochNumber, sequence, channelNumber });
		made.push(new Observation(model, stream, { day, row, id, seconds: at }));
	}
	return made.sort((a, b) => a.seconds - b.seconds || a.id - b.id);
}

/** The one of an id, found by the days that hold its entry. */
export function observationOf(model: Model, id: number, budget: Budget): Observation | undefined {
	const { stationNumber, epochNumber, sequence, channelNumber } = partsOfObservation(id);
	const stream = model.streams.find(
		(each) => each.stationNumber === stationNumber && each.channel.number === channelNumber,
	);
	if (stream === undefined) return undefined;
	const epoch = [...stream.epochNumbers].find(([, number]) => number === epochNumber)?.[0];
	for (const [name, { spans }] of Object.entries(stream.found.index.days)) {
		const [first, last] = spans[String(epoch)] ?? [1, 0];
		if (name === UNDATED || sequence < first || sequence > last) continue;
		const found = observationsOfDay(model, stream, name, EVER, budget).find(
			(each) => each.id === id,
		);
		if (found !== undefined) return found;
	}
	return undefined;
}

export type WalkOrder = "grouped" | "rising" | "falling";

/**
 * Observations of streams in pieces: `grouped` stream by stream, each by rising time; else all of a day together, by
 * rising or falling time. Between two days others get a turn.
 */
export async function* walk(
	model: Model,
	streams: readonly Stream[],
	order: WalkOrder,
	bounds: Bounds,
	budget: Budget,
): AsyncGenerator<Observation[]> {
	if (order === "grouped") {
		for (const stream of streams) {
			for (const day of daysOf(stream, bounds)) {
				yield observationsOfDay(model, stream, day, bounds, budget);
				await turn();
			}
		}
		return;
	}
	const names = new Set(streams.flatMap((stream) => daysOf(stream, bounds)));
	const sign = order === "rising" ? 1 : -1;
	for (const day of [...names].sort((a, b) => sign * (Number(a) - Number(b)))) {
		const ofDay = streams.flatMap((stream) =>
			stream.found.index.days[day] === undefined
				? []
				: observationsOfDay(model, stream, day, bounds, budget),
		);
		yield ofDay.sort((a, b) => sign * (a.seconds - b.seconds || a.id - b.id));
		await turn();
	}
}

/** How many there are within bounds: of whole days without opening them. */
export function countOf(
	model: Model,
	streams: readonly Stream[],
	bounds: Bounds,
	budget: Budget,
): number {
	let count = 0;
	for (const stream of streams) {
		const { channel, found } = stream;
		for (const name of daysOf(stream, bounds)) {
			const start = Number(name) * SECONDS_PER_DAY;
			const isWhole = bounds.from <= start && bounds.to >= start + SECONDS_PER_DAY - 1;
			const entry = found.index.days[name];
			if (isWhole && entry !== undefined)
				count += channel.presence === undefined ? entry.rows : (entry.more[channel.name] ?? 0);
			else count += observationsOfDay(model, stream, name, bounds, budget).length;
		}
	}
	return count;
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
