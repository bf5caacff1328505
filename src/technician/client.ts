/** Requests over a line: one at a time, each with a deadline, each answered once or ended by an error. */
import { OperationalError } from "../host/errors.js";
import { notice } from "../host/messages/notice.js";
import { COMMANDS, type CommandRow } from "../protocol/line/commands.js";
import {
	CONSOLE_VERSION,
	type ConsoleFields,
	encodeRequest,
	type FieldValue,
	LineAssembler,
	readStationLine,
} from "../protocol/line/console.js";
import type { Line } from "./line.js";

/** What a station answered. */
export interface Answer {
	readonly parts: readonly ConsoleFields[];
	readonly fields: ConsoleFields;
}

export interface RequestOptions {
	readonly fields?: Readonly<Record<string, FieldValue>>;
	/** Longest silence of this request, from its last byte or part on; absent: what the command's row says. */
	readonly deadlineMilliseconds?: number;
	/** Longest that the whole answer may take; default thirty times the silence. */
	readonly overallMilliseconds?: number;
	/** Gets parts as they come; they are not collected then. */
	readonly onPart?: (fields: ConsoleFields) => void;
}

export interface Greeting {
	readonly station: string;
	readonly firmware: string;
}

/** The station refused or failed; `code` is its word. */
export class StationRefusal extends OperationalError {
	override name = "StationRefusal";
	readonly code: string;
	/** The station's code of what failed, and its words, where it gave any. */
	override readonly cause: string | undefined;
	readonly detail: string;

	constructor(code: string, message: string, cause?: string, detail = "") {
		super(message);
		this.code = code;
		this.cause = cause;
		this.detail = detail;
	}
}

/** The line was lost in the middle, or the answer did not come: worth another try. */
export class LineError extends OperationalError {
	override name = "LineError";
}

/**
 * A thousand entries of 206 bytes take 215 s at 9600 baud, at a silence of 10 s: an answer whose parts come in
 * time and never end has its end here.
 */
const OVERALL_SILENCES = 30;
/** The longest answer is a watch of a thousand rounds, five channels each. */
const PARTS_MAX = 10_000;
/** For what the station answers at once. */
const DEADLINE_MILLISECONDS = 5000;
const ROWS: ReadonlyMap<string, CommandRow> = new Map(Object.entries(COMMANDS));
/** A station that sleeps needs half a second to wake, and loses what was sent meanwhile. */
const GREETING_TRIES = 4;
const GREETING_MILLISECONDS = 1500;
/** After a longer wait the program says what it waits for. */
const WORD_AFTER_TRIES = 2;

/** What a line server says to a second program, after the uptime of a log line: sim/shell/line-server.ts. */
const OCCUPIED = /^\d+ (another program has the line of .+)$/;

interface Pending {
	readonly id: number;
	readonly command: string;
	readonly parts: ConsoleFields[];
	readonly onPart: ((fields: ConsoleFields) => void) | undefined;
	readonly deadlineMilliseconds: number;
	readonly resolve: (answer: Answer) => void;
	readonly reject: (error: Error) => void;
	partCount: number;
	timer: NodeJS.Timeout | undefined;
	overall: NodeJS.Timeout | undefined;
}

export class ConsoleClient {
	readonly #line: Line;
	readonly #onLog: (text: string) => void;
	readonly #timeoutMilliseconds: number | undefined;
	readonly #assembler = new LineAssembler(false);
	#pending: Pending | undefined;
	#id: number;
	#lost: string | undefined;
	#isGreeted = false;
	/** Why the line will be closed again, when its far end has said so before the greeting. */
	#refusal: string | undefined;
	/** For the diagnosis of an answer that does not come; `spoken` are lines of this protocol. */
	readonly #heard = { bytes: 0, lines: 0, garbled: 0, spoken: 0 };

	/**
	 * `firstId` 1 to 900 000 000: another one for each program, so that late answers are not ours.
	 * `timeoutMilliseconds`: the technician's own patience, in place of every request's and the greeting's.
	 */
	constructor(
		line: Line,
		firstId: number,
		onLog: (text: string) => void,
		timeoutMilliseconds?: number,
	) {
		this.#line = line;
		this.#timeoutMilliseconds = timeoutMilliseconds;
		this.#id = firstId;
		this.#onLog = onLog;
		line.onBytes = (bytes) => this.#take(bytes);
		line.onLost = (reason) => this.#lose(reason);
	}

