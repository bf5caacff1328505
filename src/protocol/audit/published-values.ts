/**
 * The published table: a row of text cells for each reading, out of a station's entries and its operator's documents.
 * docs/VALUES.md is what it does, to the byte; the same cells come out on every engine. Two passes: `observe` every
 * entry first, because a time, a calibration or a configuration may come after the readings that it gives their
 * meaning; then `take` every entry in the same order, and `end`.
 */
import { ChannelJudge, type Judgement } from "../quality/channel-judge.js";
import { gradeOf, QUALITY_CHANNELS, type QualityChannel } from "../quality/correction.js";
import { decimalText, roundedTo } from "../quality/decimal.js";
import { QUALITY_FLAGS, type QualityFlag } from "../quality/flags.js";
import { CHANNEL_SETS, type ChannelSet, valueFieldOf } from "../record/channel-set.js";
import type { DerivedReading, DerivedValue } from "../record/derive.js";
import { type Entry, STATION_FLAGS, TIME_QUALITIES } from "../record/entry-layouts.js";
import { CHANNEL_FLAGS, type Reading, readingOf } from "../record/reading.js";
import { CHANNEL_COLUMNS, RECORDED_AS, rawOf, scaleOf } from "./channel-columns.js";
import {
	type Approvals,
	type ChannelPolicy,
	type Corrections,
	firstNotEnded,
	type Period,
	type Policy,
} from "./documents.js";
import { RecordKnowledge } from "./record-knowledge.js";
import { timeText } from "./schema.js";

/** Of all that docs/VALUES.md says: a change that alters any byte of a table is another version. */
export const DERIVATION_VERSION = 2;

export interface PublishedColumn {
	readonly name: string;
	/** A number in JSON; text otherwise. */
	readonly isNumber: boolean;
}

interface ChannelColumns {
	readonly name: QualityChannel;
	/** Of the derived value and of the corrected one. */
	readonly decimals: number;
	/** Up to the derived value, included. */
	readonly values: readonly string[];
}

const CHANNELS: readonly ChannelColumns[] = Object.freeze([
	{ name: "ph", decimals: 3, values: ["ph_raw", "ph"] },
	{ name: "temperature", decimals: 3, values: ["temperature_raw_c", "temperature_c"] },
	{ name: "ec25", decimals: 2, values: ["ec_raw_us_cm", "ec25_us_cm"] },
	{
		name: "turbidity",
		decimals: 3,
		values: ["turbidity_raw_v", "turbidity_spread_v", "turbidity_range", "turbidity"],
	},
]);

const SUM_DECIMALS = 6;

const number = (name: string): PublishedColumn => ({ name, isNumber: true });
const text = (name: string): PublishedColumn => ({ name, isNumber: false });

function columnsOf({ name, values }: ChannelColumns): PublishedColumn[] {
	return [
		...values.map(number),
		...(name === "turbidity" ? [text("turbidity_unit")] : []),
		text(`${name}_method`),
		text(`${name}_flags`),
		number(`${name}_calibration`),
		number(`${name}_qc_agg`),
		text(`${name}_qc_tests`),
		text(`${name}_correction`),
		number(`${name}_corrected`),
		number(`${name}_correction_sum`),
		text(`${name}_grade`),
		text(`${name}_status`),
	];
}

/** In order. */
export const VALUE_COLUMNS: readonly PublishedColumn[] = Object.freeze([
	text("station"),
	number("epoch"),
	number("sequence"),
	text("time"),
	number("time_uncertainty_s"),
	text("time_source"),
	text("clock"),
	number("boot"),
	number("uptime_s"),
	number("configuration"),
	text("station_flags"),
	number("derivation"),
	text("policy"),
	...CHANNELS.flatMap(columnsOf),
	number("do_raw_mg_l"),
	number("do_mg_l"),
	text("do_method"),
	text("do_flags"),
	number("do_calibration"),
	number("battery_v"),
	text("battery_flags"),
	text("notes"),
	text("corrections"),
	text("approvals"),
]);

/** One channel of a row as figures, for whoever counts them. */
export interface ChannelOutcome {
	readonly hasValue: boolean;
	/** Undefined without a policy. */
	readonly rolledUp: QualityFlag | undefined;
	readonly isCorrected: boolean;
	readonly grade: string;
	readonly isApproved: boolean;
}

export interface PublishedRow {
	readonly epoch: number;
	readonly sequence: number;
	/** Unix seconds; undefined where nothing dates it. */
	readonly seconds: number | undefined;
	/** In the order of VALUE_COLUMNS; empty where there is nothing. */
	readonly cells: readonly string[];
	readonly channels: Readonly<Record<QualityChannel, ChannelOutcome>>;
}

