/** What each command does: a task that emits parts and returns the answer's fields. */
import { base64Of } from "../../core/base64.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { pause, type Task } from "../../core/task.js";
import { isDigits } from "../../core/text.js";
import {
	COMMANDS,
	type CommandName,
	type CommandRow,
	type GivenOf,
	type NumberArgument,
} from "../../protocol/line/commands.js";
import { CONSOLE_VERSION, type ConsoleFields } from "../../protocol/line/console.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import {
	type CommandContext,
	type CommandMap,
	CommandRefusal,
	type Emit,
	firmwareText,
	type Run,
} from "./command.js";
import { PROVISIONING_RUNS } from "./provisioning-commands.js";
import type { AnswerFields, ChannelReport, ReadingReport, StationService } from "./service.js";

const RUNS: { readonly [Name in CommandName]: Run<GivenOf<(typeof COMMANDS)[Name]>> } = {
	help,
	version,
	status,
	read,
	watch,
	"self-test": selfTest,
	journal,
	upload,
	calibrate: calibrating("calibrate"),
	settle: calibrating("settle"),
	point: calibrating("point"),
	commit: calibrating("commit"),
	cancel: calibrating("cancel"),
	undo: calibrating("undo"),
	log: calibrating("log"),
	calibrations: calibrating("calibrations"),
	coupling: calibrating("coupling"),
	stop,
	leave,
	...PROVISIONING_RUNS,
};

/** The commands of a station, in the order of `help`. */
export const STATION_COMMANDS: CommandMap = new Map(
	Object.entries(COMMANDS).map(([name, row]) => [name, { row, run: RUNS[name as CommandName] }]),
);

/** 32 x 123 bytes: a transient of 4 KiB. */
const ENTRIES_AT_ONCE = 32;

const FAULT_FLAGS = CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault;

/** The arguments that a row takes. Throws Refusal `bad-argument` that names the one that is not as it says. */
export function givenOf({ takes = {} }: CommandRow, fields: ConsoleFields): never {
	const names = Object.keys(takes);
	for (const name of fields.keys()) {
		if (names.includes(name)) continue;
		const those = names.length === 0 ? "there is none" : `there is ${names.join(", ")}`;
		throw new CommandRefusal("bad-argument", `no argument ${name}: ${those}`);
	}
	const given: Record<string, string | number | undefined> = {};
	for (const [name, argument] of Object.entries(takes)) {
		const text = fields.get(name);
		given[name] = argument === "word" ? text : numberOf(name, text, argument);
	}
	return given as never;
}

function numberOf(
	name: string,
	text: string | undefined,
	[low, high, start]: NumberArgument,
): number | undefined {
	if (text === undefined && start !== undefined) return start === "own" ? undefined : start;
	const value = text !== undefined && isDigits(text, 10) ? Number(text) : -1;
	if (value >= low && value <= high) return value;
	throw new CommandRefusal("bad-argument", `${name}: use a whole number from ${low} to ${high}`);
}

function* help(
	{ commands }: CommandContext,
	{ command: asked }: { readonly command: string | undefined },
	emit: Emit,
): Task<AnswerFields> {
	if (asked !== undefined && !commands.has(asked)) {
		throw new CommandRefusal("bad-argument", `no command ${asked}; help lists those there are`);
	}
	for (const [command, { row }] of commands) {
		if (asked !== undefined && command !== asked) continue;
		const { about, takes = {} } = row;
		const names = Object.keys(takes).map(
			(name) => `${name}=${takes[name] === "word" ? "NAME" : "N"}`,
		);
		const text = names.length === 0 ? about : `${about} (${names.join(" ")})`;
		yield* emit({ command, text });
	}
	return {};
}

// biome-ignore lint/correctness/useYield: it is answered at once
function* version({ service }: CommandContext): Task<AnswerFields> {
	const { station, firmwareVersion } = service;
	return { protocol: CONSOLE_VERSION, station, firmware: firmwareText(firmwareVersion) };
}

function* status(context: CommandContext, _given: unknown, emit: Emit): Task<AnswerFields> {
	for (const line of context.service.status()) yield* emit(line);
	yield* emit({ ...context.service.calibrations.electrode() });
	yield* emit({ garbled: context.garbledCount });
	return {};
}

function* stop(context: CommandContext): Task<AnswerFields> {
	yield* context.stop();
	return {};
}

// biome-ignore lint/correctness/useYield: it is answered at once
function* leave(context: CommandContext): Task<AnswerFields> {
	context.leave();
	return {};
}

function* read(
	{ service }: CommandContext,
	_given: unknown,
	emit: Emit,
	waitMilliseconds: number,
): Task<AnswerFields> {
	const report = yield* measured(service, true, waitMilliseconds);
	for (const channel of report.channels) yield* emit(channelFields(channel));
	return { utc: report.utcSeconds, sequence: report.sequence ?? "none" };
}

