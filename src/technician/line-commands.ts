/** The commands that speak with a station. Each returns the exit code. */

import { existsSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { StationError } from "../core/errors.js";
import { OperationalError } from "../host/errors.js";
import type { Messages } from "../host/messages/messages.js";
import {
	merged,
	namedAll,
	type OutputFormat,
	printGroups,
	printJson,
	printPairs,
	printTable,
	type Shown,
	shownOf,
} from "../host/output.js";
import { printable } from "../host/printable.js";
import { COMMANDS, type CommandName, type CommandRow } from "../protocol/line/commands.js";
import { decodeEntry } from "../protocol/record/entry.js";
import {
	type ConsoleClient,
	type Greeting,
	LineError,
	type RequestOptions,
	StationRefusal,
} from "./client.js";
import { stationFlagNames } from "./entry-rows.js";
import { entryOf, exportJournal } from "./journal-export.js";
import type { Line } from "./line.js";
import { countOf, rangeText } from "./sequence-ranges.js";

/** The lines of one round of a watch are here after this long, also at 9600 baud: 1 KB. */
const ROUND_MILLISECONDS = 1200;
const CONTINUES = "the same command continues";
/** A shell says 128 and the signal's number of what a signal ended. */
const SIGNAL_EXIT_CODES = Object.freeze({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

export interface Session {
	readonly client: ConsoleClient;
	readonly greeting: Greeting;
	readonly format: OutputFormat;
	readonly print: (line: string) => void;
	/** Of a simulated station: what hands do with its probes. */
	readonly putProbes: Line["putProbes"];
	readonly messages: Messages;
}

/** Arguments of a command, by name. */
export type Given = Readonly<Record<string, number | string>>;

/** The answer to a command, its values of the kinds that the command's row says. */
async function ask(
	{ client }: Session,
	command: CommandName,
	options: RequestOptions = {},
): Promise<{ readonly parts: readonly Shown[]; readonly answer: Shown }> {
	const { parts, answer }: CommandRow = COMMANDS[command];
	const given = await client.request(command, options);
	const { parts: _parts, ...fields } = shownOf(given.fields, answer);
	return { parts: given.parts.map((part) => shownOf(part, parts)), answer: fields };
}

export async function showStatus(session: Session): Promise<number> {
	const { parts } = await ask(session, "status");
	const { station, firmware } = session.greeting;
	const [first = {}, ...rest] = parts;
	const lines = [merged([{ station, firmware }, first]), ...rest];
	if (session.format === "text") printGroups(groupsOf(lines.map(readable)), session.messages.name);
	else printJson(merged(lines));
	return 0;
}

/** On the line the words of a sentence hang together by `_`. */
function readable(shown: Shown): Shown {
	const { electrodeBy } = shown;
	if (typeof electrodeBy !== "string") return shown;
	return { ...shown, electrodeBy: electrodeBy.replaceAll("_", " ") };
}

/** A part of `status` is known by its first name; what a later firmware adds goes to the part before. */
const STATUS_TITLES: ReadonlyMap<string, string> = new Map([
	["station", "Station"],
	["utc", "Clock"],
	["epoch", "Journal"],
	["flashSectors", "Flash"],
	["nextReadingSeconds", "Schedule and uplink"],
	["failedProbes", "Probes and battery"],
	["garbled", "Line"],
]);

function groupsOf(lines: readonly Shown[]): { title: string; shown: Shown }[] {
	const groups: { title: string; shown: Shown }[] = [];
	for (const shown of lines) {
		const title = STATUS_TITLES.get(Object.keys(shown)[0] ?? "");
		const last = groups.at(-1);
		if (title === undefined && last !== undefined) last.shown = merged([last.shown, shown]);
		else groups.push({ title: title ?? "Station", shown });
	}
	return groups;
}

export async function showReading(session: Session): Promise<number> {
	const { parts: channels, answer: given } = await ask(session, "read");
	const sequence = Number(given["sequence"] ?? Number.NaN);
	const isRecorded = Number.isInteger(sequence);
	// Text does not wait for it.
	if (session.format === "text") printChannels(channels, session.messages);
	const stationFlags = isRecorded ? await stationFlagsOf(session, sequence) : undefined;
	const answer = {
		...given,
		stationFlags: stationFlags === "" ? null : (stationFlags ?? null),
	};
	if (session.format === "json") printJson({ ...answer, channels });
	else if (session.format === "jsonl")
		for (const each of channels) printJson({ ...answer, ...each });
	else if (isRecorded) {
		const { messages } = session;
		const flags = namedAll(stationFlags ?? "", messages.name);
		const flagged =
			stationFlags === undefined
				? ""
				: messages.text(stationFlags === "" ? "flaggedNothing" : "flagged", { flags });
		session.print(messages.text("recorded", { sequence, flagged }));
	} else session.print(session.messages.text("rejected"));
	return isRecorded ? 0 : 1;
}

/**
 * The flags of an entry as the record has them: the answer to `read` tells those of its channels only.
 * Undefined when it is not to be had; the reading is recorded all the same.
 */
async function stationFlagsOf(session: Session, sequence: number): Promise<string | undefined> {
	try {
		const { parts } = await session.client.request("journal", {
			fields: { first: sequence, count: 1 },
		});
		const entry = parts.map(entryOf).find((each) => each.sequence === sequence);
		if (entry !== undefined)
			return stationFlagNames(decodeEntry(entry.canonicalBytes).stationFlags);
		session.print(session.messages.text("notReadBack", { sequence, why: "" }));
	} catch (error) {
		const isForeign = error instanceof StationError;
		if (!isForeign && !(error instanceof OperationalError)) throw error;
		const why = `: ${error.message}`;
		session.print(session.messages.text("notReadBack", { sequence, why }));
	}
	return undefined;
}

export async function watch(session: Session, given: Given): Promise<number> {
	const count = Number(given["count"] ?? 0);
	const readings: Shown[] = [];
	// A round's lines come together; its columns are known when all are there.
	let round: Shown[] = [];
	const showRound = (): void => {
		const [first] = round;
		if (first !== undefined) printRound(first, round, session.messages);
		round = [];
	};
	const { answer } = await ask(session, "watch", {
		overallMilliseconds: (count + 1) * COMMANDS.watch.seconds[1] * 1000,
		fields: { count },
		onPart: (part) => {
			const shown = shownOf(part, COMMANDS.watch.parts);
			if (session.format === "json") readings.push(shown);
			if (session.format === "jsonl") printJson(shown);
			if (session.format !== "text") return;
			if (round[0]?.["round"] !== shown["round"]) {
				showRound();
				setTimeout(showRound, ROUND_MILLISECONDS);
			}
			round.push(shown);
		},
	});
	showRound();
	if (session.format === "json") printJson({ ...answer, readings });
	return 0;
}

/** What all channels of a round share stands once above them: a screen has 80 columns. */
function printRound(first: Shown, shownRound: readonly Shown[], messages: Messages): void {
	const { text } = messages;
	const { sequence = null, round = null, utc = null } = first;
	const recorded =
		sequence === null ? text("notRecorded") : text("recorded", { sequence, flagged: "" });
	const values = { round: String(round), utc: utc ?? text("timeUnknown"), recorded };
	process.stdout.write(`${printable(text("round", values))}\n`);
	printChannels(
		shownRound.map(({ round: _round, utc: _utc, sequence: _sequence, ...rest }) => rest),
		messages,
	);
}

/** Flags come last: they may be many, and widen no other column then. */
function printChannels(channels: readonly Shown[], { name }: Messages): void {
	const names = channels.flatMap((channel) => Object.keys(channel));
	const hasRaw = names.includes("raw");
	printTable(
		channels.map(({ flags = null, ...rest }) => ({
			...rest,
			...(hasRaw ? { raw: rest["raw"] ?? null, rawUnit: rest["rawUnit"] ?? null } : {}),
			flags,
		})),
		name,
	);
}

/** Exit 1 when something failed: a script can rely on it. */
export async function selfTest(session: Session): Promise<number> {
	const { parts: probes, answer } = await ask(session, "self-test");
	if (session.format === "json") printJson({ ...answer, probes });
	else if (session.format === "jsonl") for (const each of probes) printJson(each);
	else printTable(probes, session.messages.name);
	const failed = Number(answer["failed"]);
	if (failed > 0)
		session.print(session.messages.text("failedOf", { failed, count: probes.length }));
	return failed > 0 ? 1 : 0;
}

export async function uploadNow(session: Session): Promise<number> {
	session.print(session.messages.text("uploading"));
	const { answer } = await ask(session, "upload");
	if (session.format === "text") printPairs(answer, session.messages.name);
	else printJson(answer);
	return 0;
}

/** Fetches into a file; interrupted, it says so, and the same command continues. */
export async function exportTo(session: Session, path: string, first: number): Promise<number> {
	const bar = new SingleBar({
		format: "{bar} {percentage} %  entry {value} of {total}",
		stream: process.stderr,
		clearOnComplete: true,
		noTTYOutput: false,
	});
	let isShown = false;
	const release = onEveryWayOut(
		() => bar.stop(),
		() =>
			session.print(
				session.messages.text(existsSync(path) ? "stoppedInFile" : "stopped", { file: path }),
			),
	);
	try {
		const outcome = await exportJournal(session.client, session.greeting.station, {
			path,
			first,
			onProgress: (next, end) => {
				if (!isShown && process.stderr.isTTY) bar.start(end - 1, next - 1);
				isShown = true;
				bar.update(next - 1);
			},
		});
		bar.stop();
		if (session.format === "text") {
			const { station, epoch, fetched, held, missing } = outcome;
			printPairs(
				{ file: path, station, epoch, fetched, held, missing: countOf(missing) },
				session.messages.name,
			);
		} else printJson({ file: path, ...outcome });
		for (const range of outcome.missing) {
			session.print(session.messages.text("notGiven", { range: rangeText(range) }));
		}
		return 0;
	} catch (error) {
		bar.stop();
		if (error instanceof StationRefusal && error.code === "other-epoch") {
			throw new OperationalError(
				`${path}: the station has begun a new journal since; keep this file and choose another`,
			);
		}
		if (!(error instanceof LineError)) throw error;
		throw new LineError(`${error.message}; what came is in ${path}, ${CONTINUES}`);
	} finally {
		release();
	}
}

/**
 * Lets `restore` give the terminal back however the program ends, and `print` write after it when a
 * signal ends it: the progress bar turns line wrapping off. Returns what ends the watch.
 */
function onEveryWayOut(restore: () => void, print: () => void): () => void {
	const signals = Object.entries(SIGNAL_EXIT_CODES).map(([signal, exitCode]) => {
		const stop = (): never => {
			restore();
			print();
			process.exit(exitCode);
		};
		process.once(signal, stop);
		return { signal, stop };
	});
	process.once("exit", restore);
	return () => {
		process.removeListener("exit", restore);
		for (const { signal, stop } of signals) process.removeListener(signal, stop);
	};
}

/** What a command of the line does with its answer, where that is more than to show it. */
const SHOWN_COMMANDS: Readonly<
	Partial<Record<CommandName, (session: Session, given: Given) => Promise<number>>>
> = Object.freeze({
	status: showStatus,
	read: showReading,
	watch,
	"self-test": selfTest,
	upload: uploadNow,
});

/** Asks the station, and shows what it says: the command's row knows what it takes and gives. */
export async function runCommand(
	session: Session,
	name: CommandName,
	given: Given,
): Promise<number> {
	const show = SHOWN_COMMANDS[name];
	if (show !== undefined) return show(session, given);
	const { parts, answer } = await ask(session, name, { fields: given });
	if (session.format !== "text") printJson(parts.length === 0 ? answer : { ...answer, parts });
	else {
		const { name: naming } = session.messages;
		if (parts.length > 0) printTable(parts, naming);
		if (Object.keys(answer).length > 0) printPairs(answer, naming);
	}
	return 0;
}