	/**
	 * Who is there. The first thing to ask: once in `deadlineMilliseconds`, for `patienceMilliseconds`.
	 * Throws OperationalError, with a remedy.
	 */
	async greet(
		deadlineMilliseconds = Math.min(
			GREETING_MILLISECONDS,
			this.#timeoutMilliseconds ?? GREETING_MILLISECONDS,
		),
		patienceMilliseconds = this.#timeoutMilliseconds ??
			this.#line.bootMillisecondsMax ??
			GREETING_TRIES * deadlineMilliseconds,
	): Promise<Greeting> {
		const tries = Math.max(Math.ceil(patienceMilliseconds / deadlineMilliseconds), 1);
		for (let attempt = 1; ; attempt++) {
			try {
				// An end of line first: what the station has heard so far is not ours.
				this.#line.write(new Uint8Array([0x0a]));
				const { fields } = await this.#request("version", { deadlineMilliseconds });
				const protocol = Number(fields.get("protocol"));
				if (protocol !== CONSOLE_VERSION) {
					throw new OperationalError(
						`${this.#line.name}: the station speaks version ${protocol} of the line, this program ` +
							`version ${CONSOLE_VERSION}; use the tools that came with its firmware`,
					);
				}
				this.#isGreeted = true;
				return {
					station: fields.get("station") ?? "unknown",
					firmware: fields.get("firmware") ?? "unknown",
				};
			} catch (error) {
				const isWorthIt = error instanceof LineError && this.#lost === undefined;
				if (!isWorthIt || attempt === tries) throw error;
				if (attempt !== WORD_AFTER_TRIES) continue;
				const seconds = Math.ceil((patienceMilliseconds - attempt * deadlineMilliseconds) / 1000);
				this.#onLog(
					`${this.#line.name}: no answer yet; opening a port restarts some boards: ${seconds} s more`,
				);
			}
		}
	}

	/** Asks, and waits for the one answer. Throws StationRefusal or LineError. */
	request(command: string, options: RequestOptions = {}): Promise<Answer> {
		const deadlineMilliseconds = this.#timeoutMilliseconds ?? options.deadlineMilliseconds;
		return this.#request(command, {
			...options,
			...(deadlineMilliseconds === undefined ? {} : { deadlineMilliseconds }),
		});
	}

	#request(command: string, options: RequestOptions): Promise<Answer> {
		if (this.#pending !== undefined) throw new Error("one request at a time");
		return new Promise((resolve, reject) => {
			const pending: Pending = {
				id: this.#id++,
				command,
				parts: [],
				onPart: options.onPart,
				deadlineMilliseconds: options.deadlineMilliseconds ?? silenceOf(command),
				resolve,
				reject,
				partCount: 0,
				timer: undefined,
				overall: undefined,
			};
			this.#pending = pending;
			if (this.#lost !== undefined) {
				this.#fail(pending, this.#lostError(this.#lost));
				return;
			}
			this.#expect(pending);
			const { deadlineMilliseconds } = pending;
			const overall = options.overallMilliseconds ?? OVERALL_SILENCES * deadlineMilliseconds;
			pending.overall = setTimeout(() => this.#fail(pending, this.#endless(command)), overall);
			this.#line.write(encodeRequest(pending.id, command, options.fields));
		});
	}

	close(): Promise<void> {
		return this.#line.close();
	}

	#take(bytes: Uint8Array): void {
		this.#heard.bytes += bytes.length;
		for (const byte of bytes) {
			const line = this.#assembler.push(byte);
			if (line === undefined || line.length === 0) continue;
			this.#heard.lines++;
			if (line === "too-long") this.#heard.garbled++;
			else this.#takeLine(line);
		}
	}

	#takeLine(line: Uint8Array): void {
		const output = readStationLine(line);
		const pending = this.#pending;
		switch (output.kind) {
			case "garbled":
				this.#heard.garbled++;
				return;
			case "log":
				this.#heard.spoken++;
				if (this.#isGreeted) this.#onLog(output.text);
				else this.#refusal ??= OCCUPIED.exec(output.text)?.[1];
				return;
			case "part":
				this.#heard.spoken++;
				if (pending === undefined || output.id !== pending.id) return;
				pending.partCount++;
				if (pending.partCount > PARTS_MAX) {
					this.#fail(pending, this.#endless(pending.command));
					return;
				}
				this.#expect(pending);
				this.#deliver(pending, output.fields);
				return;
			case "answer":
				this.#heard.spoken++;
				if (pending === undefined) return;
				if (output.id === undefined) {
					// Our own request came garbled, or what stood on the line before it. The deadline decides.
					this.#heard.garbled++;
					return;
				}
				if (output.id === pending.id) this.#finish(pending, output.code, output.fields);
		}
	}

	#deliver(pending: Pending, fields: ConsoleFields): void {
		if (pending.onPart === undefined) {
			pending.parts.push(fields);
			return;
		}
		try {
			pending.onPart(fields);
		} catch (error) {
			this.#fail(pending, error instanceof Error ? error : new Error(String(error)));
		}
	}

	#finish(pending: Pending, code: string, fields: ConsoleFields): void {
		if (code !== "ok") {
			const why = [fields.get("cause"), fields.get("text")].filter((word) => word !== undefined);
			const text = `${pending.command}: the station says ${[code, ...why].join(", ")}`;
			this.#fail(pending, new StationRefusal(code, text, fields.get("cause"), fields.get("text")));
			return;
		}
		const sent = Number(fields.get("parts"));
		if (sent !== pending.partCount) {
			// A station that does not say how many it sent is none of this protocol.
			const values = {
				port: this.#line.name,
				came: pending.partCount,
				sent: fields.get("parts") ?? "?",
			};
			this.#fail(pending, new LineError(notice("line-parts", values)));
			return;
		}
		this.#settle(pending);
		pending.resolve({ parts: pending.parts, fields });
	}

	#expect(pending: Pending): void {
		clearTimeout(pending.timer);
		pending.timer = setTimeout(() => {
			this.#fail(pending, this.#silence(pending));
		}, pending.deadlineMilliseconds);
	}

	#endless(command: string): Error {
		return new LineError(notice("line-endless", { port: this.#line.name, command }));
	}

	#silence(pending: Pending): Error {
		const { bytes, lines, garbled } = this.#heard;
		const seconds = pending.deadlineMilliseconds / 1000;
		const { name: port } = this.#line;
		if (bytes === 0) return new LineError(notice("line-silent", { port }));
		if (!this.#isGreeted && this.#line.isSocket === true && this.#heard.spoken === 0) {
			return this.#strange();
		}
		if (!this.#isGreeted && (garbled > 0 || lines === 0)) {
			return new LineError(notice("line-senseless", { port, bytes }));
		}
		return new LineError(notice("line-late", { port, command: pending.command, seconds }));
	}

	#lose(reason: string): void {
		this.#lost = reason;
		if (this.#pending !== undefined) this.#fail(this.#pending, this.#lostError(reason));
	}

	#lostError(reason: string): Error {
		const { name: port, isSocket } = this.#line;
		if (this.#refusal !== undefined) return new LineError(`${port}: ${this.#refusal}`);
		if (isSocket === true && this.#heard.spoken === 0) return this.#strange();
		return new LineError(notice("line-cut-off", { port, why: reason }));
	}

	/** A web server, perhaps: somebody is there and has not said a line of ours. */
	#strange(): Error {
		return new LineError(notice("line-strange", { port: this.#line.name }));
	}

	#fail(pending: Pending, error: Error): void {
		this.#settle(pending);
		pending.reject(error);
	}

	#settle(pending: Pending): void {
		clearTimeout(pending.timer);
		clearTimeout(pending.overall);
		if (this.#pending === pending) this.#pending = undefined;
	}
}

function silenceOf(command: string): number {
	const seconds = ROWS.get(command)?.seconds;
	return seconds === undefined ? DEADLINE_MILLISECONDS : seconds[1] * 1000;
}
