/**
 * Alarms on their way to an operator: what a station claims is written down before its batch is acknowledged, handed to
 * a command until that takes it, and then never again. The file outlives the process; its lines are added, and synced.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { Replacement } from "../../host/replace-file.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { type AlarmBody, ENTRY_KINDS, type Entry } from "../../protocol/record/entry-layouts.js";

const KIND_AT = 1;
const EVENTS = ["watch", "acid", "conductivity", "storm"];
const PHASES = ["begin", "change", "end"];
/** Pauses between attempts, seconds: 5, 10, 20 ... 320. */
const FIRST_PAUSE_SECONDS = 5;
const DOUBLINGS_MAX = 6;
/** A year of fifty events of fifty stations; what is older is not sent a second time in the record's life either. */
const REMEMBERED_MAX = 10_000;
/** Waiting for a command that fails: then the oldest goes, and that is said. */
const WAITING_MAX = 2000;
const COMMAND_MILLISECONDS_MAX = 30_000;

/** What an operator's command reads, one line of JSON. */
export interface AlarmNotice {
	/** Names it for ever: station, epoch, sequence of its entry. */
	readonly id: string;
	readonly station: string;
	/** watch, acid, conductivity, storm. */
	readonly event: string;
	/** begin, change, end. */
	readonly phase: string;
	/** By the station's clock, Unix seconds; null: unknown. */
	readonly utcSeconds: number | null;
	readonly rule: number;
	readonly beginSequence: number;
	readonly readingSequence: number;
	/** At 25 degC, uS/cm. */
	readonly conductivity: number;
	readonly baseline: number;
	readonly pH: number | null;
	readonly pHBefore: number | null;
	readonly turbidity: number | null;
	readonly secondsSinceBegin: number;
}

export interface AlarmPostOptions {
	/** Of the file. */
	readonly path: string;
	/** Hands a line to the operator; true when it was taken. */
	readonly deliver: (line: string) => Promise<boolean>;
	readonly say: (text: string) => void;
	/** Calls back in so many seconds; what `cancel` stops. */
	readonly wait: (seconds: number, then: () => void) => { cancel(): void };
}

export class AlarmPost {
	readonly #options: AlarmPostOptions;
	readonly #waiting = new Map<string, AlarmNotice>();
	/** In the order of their delivery. */
	readonly #delivered = new Set<string>();
	#failures = 0;
	#pause: { cancel(): void } | undefined;
	#isDelivering = false;
	#isClosed = false;

