/**
 * `bistrina visit`: the checklist of a visit, that can be left at any step and is taken up again by the same command. What
 * was done is in the station's record; the file beside it only knows which step comes next.
 */
import { readFileSync } from "node:fs";
import { OperationalError } from "../../host/errors.js";
import { asciiOf } from "../../host/messages/ascii.js";
import { printJson, shownOf } from "../../host/output.js";
import { Replacement } from "../../host/replace-file.js";
import { COMMANDS } from "../../protocol/line/commands.js";
import { journalPlaceOf, wholeOf } from "../answer-numbers.js";
import { entryOf } from "../journal-export.js";
import {
	ask,
	bottlesOf,
	type CalibratedChannel,
	calibrate,
	type Guide,
	wordOf,
} from "./calibrate.js";
import { reportOf, timeText, type VisitReading, valuesText } from "./report.js";

export interface VisitOptions {
	readonly by: string | undefined;
	/** Where the visit is kept while it lasts. */
	readonly file: string;
	/** Bottles by channel, as `calibrate --standards`. */
	readonly standards: Readonly<Partial<Record<CalibratedChannel, string>>>;
	readonly reason: string;
	readonly note: string | undefined;
	readonly dueDays: number;
}

const STEPS = Object.freeze([
	"as-found",
	"cleaning",
	"found-again",
	"pH",
	"conductivity",
	"as-left",
	"note",
	"report",
] as const);
type Step = (typeof STEPS)[number];

interface Visit {
	readonly bistrinaVisit: 1;
	readonly station: string;
	readonly beganUtcSeconds: number;
	/** First sequence that is of this visit. */
	readonly first: number;
	person: string;
	done: Step[];
	readings: VisitReading[];
}

const CALIBRATED = ["pH", "conductivity"] as const;
const RIVER = "river";
const ENTRIES_MAX = 1000;
/** With the longest name it makes a request of 250 bytes. */
const NOTE_CHARACTERS_MAX = 140;
/** Persons and bottles may be named before the visit began: in the same wake, of which so many entries are a day at five minutes. */
const ENTRIES_BEFORE = 300;

/** Exit 0 when it was ended with its report, 1 when it was left before. */
export async function visit(guide: Guide, options: VisitOptions): Promise<number> {
	const { person, speaker, session, isJson } = guide;
	const { station } = session.greeting;
	// What is wrong with them is said before anything is recorded.
	for (const step of CALIBRATED) bottlesOf(step, options.standards[step]);
	const visit = await opened(guide, options);
	let isWhole = true;
	if (!isJson) {
		const done = visit.done.length;
		person.print(speaker.text("visit-begins", { station }));
		if (done > 0) {
			const time = timeText(visit.beganUtcSeconds);
			person.print(speaker.text("visit-goes-on", { time, done, count: STEPS.length }));
		}
	}
	if (visit.person === "") {
		visit.person = options.by ?? (isJson ? "" : ((await person.ask(speaker.text("who"))) ?? ""));
		keep(options.file, visit);
	}
	for (const [index, step] of STEPS.entries()) {
		while (!visit.done.includes(step)) {
			const next = isJson ? "" : await asked(guide, step, index);
			if (next === undefined) {
				person.print(speaker.text("left-visit"));
				return 1;
			}
			if (isJson) printJson({ step: "visit", does: step });
			// What was given up at its bottles is asked for again, where there is somebody to ask.
			const isDone = next === "s" || (await done(guide, options, visit, step));
			isWhole &&= isDone;
			if (!isDone && !isJson) continue;
			visit.done.push(step);
			keep(options.file, visit);
		}
	}
	return isWhole || !isJson ? 0 : 1;
}

/** Enter, or s to skip it; undefined when the visit is left. */
async function asked(
	{ person, speaker }: Guide,
	step: Step,
	index: number,
): Promise<string | undefined> {
	const text = speaker.word("step-", step);
	const prompt = speaker.text("step", { index: index + 1, count: STEPS.length, step: text });
	for (;;) {
		const typed = await person.ask(prompt);
		if (typed === undefined || typed === "q") return undefined;
		if (typed === "" || typed === "s") return typed;
	}
}

/** False when it was given up. */
async function done(
	guide: Guide,
	options: VisitOptions,
	visit: Visit,
	step: Step,
): Promise<boolean> {
	const { person, speaker, isJson } = guide;
	const by = wordOf(visit.person) || "unknown";
	switch (step) {
		case "as-found":
			await read(guide, visit, step);
			await testCoupling(guide);
			return true;
		case "found-again":
			await read(guide, visit, step);
			return true;
		case "as-left":
			if (isJson) {
				printJson({ step: "put", standard: RIVER });
				await person.next();
			} else await person.ask(speaker.text("back-in-river"));
			guide.putProbes?.(RIVER);
			await read(guide, visit, step);
			return true;
		case "cleaning":
			if (isJson) {
				printJson({ step: "clean" });
				await person.next();
			}
			await ask(guide, "log", { channel: "turbidity", act: "cleaning", by });
			return true;
		case "pH":
		case "conductivity": {
			const code = await calibrate(guide, {
				channel: step,
				act: "calibration",
				by,
				bottles: bottlesOf(step, options.standards[step]),
				reason: options.reason,
				dueDays: options.dueDays,
			});
			return code === 0;
		}
		case "note": {
			const typed =
				options.note ?? (isJson ? "" : ((await person.ask(speaker.text("note"))) ?? ""));
			for (const text of linesOfNote(asciiOf(typed))) {
				await ask(guide, "log", { channel: "pH", act: "note", by, text });
			}
			return true;
		}
		case "report":
			await writeReport(guide, options, visit);
			return true;
	}
}