export interface PublishedValuesOptions {
	readonly station: string;
	/** By rising version. */
	readonly policies: readonly Policy[];
	readonly corrections?: Corrections | undefined;
	readonly approvals?: Approvals | undefined;
	/** What was learned of the record by these policies; without it nothing yet. */
	readonly knowledge?: RecordKnowledge | undefined;
	/** Rows come in the order of the readings, at most two readings late. */
	readonly onRow: (row: PublishedRow) => void;
}

interface Waiting {
	readonly entry: Entry;
	readonly seconds: number | undefined;
	readonly policy: Policy | undefined;
	readonly derived: DerivedReading;
	readonly set: ChannelSet;
	readonly raw: Reading;
	readonly head: readonly string[];
	isBack: boolean;
	readonly judgements: (Judgement | undefined)[];
}

export class PublishedValues {
	readonly #options: PublishedValuesOptions;
	readonly #knowledge: RecordKnowledge;
	readonly #judges: readonly ChannelJudge[];
	/** By channel: rows that have its judgement, counted from the first of `#waiting`. */
	readonly #judged: number[] = CHANNELS.map(() => 0);
	/** At most 2^8 and 2^16 texts; 2^9 have names of their own. */
	readonly #channelFlagNames = new FlagNames(CHANNEL_FLAGS);
	readonly #stationFlagNames = new FlagNames(STATION_FLAGS);
	#waiting: Waiting[] = [];
	#policy: Policy | undefined;
	#unknown = 0;

