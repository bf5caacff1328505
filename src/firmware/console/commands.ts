/** The commands that take their time: each a task that emits parts and returns the answer's fields. */
import { base64Of } from "../../core/base64.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { pause, type Task } from "../../core/task.js";
import { isDigits } from "../../core/text.js";
import type { ConsoleErrorCode, ConsoleFields } from "../../protocol/line/console.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import type { AnswerFields, ChannelReport, ReadingReport, StationService } from "./service.js";

/** A request that is answered with a code of its own. */
export class Refusal extends Error {
	override name = "Refusal";
	readonly code: ConsoleErrorCode;

	constructor(code: ConsoleErrorCode, text: string) {
		super(text);
		this.code = code;
	}
}

/** Sends a part; waits until there is room for it. */
export type Emit = (fields: AnswerFields) => Task<void>;

export type LongCommand = (
	service: StationService,
	fields: ConsoleFields,
	emit: Emit,
) => Task<AnswerFields>;

/** A reading that is due, then ours, each with every probe failing slowly: 2 x 90 s. */
const READING_MILLISECONDS_MAX = 180_000;
/** A session has several attempts of two minutes. */
const UPLOAD_MILLISECONDS_MAX = 300_000;
const WATCH_COUNT_DEFAULT = 10;
const COUNT_MAX = 1000;
const EXPORT_COUNT_DEFAULT = 100;
/** 32 x 123 bytes: a transient of 4 KiB. */
const ENTRIES_AT_ONCE = 32;
const UINT32_MAX = 0xffffffff;

const FAULT_FLAGS = CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault;

/** Names as in `help`, with their arguments. */
export const LONG_COMMANDS: ReadonlyMap<
	string,
	{ readonly run: LongCommand; readonly fields: readonly string[]; readonly about: string }
> = new Map([
	["read", { run: read, fields: [], about: "measure now and record it" }],
	["watch", { run: watch, fields: ["count"], about: "measure again and again, unrecorded" }],
	["self-test", { run: selfTest, fields: [], about: "a verdict on every probe, bus and clock" }],
	[
		"journal",
		{ run: journal, fields: ["first", "count", "epoch"], about: "entries from a sequence on" },
	],
	["upload", { run: upload, fields: [], about: "deliver now" }],
]);

/** Throws Refusal `bad-argument` for a name that the command does not have. */
export function requireKnown(fields: ConsoleFields, known: readonly string[]): void {
	for (const name of fields.keys()) {
		if (known.includes(name)) continue;
		const those = known.length === 0 ? "there is none" : `there is ${known.join(", ")}`;
		throw new Refusal("bad-argument", `no argument ${name}: ${those}`);
	}
}

function* read(service: StationService, _fields: ConsoleFields, emit: Emit): Task<AnswerFields> {
	const report = yield* measured(service, true);
	for (const channel of report.channels) yield* emit(channelFields(channel));
	return { utc: report.utcSeconds, sequence: report.sequence ?? "none" };
}

function* watch(service: StationService, fields: ConsoleFields, emit: Emit): Task<AnswerFields> {
	const count = numberOf(fields, "count", 1, COUNT_MAX, WATCH_COUNT_DEFAULT);
	for (let round = 1; round <= count; round++) {
		const report = yield* measured(service, false);
		const sequence = report.sequence ?? "none";
		for (const channel of report.channels) {
			yield* emit({ round, utc: report.utcSeconds, sequence, ...channelFields(channel) });
		}
	}
	return { count };
}

function* selfTest(
	service: StationService,
	_fields: ConsoleFields,
	emit: Emit,
): Task<AnswerFields> {
	const report = yield* measured(service, false);
	let failed = 0;
	let doubtful = 0;
	const tell = (probe: string, verdict: string, rest: AnswerFields): AnswerFields => {
		if (verdict === "failed") failed++;
		if (verdict === "doubtful") doubtful++;
		return { probe, verdict, ...rest };
	};
	for (const { channel, flags, failure, derived } of report.channels) {
		const isFailed = failure !== undefined || (flags & FAULT_FLAGS) !== 0;
		const verdict = isFailed ? "failed" : flags === 0 ? "good" : "doubtful";
		yield* emit(
			tell(channel, verdict, {
				flags: flagNames(flags),
				cause: failure ?? "none",
				value: shown(derived.value),
			}),
		);
	}
	const parts: readonly (readonly [string, StationErrorCode | undefined])[] = [
		["probe-bus", stuck(report, "probe-bus")],
		["system-bus", stuck(report, "system-bus")],
		["clock", report.clockFault],
		["journal", report.journalFault],
	];
	for (const [part, cause] of parts) {
		const verdict = cause === undefined ? "good" : "failed";
		yield* emit(tell(part, verdict, { cause: cause ?? "none" }));
	}
	return { failed, doubtful, milliseconds: report.durationMilliseconds };
}