/** A line of the console has 256 bytes: what is longer becomes several notes. */
function linesOfNote(note: string): string[] {
	const lines: string[] = [];
	for (let at = 0; at < note.length; at += NOTE_CHARACTERS_MAX) {
		lines.push(note.slice(at, at + NOTE_CHARACTERS_MAX));
	}
	return lines;
}

/** A current from one circuit to the other is there whatever the bottles say. */
async function testCoupling(guide: Guide): Promise<void> {
	const { person, speaker, isJson } = guide;
	const found = await ask(guide, "coupling");
	if (isJson) printJson({ step: "coupling", ...found });
	else {
		const difference = speaker.number(Number(found["difference"]), 3);
		const verdict = speaker.word("", String(found["verdict"]));
		person.print(speaker.text("coupling", { difference, verdict }));
	}
}

async function read(guide: Guide, visit: Visit, step: string): Promise<void> {
	const { person, speaker, session, isJson } = guide;
	const { parts, fields } = await session.client.request("read");
	const { sequence } = shownOf(fields, COMMANDS.read.answer);
	if (typeof sequence !== "number")
		throw new OperationalError("the journal did not take the reading");
	const values = parts.map((part) => {
		const { channel, value, unit } = shownOf(part, COMMANDS.read.parts);
		return {
			channel: String(channel),
			value: typeof value === "number" ? value : null,
			unit: typeof unit === "string" ? unit : null,
		};
	});
	visit.readings.push({ sequence, step, values });
	if (isJson) printJson({ step: "read", does: step, sequence, values });
	else person.print(speaker.text("recorded", { sequence, values: valuesText(speaker, values) }));
}

async function writeReport(guide: Guide, options: VisitOptions, visit: Visit): Promise<void> {
	const { person, speaker, isJson } = guide;
	const { station, beganUtcSeconds, readings } = visit;
	const report = reportOf({
		station,
		person: visit.person,
		beganUtcSeconds,
		speaker,
		readings,
		first: visit.first,
		entries: await entriesFrom(guide, Math.max(visit.first - ENTRIES_BEFORE, 1)),
	});
	const stem = options.file.replace(/\.json$/, "");
	const [text, html] = [`${stem}.txt`, `${stem}.html`];
	write(text, report.text);
	write(html, report.html);
	if (isJson) printJson({ step: "report", text, html });
	else person.print(speaker.text("report", { text, html }));
}

/** What the station recorded from a sequence on. */
async function entriesFrom({ session }: Guide, first: number): Promise<Uint8Array[]> {
	const entries: Uint8Array[] = [];
	for (let next = first; ; ) {
		const { parts, fields } = await session.client.request("journal", {
			fields: { first: next, count: ENTRIES_MAX },
		});
		entries.push(...parts.map((part) => entryOf(part).canonicalBytes));
		const place = journalPlaceOf(fields, next);
		if (place.next >= place.end) return entries;
		next = place.next;
	}
}

/** The visit that was left, or a new one. */
async function opened({ session }: Guide, { file }: VisitOptions): Promise<Visit> {
	const { station } = session.greeting;
	const kept = left(file);
	if (kept !== undefined) {
		if (kept.station !== station) {
			throw new OperationalError(
				`${file}: the visit at ${kept.station} was left, this is ${station}`,
			);
		}
		if (!kept.done.includes("report")) return kept;
	}
	const { parts } = await session.client.request("status");
	let [next, utc] = [1, 0];
	for (const part of parts) {
		if (part.has("next")) next = wholeOf(part, "next");
		if (part.has("utc") && part.get("utc") !== "none") utc = wholeOf(part, "utc");
	}
	return {
		bistrinaVisit: 1,
		station,
		beganUtcSeconds: utc,
		first: next,
		person: "",
		done: [],
		readings: [],
	};
}

function isVisit({ bistrinaVisit, station, first, person, done, readings }: Visit): boolean {
	const isNamed = typeof station === "string" && typeof person === "string";
	const isListed = Array.isArray(done) && Array.isArray(readings);
	return bistrinaVisit === 1 && isNamed && isListed && Number.isSafeInteger(first);
}

function left(file: string): Visit | undefined {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw new OperationalError(`${file}: ${(error as Error).message}`);
	}
	try {
		const visit = JSON.parse(text) as Visit;
		if (isVisit(visit)) return visit;
	} catch {
		// Told below.
	}
	throw new OperationalError(`${file}: no visit that was left; give another file by --file`);
}

function keep(file: string, visit: Visit): void {
	write(file, `${JSON.stringify(visit)}\n`);
}

function write(path: string, text: string): void {
	const file = new Replacement(path);
	file.write(Buffer.from(text, "utf8"));
	file.commit();
}