	constructor(options: PublishedValuesOptions) {
		this.#options = options;
		this.#knowledge = options.knowledge ?? new RecordKnowledge(options.policies);
		this.#judges = CHANNELS.map((_channel, at) => {
			return new ChannelJudge((judgement) => this.#takeJudgement(at, judgement));
		});
	}

	/** Readings of a later version than this program's, which have no row. */
	get unknownReadings(): number {
		return this.#unknown;
	}

	/** First pass: every entry, epoch by epoch in ascending sequence. */
	observe(entry: Entry): void {
		this.#knowledge.observe(entry);
	}

	/** Second pass: the same in the same order. */
	take(entry: Entry): void {
		if (entry.kind !== "reading") return;
		const resolved = this.#knowledge.resolve(entry);
		const seconds = resolved?.utcSeconds;
		const policy = seconds === undefined ? this.#policy : this.#policyAt(seconds);
		const set = CHANNEL_SETS.get(entry.channelSet);
		const raw = set === undefined ? undefined : readingOf(set, entry.fields);
		const derived = this.#knowledge.derive(entry, policy, raw);
		if (set === undefined || raw === undefined || derived === undefined) {
			this.#unknown++;
			return;
		}
		this.#policy = policy;
		const uncertainty = resolved?.uncertaintyMilliseconds;
		const head = [
			this.#options.station,
			String(entry.epoch),
			String(entry.sequence),
			seconds === undefined ? "" : timeText(seconds),
			uncertainty === undefined ? "" : numberText(uncertainty / 1000, 3),
			resolved?.source ?? "none",
			CLOCKS.get(entry.timeQuality) ?? "",
			String(entry.boot),
			String(entry.uptimeSeconds),
			String(entry.configurationId),
			this.#stationFlagNames.of(entry.stationFlags),
			String(DERIVATION_VERSION),
			policy?.name ?? "",
		];
		const row: Waiting = {
			entry,
			seconds,
			policy,
			derived,
			set,
			raw,
			head,
			isBack: false,
			judgements: [],
		};
		this.#waiting.push(row);
		CHANNELS.forEach(({ name, decimals }, at) => {
			const value = derivedOf(derived, name);
			const channel = policy?.channels[name];
			const isBack = this.#judges[at]?.push({
				epoch: entry.epoch,
				rules: channel?.rules,
				seconds,
				value: value.value === undefined ? undefined : roundedTo(value.value, decimals),
				isUnitOther: isUnitOther(channel, value),
				instrument: instrumentOf(policy, channel, value.flags, entry.stationFlags),
			});
			if (isBack === true) row.isBack = true;
		});
		this.#handOn();
	}

	end(): void {
		for (const judge of this.#judges) judge.end();
		this.#handOn();
	}

	#takeJudgement(at: number, judgement: Judgement | undefined): void {
		const row = this.#judged[at] ?? 0;
		this.#judged[at] = row + 1;
		const waiting = this.#waiting[row];
		if (waiting !== undefined) waiting.judgements[at] = judgement;
	}

	/** Not before all channels of a row have been fed: `take` calls it last. */
	#handOn(): void {
		const ready = Math.min(...this.#judged);
		if (ready === 0) return;
		for (const row of this.#waiting.splice(0, ready)) this.#options.onRow(this.#rowOf(row));
		for (let at = 0; at < this.#judged.length; at++)
			this.#judged[at] = (this.#judged[at] ?? 0) - ready;
	}

	#policyAt(seconds: number): Policy | undefined {
		const { policies } = this.#options;
		for (let index = policies.length - 1; index >= 0; index--) {
			const policy = policies[index];
			if (policy !== undefined && policy.validFromSeconds <= seconds) return policy;
		}
		return undefined;
	}

	#rowOf(row: Waiting): PublishedRow {
		const { entry, derived, raw, seconds } = row;
		const cells = [...row.head];
		const channels: Partial<Record<QualityChannel, ChannelOutcome>> = {};
		let isCorrected = false;
		let isApproved = false;
		CHANNELS.forEach(({ name, decimals }, at) => {
			const value = derivedOf(derived, name);
			const shown = value.value === undefined ? "" : numberText(value.value, decimals);
			pushRaw(cells, name, row);
			cells.push(shown);
			if (name === "turbidity") cells.push(value.unit);
			cells.push(
				value.method,
				this.#channelFlagNames.of(value.flags),
				String(calibrationOf(name, raw)),
			);
			const judgement = row.judgements[at];
			if (judgement === undefined) cells.push("", "");
			else cells.push(String(judgement.rolledUp), judgement.digits.join(""));
			const outcome = this.#correctedOf(name, row, shown === "" ? undefined : value, decimals);
			cells.push(...outcome.cells);
			isCorrected ||= outcome.cells[0] !== "";
			isApproved ||= outcome.isApproved;
			channels[name] = {
				hasValue: shown !== "",
				rolledUp: judgement?.rolledUp,
				isCorrected: outcome.cells[1] !== "",
				grade: outcome.cells[3] ?? "",
				isApproved: outcome.isApproved,
			};
		});
		const { battery } = derived;
		cells.push(
			...this.#oxygenOf(row),
			battery.value === undefined ? "" : numberText(battery.value, 3),
			this.#channelFlagNames.of(battery.flags),
			notesOf(derived, row.isBack),
			isCorrected ? (this.#options.corrections?.name ?? "") : "",
			isApproved ? (this.#options.approvals?.name ?? "") : "",
		);
		const { epoch, sequence } = entry;
		return { epoch, sequence, seconds, cells, channels: channels as PublishedRow["channels"] };
	}

	/** Not judged. All empty where the reading's set does not have the channel. */
	#oxygenOf({ set, raw, derived }: Waiting): readonly string[] {
		const name = "dissolvedOxygen";
		if (valueFieldOf(set, name) === undefined) return NOTHING;
		const { value, method, flags } = derived[name];
		const measured = rawOf(set, name, raw);
		const { decimals } = CHANNEL_COLUMNS[name];
		return [
			measured === undefined ? "" : numberText(measured, decimals),
			value === undefined ? "" : numberText(value, decimals),
			method,
			this.#channelFlagNames.of(flags),
			String(raw[name].calibration),
		];
	}

	/** Cells of correction, corrected, sum, grade and status. */
	#correctedOf(
		name: QualityChannel,
		{ seconds, policy }: Waiting,
		value: DerivedValue | undefined,
		decimals: number,
	): { readonly cells: readonly string[]; readonly isApproved: boolean } {
		if (value?.value === undefined) return { cells: NOTHING, isApproved: false };
		const { corrections, approvals } = this.#options;
		const isApproved = seconds !== undefined && isIn(approvals?.byChannel[name], seconds);
		const status = isApproved ? "approved" : "provisional";
		const channel = policy?.channels[name];
		const isCorrectable =
			seconds !== undefined &&
			corrections !== undefined &&
			channel?.isCorrected === true &&
			!isUnitOther(channel, value);
		const decided = isCorrectable ? firstNotEnded(corrections.byChannel[name], seconds) : undefined;
		const cell = roundedTo(value.value, decimals) ?? 0;
		const corrected = decided?.correction.at(seconds ?? 0, cell);
		if (decided === undefined || corrected === undefined) {
			return { cells: ["", "", "", "", status], isApproved };
		}
		const sum = roundedTo(corrected.sum, SUM_DECIMALS);
		const cells = [
			decided.id,
			decided.isApplied ? numberText(corrected.value, decimals) : "",
			numberText(corrected.sum, SUM_DECIMALS),
			sum === undefined ? "" : gradeOf(name, cell, sum),
			status,
		];
		return { cells, isApproved };
	}
}