	/** Reads the file, and writes it anew without what is done with. Throws OperationalError. */
	constructor(options: AlarmPostOptions) {
		this.#options = options;
		const text = existsSync(options.path) ? readFileSync(options.path, "utf8") : "";
		for (const line of text.split("\n")) this.#recall(line);
		const file = new Replacement(options.path);
		const lines = [
			...[...this.#delivered].map((delivered) => JSON.stringify({ delivered })),
			...[...this.#waiting.values()].map((notice) => JSON.stringify({ notice })),
		];
		file.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
		file.commit();
		this.#next();
	}

	get waitingCount(): number {
		return this.#waiting.size;
	}

	/** Entries of a batch that is stored, canonical bytes; durable when it returns. */
	notice(station: string, entries: readonly Uint8Array[]): void {
		const lines: string[] = [];
		for (const canonical of entries) {
			if (canonical[KIND_AT] !== ENTRY_KINDS.alarm) continue;
			const entry = decodeEntry(canonical);
			if (entry.kind !== "alarm") continue;
			const notice = noticeOf(station, entry);
			if (this.#delivered.has(notice.id) || this.#waiting.has(notice.id)) continue;
			this.#waiting.set(notice.id, notice);
			lines.push(JSON.stringify({ notice }));
		}
		if (lines.length === 0) return;
		this.#append(lines);
		this.#dropOldest();
		this.#next();
	}

	close(): void {
		this.#isClosed = true;
		this.#pause?.cancel();
	}

	/** A line that a crash left half written is none: its batch was not acknowledged and comes again. */
	#recall(line: string): void {
		let read: { notice?: AlarmNotice; delivered?: string };
		try {
			read = JSON.parse(line);
		} catch {
			return;
		}
		if (read.notice !== undefined) this.#waiting.set(read.notice.id, read.notice);
		if (read.delivered !== undefined) this.#remember(read.delivered);
	}

	#remember(id: string): void {
		this.#waiting.delete(id);
		this.#delivered.add(id);
		for (const oldest of this.#delivered) {
			if (this.#delivered.size <= REMEMBERED_MAX) break;
			this.#delivered.delete(oldest);
		}
	}

	#dropOldest(): void {
		for (const id of this.#waiting.keys()) {
			if (this.#waiting.size <= WAITING_MAX) return;
			this.#waiting.delete(id);
			this.#options.say(`alarm ${id} waits no longer: ${WAITING_MAX} newer ones wait`);
		}
	}

	#append(lines: readonly string[]): void {
		const file = openSync(this.#options.path, "a", 0o600);
		try {
			writeSync(file, lines.map((line) => `${line}\n`).join(""));
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
	}

	/** One at a time, the oldest first, so that a begin comes before its end. */
	#next(): void {
		if (this.#isDelivering || this.#isClosed || this.#pause !== undefined) return;
		const [notice] = this.#waiting.values();
		if (notice === undefined) return;
		this.#isDelivering = true;
		this.#options
			.deliver(JSON.stringify(notice))
			.catch((error: unknown) => {
				this.#options.say(
					`alarm ${notice.id}: ${error instanceof Error ? error.message : String(error)}`,
				);
				return false;
			})
			.then((isTaken) => this.#ended(notice, isTaken));
	}

	#ended({ id }: AlarmNotice, isTaken: boolean): void {
		this.#isDelivering = false;
		if (isTaken) {
			this.#failures = 0;
			this.#append([JSON.stringify({ delivered: id })]);
			this.#remember(id);
			this.#next();
			return;
		}
		const seconds = FIRST_PAUSE_SECONDS * 2 ** Math.min(this.#failures++, DOUBLINGS_MAX);
		this.#options.say(`alarm ${id} was not taken; again in ${seconds} s`);
		if (this.#isClosed) return;
		this.#pause = this.#options.wait(seconds, () => {
			this.#pause = undefined;
			this.#next();
		});
	}
}

/** Hands a line to a program on its standard input; taken is an exit code of 0 within half a minute. */
export function deliverToCommand(path: string): (line: string) => Promise<boolean> {
	return (line) =>
		new Promise((resolve, reject) => {
			const child = spawn(path, [], {
				stdio: ["pipe", "ignore", "ignore"],
				timeout: COMMAND_MILLISECONDS_MAX,
				killSignal: "SIGKILL",
			});
			child.on("error", reject);
			// A program that does not read closes its end; its exit code says what it made of that.
			child.stdin.on("error", () => {});
			child.stdin.end(`${line}\n`);
			child.on("exit", (code) => resolve(code === 0));
		});
}

function noticeOf(station: string, entry: Entry & AlarmBody): AlarmNotice {
	const { epoch, sequence, utcSeconds } = entry;
	return {
		id: `${station}/${epoch}/${sequence}`,
		station,
		event: EVENTS[entry.code - 1] ?? `code ${entry.code}`,
		phase: PHASES[entry.phase - 1] ?? `phase ${entry.phase}`,
		utcSeconds: utcSeconds === 0 ? null : utcSeconds,
		rule: entry.rule,
		beginSequence: entry.beginSequence,
		readingSequence: entry.readingSequence,
		conductivity: entry.conductivityHundredths / 100,
		baseline: entry.baselineHundredths / 100,
		pH: known(entry.pHMilli, -0x8000),
		pHBefore: known(entry.pHBeforeMilli, -0x8000),
		turbidity: known(entry.turbidityMilli, -0x80000000),
		secondsSinceBegin: entry.secondsSinceBegin,
	};
}

function known(milli: number, absent: number): number | null {
	return milli === absent ? null : milli / 1000;
}
