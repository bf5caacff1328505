/**
 * `bistrina visit`: the checklist of a visit, that can be left at any step and is taken up again by the same command. What
 * was done is in the station's record; the file beside it only knows which step comes next.
 */
import { readFileSync } from "node:fs";
import { OperationalError } from "../../host/errors.js";
import { printJson, shownOf } from "../../host/output.js";
import { Replacement } from "../../host/replace-file.js";
import { COMMANDS } from "../../protocol/line/commands.js";
import { entryOf } from "../journal-export.js";
import { ask, bottlesOf, type CalibratedChannel, calibrate, type Guide } from "./calibrate.js";
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

const ENTRIES_MAX = 1000;

/** Exit 0 when it was ended with its report, 1 when it was left before. */
export async function visit(guide: Guide, options: VisitOptions): Promise<number> {
	const { person, speaker, session, isJson } = guide;
	const { station } = session.greeting;
	const visit = await opened(guide, options);
	if (!isJson) {
		const done = visit.done.length;
		person.tell(speaker.say("visit-begins", { station }));
		if (done > 0) {
			const time = timeText(visit.beganUtcSeconds);
			person.tell(speaker.say("visit-goes-on", { time, done, count: STEPS.length }));
		}
	}
	if (visit.person === "") {
		visit.person = options.by ?? (isJson ? "" : ((await person.ask(speaker.say("who"))) ?? ""));
		keep(options.file, visit);
	}
	for (const [index, step] of STEPS.entries()) {
		if (visit.done.includes(step)) continue;
		if (!isJson) {
			const text = speaker.word("step-", step);
			const prompt = speaker.say("step", { index: index + 1, count: STEPS.length, step: text });
			let typed = await person.ask(prompt);
			while (typed !== undefined && !["", "s", "q"].includes(typed))
				typed = await person.ask(prompt);
			if (typed === undefined || typed === "q") {
				person.tell(speaker.say("left-visit"));
				return 1;
			}
			if (typed === "s") {
				visit.done.push(step);
				keep(options.file, visit);
				continue;
			}
		} else printJson({ step: "visit", does: step });
		await done(guide, options, visit, step);
		visit.done.push(step);
		keep(options.file, visit);
	}
	return 0;
}

async function done(guide: Guide, options: VisitOptions, visit: Visit, step: Step): Promise<void> {
	const by = visit.person.split(" ").join("_") || "unknown";
	switch (step) {
		case "as-found":
			await read(guide, visit, step);
			return testCoupling(guide);
		case "found-again":
			return read(guide, visit, step);
		case "as-left": {
			const { person, speaker } = guide;
			if (!guide.isJson) await person.ask(speaker.say("back-in-river"));
			guide.place?.("river");
			return read(guide, visit, step);
		}
		case "cleaning":
			await ask(guide, "log", { channel: "turbidity", act: "cleaning", by });
			return;
		case "pH":
		case "conductivity":
			await calibrate(guide, {
				channel: step,
				act: "calibration",
				by,
				bottles: bottlesOf(step, options.standards[step]),
				reason: options.reason,
				dueDays: options.dueDays,
			});
			return;
		case "note": {
			const { person, speaker, isJson } = guide;
			const text = options.note ?? (isJson ? "" : ((await person.ask(speaker.say("note"))) ?? ""));
			if (text !== "") await ask(guide, "log", { channel: "pH", act: "note", by, text });
			return;
		}
		case "report":
			return writeReport(guide, options, visit);
	}
}

/** A current from one circuit to the other is there whatever the bottles say. */
async function testCoupling(guide: Guide): Promise<void> {
	const { person, speaker, isJson } = guide;
	const found = await ask(guide, "coupling");
	if (isJson) printJson({ step: "coupling", ...found });
	else {
		const difference = speaker.number(Number(found["difference"]), 3);
		const verdict = speaker.word("", String(found["verdict"]));
		person.tell(speaker.say("coupling", { difference, verdict }));
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
	else person.tell(speaker.say("recorded", { sequence, values: valuesText(speaker, values) }));
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
		entries: await entriesFrom(guide, visit.first),
	});
	const stem = options.file.replace(/\.json$/, "");
	const [text, html] = [`${stem}.txt`, `${stem}.html`];
	write(text, report.text);
	write(html, report.html);
	if (isJson) printJson({ step: "report", text, html });
	else person.tell(speaker.say("report", { text, html }));
}

/** What the station recorded from a sequence on. */
async function entriesFrom({ session }: Guide, first: number): Promise<Uint8Array[]> {
	const entries: Uint8Array[] = [];
	for (let next = first; ; ) {
		const { parts, fields } = await session.client.request("journal", {
			fields: { first: next, count: ENTRIES_MAX },
		});
		entries.push(...parts.map((part) => entryOf(part).canonical));
		next = Number(fields.get("next"));
		if (next >= Number(fields.get("end"))) return entries;
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
		next = Number(part.get("next") ?? next);
		utc = Number(part.get("utc") ?? utc);
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
		if (visit.bistrinaVisit === 1) return visit;
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