const NOTHING: readonly string[] = Object.freeze(["", "", "", "", ""]);
const CLOCKS: ReadonlyMap<number, string> = new Map(
	Object.entries(TIME_QUALITIES).map(([name, quality]) => [quality, name]),
);

/** Periods that meet are one: the end of one is no beginning of another. */
function isIn(periods: readonly Period[] = [], seconds: number): boolean {
	const period = firstNotEnded(periods, seconds);
	return period !== undefined && seconds >= period.fromSeconds && seconds < period.toSeconds;
}

function derivedOf(derived: DerivedReading, name: QualityChannel): DerivedValue {
	return derived[RECORDED_AS[name]];
}

function calibrationOf(name: QualityChannel, raw: Reading): number {
	return raw[RECORDED_AS[name]].calibration;
}

function pushRaw(cells: string[], name: QualityChannel, { set, raw }: Waiting): void {
	const channel = RECORDED_AS[name];
	const measured = rawOf(set, channel, raw);
	const { raw: column, spread } = CHANNEL_COLUMNS[channel];
	cells.push(measured === undefined ? "" : numberText(measured, column?.decimals ?? 3));
	if (spread === undefined) return;
	const { spread: steps, range } = raw[channel];
	cells.push(
		steps === undefined ? "" : numberText(steps / scaleOf(set, channel, "spread"), spread.decimals),
		String(range),
	);
}

/** Only of a value that there is. */
function isUnitOther(channel: ChannelPolicy | undefined, { value, unit }: DerivedValue): boolean {
	return value !== undefined && channel?.unit !== undefined && unit !== channel.unit;
}

function instrumentOf(
	policy: Policy | undefined,
	channel: ChannelPolicy | undefined,
	flags: number,
	stationFlags: number,
): QualityFlag {
	if (policy === undefined || channel === undefined) return QUALITY_FLAGS.notEvaluated;
	if ((flags & channel.failFlags) !== 0) return QUALITY_FLAGS.fail;
	const isSuspect =
		(flags & channel.suspectFlags) !== 0 || (stationFlags & policy.stationSuspectFlags) !== 0;
	return isSuspect ? QUALITY_FLAGS.suspect : QUALITY_FLAGS.good;
}

function notesOf(derived: DerivedReading, isBack: boolean): string {
	const notes: string[] = [];
	const take = (note: string): void => {
		if (!notes.includes(note)) notes.push(note);
	};
	for (const name of QUALITY_CHANNELS)
		for (const note of derivedOf(derived, name).notes) take(note);
	for (const note of derived.battery.notes) take(note);
	for (const note of derived.dissolvedOxygen.notes) take(note);
	if (isBack) take("time-went-back");
	return notes.join(" ");
}

function numberText(x: number, decimals: number): string {
	return decimalText(x, decimals) ?? "";
}

/** Names of the bits of a flag byte or word; few combinations occur, and each is spelled once. */
class FlagNames {
	readonly #table: readonly (readonly [string, number])[];
	readonly #spelled = new Map<number, string>();

	constructor(table: Readonly<Record<string, number>>) {
		this.#table = Object.entries(table).sort((a, b) => a[1] - b[1]);
	}

	of(bits: number): string {
		let names = this.#spelled.get(bits);
		if (names !== undefined) return names;
		names = this.#table
			.filter(([, bit]) => (bits & bit) !== 0)
			.map(([name]) => name)
			.join(" ");
		this.#spelled.set(bits, names);
		return names;
	}
}

/** The names as a line of CSV. */
export function csvHeader(): string {
	return `${VALUE_COLUMNS.map(({ name }) => name).join(",")}\r\n`;
}

/** No cell of a row ever needs quotes. */
export function csvLineOf(cells: readonly string[]): string {
	return `${cells.join(",")}\r\n`;
}

export function jsonLineOf(cells: readonly string[]): string {
	const members = VALUE_COLUMNS.map(({ name, isNumber }, at) => {
		const cell = cells[at] ?? "";
		const value = cell === "" ? "null" : isNumber ? cell : JSON.stringify(cell);
		return `"${name}":${value}`;
	});
	return `{${members.join(",")}}\n`;
}