function* journal(service: StationService, fields: ConsoleFields, emit: Emit): Task<AnswerFields> {
	const { journal: held } = service;
	const { epoch } = held;
	const first = numberOf(fields, "first", 1, UINT32_MAX);
	const count = numberOf(fields, "count", 1, COUNT_MAX, EXPORT_COUNT_DEFAULT);
	const asked = numberOf(fields, "epoch", 0, UINT32_MAX, epoch);
	if (asked !== epoch) {
		throw new Refusal("other-epoch", `the journal is of epoch ${epoch}, asked was ${asked}`);
	}
	if (first > held.nextSequence) {
		throw new Refusal("bad-argument", `first: the next entry will be ${held.nextSequence}`);
	}
	let next = Math.max(first, held.firstSequenceHeld);
	const stop = Math.min(next + count, held.nextSequence);
	let sent = 0;
	const begun = next;
	while (next < stop) {
		const batch: { readonly sequence: number; readonly bytes: string }[] = [];
		const size = Math.min(ENTRIES_AT_ONCE, stop - next);
		held.read(next, size, (sequence, canonical) => {
			batch.push({ sequence, bytes: base64Of(canonical) });
		});
		next += size;
		for (const entry of batch) yield* emit(entry);
		sent += batch.length;
		// Flash reading holds up everybody else: let them run.
		yield* pause(0);
	}
	const unreadable = next - begun - sent;
	return { epoch, held: held.firstSequenceHeld, next, end: held.nextSequence, unreadable };
}

function* upload(service: StationService): Task<AnswerFields> {
	const report = yield* service.upload().wait(UPLOAD_MILLISECONDS_MAX);
	if (report === undefined) {
		const minutes = UPLOAD_MILLISECONDS_MAX / 60_000;
		throw new StationError("request-timeout", `the upload goes on after ${minutes} minutes`);
	}
	const { cursor, waiting, trouble } = report;
	if (trouble !== undefined && waiting > 0) {
		throw new UploadFailed(trouble.code, `${trouble.text}; ${waiting} entries wait in flash`);
	}
	return { cursor, waiting };
}

/** An upload that ended without everything delivered; `cause` is the uplink's word. */
export class UploadFailed extends Error {
	override name = "UploadFailed";
	readonly causeCode: string;

	constructor(causeCode: string, text: string) {
		super(text);
		this.causeCode = causeCode;
	}
}

function* measured(service: StationService, isRecorded: boolean): Task<ReadingReport> {
	const report = yield* service.read(isRecorded).wait(READING_MILLISECONDS_MAX);
	if (report !== undefined) return report;
	throw new StationError(
		"probe-timeout",
		`no measurement within ${READING_MILLISECONDS_MAX / 1000} s`,
	);
}

/** A stuck bus shows in what hangs on it: nine clocks and a power cycle did not free it. */
function stuck(
	{ channels }: ReadingReport,
	bus: ChannelReport["bus"],
): StationErrorCode | undefined {
	const isStuck = channels.some((each) => each.bus === bus && each.failure === "bus-stuck");
	return isStuck ? "bus-stuck" : undefined;
}

function channelFields(report: ChannelReport): AnswerFields {
	const { channel, derived, raw, rawUnit, flags } = report;
	return {
		channel,
		value: shown(derived.value),
		unit: derived.unit === "" ? "none" : derived.unit,
		method: derived.method,
		flags: flagNames(flags),
		...(raw === undefined ? {} : { raw: shown(raw), rawUnit }),
	};
}

/** Three decimals are finer than every probe. */
function shown(value: number | undefined): string {
	return value === undefined ? "none" : value.toFixed(3);
}

function flagNames(flags: number): string {
	const names: string[] = [];
	for (const [name, bit] of Object.entries(CHANNEL_FLAGS))
		if ((flags & bit) !== 0) names.push(name);
	return names.length === 0 ? "none" : names.join(",");
}

function numberOf(
	fields: ConsoleFields,
	name: string,
	low: number,
	high: number,
	otherwise?: number,
): number {
	const text = fields.get(name);
	if (text === undefined && otherwise !== undefined) return otherwise;
	const value = text !== undefined && isDigits(text, 10) ? Number(text) : -1;
	if (value >= low && value <= high) return value;
	throw new Refusal("bad-argument", `${name}: use a whole number from ${low} to ${high}`);
}