function* watch(
	{ service }: CommandContext,
	{ count }: { readonly count: number },
	emit: Emit,
	waitMilliseconds: number,
): Task<AnswerFields> {
	for (let round = 1; round <= count; round++) {
		const report = yield* measured(service, false, waitMilliseconds);
		const sequence = report.sequence ?? "none";
		for (const channel of report.channels) {
			yield* emit({ round, utc: report.utcSeconds, sequence, ...channelFields(channel) });
		}
	}
	return { count };
}

function* selfTest(
	{ service }: CommandContext,
	_given: unknown,
	emit: Emit,
	waitMilliseconds: number,
): Task<AnswerFields> {
	const report = yield* measured(service, false, waitMilliseconds);
	let failed = 0;
	let doubtful = 0;
	const verdictRow = (probe: string, verdict: string, rest: AnswerFields): AnswerFields => {
		if (verdict === "failed") failed++;
		if (verdict === "doubtful") doubtful++;
		return { probe, verdict, ...rest };
	};
	for (const { channel, flags, failure, derived } of report.channels) {
		const isFailed = failure !== undefined || (flags & FAULT_FLAGS) !== 0;
		const verdict = isFailed ? "failed" : flags === 0 ? "good" : "doubtful";
		yield* emit(
			verdictRow(channel, verdict, {
				flags: flagNames(flags),
				cause: failure ?? "none",
				value: shown(derived.value),
			}),
		);
	}
	const { electrode, electrodeDays, electrodeBy } = service.calibrations.electrode();
	const isIll = electrode === "ill";
	yield* emit(
		verdictRow("electrode", isIll ? "doubtful" : "good", {
			cause: electrodeBy,
			value: electrodeDays,
		}),
	);
	const parts: readonly (readonly [string, StationErrorCode | undefined])[] = [
		["probe-bus", stuck(report, "probe-bus")],
		["system-bus", stuck(report, "system-bus")],
		["clock", report.clockFault],
		["journal", report.journalFault],
	];
	for (const [part, cause] of parts) {
		const verdict = cause === undefined ? "good" : "failed";
		yield* emit(verdictRow(part, verdict, { cause: cause ?? "none" }));
	}
	return { failed, doubtful, milliseconds: report.durationMilliseconds };
}

function* journal(
	{ service }: CommandContext,
	{ first, count, epoch: asked }: GivenOf<typeof COMMANDS.journal>,
	emit: Emit,
): Task<AnswerFields> {
	const { journal: held } = service;
	const { epoch } = held;
	if (asked !== undefined && asked !== epoch) {
		throw new CommandRefusal("other-epoch", `the journal is of epoch ${epoch}, asked was ${asked}`);
	}
	if (first > held.nextSequence) {
		throw new CommandRefusal("bad-argument", `first: the next entry will be ${held.nextSequence}`);
	}
	let next = Math.max(first, held.firstSequenceHeld);
	const stop = Math.min(next + count, held.nextSequence);
	let sent = 0;
	const begun = next;
	while (next < stop) {
		const batch: { readonly sequence: number; readonly bytes: string }[] = [];
		const size = Math.min(ENTRIES_AT_ONCE, stop - next);
		held.read(next, size, (sequence, canonicalBytes) => {
			batch.push({ sequence, bytes: base64Of(canonicalBytes) });
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

function* upload(
	{ service }: CommandContext,
	_given: unknown,
	_emit: Emit,
	waitMilliseconds: number,
): Task<AnswerFields> {
	const report = yield* service.upload().wait(waitMilliseconds);
	if (report === undefined) {
		const minutes = waitMilliseconds / 60_000;
		throw new StationError("request-timeout", `the upload continues after ${minutes} minutes`);
	}
	const { cursor, waiting, error } = report;
	if (error !== undefined && waiting > 0) {
		throw new UploadFailed(error.code, `${error.text}; ${waiting} entries wait in flash`);
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

/** What is the calibrations' own business; they answer for it. */
function calibrating(
	command: CommandName,
): Run<Readonly<Record<string, string | number | undefined>>> {
	return ({ service }, given, emit, waitMilliseconds) =>
		service.calibrations.run(command, given, emit, waitMilliseconds);
}

function* measured(
	service: StationService,
	isRecorded: boolean,
	waitMilliseconds: number,
): Task<ReadingReport> {
	const report = yield* service.read(isRecorded).wait(waitMilliseconds);
	if (report !== undefined) return report;
	throw new StationError("probe-timeout", `no measurement within ${waitMilliseconds / 1000} s`);
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
