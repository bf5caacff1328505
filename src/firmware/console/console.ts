/**
 * The technician's line, device side: docs/CONSOLE.md. One task reads lines and answers what can be
 * answered at once; a second one, started for each request that takes its time, does the rest.
 */

import { asciiBytes, concatBytes } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { Signal, type Task, type TaskHandle } from "../../core/task.js";
import {
	CONSOLE_VERSION,
	type ConsoleErrorCode,
	type ConsoleRequest,
	encodeConsoleAnswer,
	encodeLog,
	encodePart,
	readRequest,
} from "../../protocol/line/console.js";
import type { ConsoleStream } from "../ports.js";
import { type CommandContext, type CommandMap, CommandRefusal, type Emit } from "./command.js";
import { givenOf, STATION_COMMANDS, UploadFailed } from "./commands.js";
import { ConsoleOutput } from "./output.js";
import type { AnswerFields, StationService } from "./service.js";
import { readable, TerminalInput, typedRequest } from "./terminal.js";

/** A forgotten terminal must not empty the battery. */
const SERVICE_MILLISECONDS = 30 * 60_000;
/** A technician who has forgotten a terminal hears of it before. */
const REMINDER_MILLISECONDS = 5 * 60_000;
/** After a request with a checksum lines without one are refused for so long. */
const FRAMED_MILLISECONDS = 60_000;
/** The task looks around at least so often; activity wakes it at once. */
const IDLE_MILLISECONDS = 60_000;
/** So many lines in a row that are no command, and what talks there may be an echo of our own words. */
const STRAY_LINES_MAX = 3;
const LINE_END = asciiBytes("\r\n");

export interface ConsoleOptions {
	readonly stream: ConsoleStream;
	readonly clock: { readonly milliseconds: number };
	readonly service: StationService;
	/** Starts the task of a request that takes its time. */
	readonly start: (
		task: Task<void>,
		onEnd: (error: unknown, failed: boolean) => void,
	) => TaskHandle;
	/** A bug in a command. */
	readonly onCrash: (error: unknown) => void;
	/** The station's, unless it has others. */
	readonly commands?: CommandMap;
	/** True when this wake is due to the line, or the station was just powered on with it attached. */
	readonly isCalled: boolean;
}

export class Console implements CommandContext {
	readonly service: StationService;
	readonly commands: CommandMap;
	readonly #options: ConsoleOptions;
	readonly #output: ConsoleOutput;
	readonly #input = new TerminalInput();
	readonly #waiting: Signal<true>[] = [];
	#running: { readonly id: number; readonly handle: TaskHandle } | undefined;
	/** Parts that the request under way has sent. */
	#partsRunning = 0;
	#isGreeted = false;
	#serviceUntilMilliseconds: number;
	#framedUntilMilliseconds = Number.NEGATIVE_INFINITY;
	#garbledCount = 0;
	/** Lines in a row that were typed and are no command. */
	#strayCount = 0;
	/** A prompt, or what was typed, stands on the terminal's line. */
	#isLineOpen = false;
	#logsLost = 0;
	#isReminded = false;
	/** Nobody was at the line at some time in this wake. */
	#wasAway = false;
	/** Somebody came or spoke since this was set to false, and may have gone again. */
	wasCalled = false;

	constructor(options: ConsoleOptions) {
		this.#options = options;
		this.service = options.service;
		this.commands = options.commands ?? STATION_COMMANDS;
		this.#output = new ConsoleOutput(options.stream);
		const now = options.clock.milliseconds;
		this.#serviceUntilMilliseconds = options.isCalled ? now + SERVICE_MILLISECONDS : now;
	}

	get garbledCount(): number {
		return this.#garbledCount;
	}

	/** True while somebody is at the line: the station stays awake and says so in its readings. */
	get isInService(): boolean {
		const { stream, clock } = this.#options;
		return stream.isAttached && clock.milliseconds < this.#serviceUntilMilliseconds;
	}

	/** To be called when the stream says that something has changed. Only records and wakes. */
	activity(): void {
		for (const signal of this.#waiting.splice(0)) signal.set(true);
	}

	/** One line of the log for anyone who listens; lost when there is no room, and then the loss is reported. */
	line(text: string): void {
		if (!this.#isGreeted || !this.#options.stream.isAttached) return;
		const seconds = Math.floor(this.#options.clock.milliseconds / 1000);
		if (this.#logsLost > 0) {
			if (!this.#offer(encodeLog(seconds, `${this.#logsLost} lines were lost here`))) {
				this.#logsLost++;
				return;
			}
			this.#logsLost = 0;
		}
		const wasOpen = this.#isLineOpen;
		if (!this.#offer(encodeLog(seconds, text))) this.#logsLost++;
		else if (wasOpen) this.#prompt();
	}

	/** Reads and answers for ever. */
	*run(): Task<void> {
		const { stream } = this.#options;
		for (;;) {
			this.#wasAway ||= !stream.isAttached;
			if (!stream.isAttached) this.#forget();
			else if (!this.#isGreeted) this.#greet();
			this.#output.pump();
			this.#remind();
			const bytes = stream.read();
			if (bytes === undefined || bytes.length === 0) {
				yield* this.#nextActivity();
				continue;
			}
			this.#call();
			for (const byte of bytes) {
				const line = this.#input.push(byte);
				if (line === undefined) continue;
				this.#echo();
				yield* this.#take(line);
			}
			this.#echo();
		}
	}

	/** Until something changes. Activity comes from the event loop: none is missed before the wait. */
	*#nextActivity(): Task<void> {
		const signal = new Signal<true>();
		this.#waiting.push(signal);
		try {
			yield* signal.wait(IDLE_MILLISECONDS);
		} finally {
			const index = this.#waiting.indexOf(signal);
			if (index >= 0) this.#waiting.splice(index, 1);
		}
	}

	#call(): void {
		this.#serviceUntilMilliseconds = this.#options.clock.milliseconds + SERVICE_MILLISECONDS;
		this.wasCalled = true;
		this.#isReminded = false;
	}

	/** Says once that service is about to end by itself. */
	#remind(): void {
		const left = this.#serviceUntilMilliseconds - this.#options.clock.milliseconds;
		if (this.#isReminded || left <= 0 || left > REMINDER_MILLISECONDS) return;
		this.#isReminded = true;
		const minutes = Math.ceil(left / 60_000);
		this.line(
			`service is still on and ends in ${minutes} minutes; any key keeps it, leave ends it now`,
		);
	}

	/** Ends service now, even with a client attached; the next byte begins it again. */
	leave(): void {
		this.#serviceUntilMilliseconds = this.#options.clock.milliseconds;
	}

	#greet(): void {
		const { station } = this.service;
		this.#isGreeted = true;
		// A technician who plugs in while the station is awake has come; the state of the contact when it woke may be forgotten.
		if (this.#wasAway) this.#call();
		else if (!this.#options.isCalled) return;
		this.line(`bistrina ${station}, console ${CONSOLE_VERSION}; type help`);
	}

	/** The client has detached: drop its pending request. */
	#forget(): void {
		if (!this.#isGreeted) return;
		this.#isGreeted = false;
		this.#running?.handle.cancel();
		this.#running = undefined;
		this.service.provisioning.drop();
		this.#output.clear();
		this.#input.clear();
		this.#isLineOpen = false;
		this.#strayCount = 0;
		this.#framedUntilMilliseconds = Number.NEGATIVE_INFINITY;
	}

	/** Whether a person is there to whom a terminal shall be pleasant. */
	get #isEchoing(): boolean {
		return (
			this.#strayCount < STRAY_LINES_MAX &&
			(this.#running?.id ?? 0) === 0 &&
			this.#options.clock.milliseconds >= this.#framedUntilMilliseconds
		);
	}

	/** Shows what was typed; what finds no room is only not shown. */
	#echo(): void {
		const echo = this.#input.takeEcho();
		if (echo === undefined || !this.#isEchoing || !this.#output.offer(echo)) return;
		this.#isLineOpen = echo[echo.length - 1] !== LINE_END[1];
	}

	#prompt(): void {
		if (!this.#isEchoing) return;
		const prompt = asciiBytes(`${this.service.station}> `);
		// As it was echoed: control characters would move the cursor.
		const typed = this.#input.typed.map((byte) => (byte >= 0x20 && byte < 0x7f ? byte : 0x3f));
		if (this.#output.offer(concatBytes(prompt, typed))) this.#isLineOpen = true;
	}

	/** A whole line on a line of its own. */
	#offer(line: Uint8Array): boolean {
		if (!this.#output.offer(this.#isLineOpen ? concatBytes(LINE_END, line) : line)) return false;
		this.#isLineOpen = false;
		return true;
	}

	*#take(line: Uint8Array | "too-long"): Task<void> {
		const { isTyped, isKey } = this.#input;
		const input = line === "too-long" ? line : isTyped ? typedRequest(line) : readRequest(line);
		if (input === "too-long" || input.kind === "garbled") {
			this.#garbledCount++;
			const code = input === "too-long" ? input : "garbled";
			const id = input === "too-long" ? undefined : input.id;
			if (isTyped && this.#isEchoing) {
				this.#strayCount++;
				yield* this.#send(readable(`! ${code}`, { text: "help lists the commands" }));
				this.#prompt();
			} else yield* this.#send(encodeConsoleAnswer(id, code));
		} else if (input.kind === "nothing") {
			if (isKey && line.length === 0) this.#prompt();
		} else yield* this.#serve(input.request);
	}

	*#serve(request: ConsoleRequest): Task<void> {
		const { id } = request;
		const now = this.#options.clock.milliseconds;
		if (id !== 0) {
			this.#framedUntilMilliseconds = now + FRAMED_MILLISECONDS;
			this.#strayCount = 0;
		} else if (now < this.#framedUntilMilliseconds || (this.#running?.id ?? 0) !== 0) {
			const text = "a program has the line: try again in a minute";
			yield* this.#send(answerTo(id, "unframed", { text }));
			return;
		}
		let parts = 0;
		const emit = this.#emitter(id, () => parts++);
		try {
			const fields = yield* this.#execute(request, emit);
			this.#strayCount = 0;
			if (fields === undefined) return;
			yield* this.#send(answerTo(id, "ok", { parts, ...fields }));
		} catch (error) {
			if (error instanceof CommandRefusal && error.code === "unknown-command") this.#strayCount++;
			yield* this.#send(failureTo(id, error));
		}
		if (id === 0) this.#prompt();
	}

	/** The answer's fields; undefined when it comes later. */
	*#execute(request: ConsoleRequest, emit: Emit): Task<AnswerFields | undefined> {
		const { id, command, fields } = request;
		const found = this.commands.get(command);
		if (found === undefined) {
			throw new CommandRefusal(
				"unknown-command",
				`no command ${command}; help lists those there are`,
			);
		}
		const { row, run } = found;
		const given = givenOf(row, fields);
		if (row.seconds === undefined) return yield* run(this, given, emit, 0);
		if (this.#running !== undefined) {
			throw new CommandRefusal("busy", "another request takes its time; stop ends it");
		}
		this.#begin(request, run(this, given, this.#counted(id), row.seconds[0] * 1000));
		return undefined;
	}

	#counted(id: number): Emit {
		this.#partsRunning = 0;
		return this.#emitter(id, () => this.#partsRunning++);
	}

	#begin({ id }: ConsoleRequest, body: Task<AnswerFields>): void {
		const handle = this.#options.start(this.#complete(id, body), (error, failed) => {
			if (failed) this.#options.onCrash(error);
		});
		this.#running = { id, handle };
	}

	*#complete(id: number, body: Task<AnswerFields>): Task<void> {
		let answer: Uint8Array;
		try {
			const fields = yield* body;
			answer = answerTo(id, "ok", { parts: this.#partsRunning, ...fields });
		} catch (error) {
			answer = failureTo(id, error);
		}
		yield* this.#send(answer);
		this.#running = undefined;
		if (id !== 0) {
			this.#framedUntilMilliseconds = this.#options.clock.milliseconds + FRAMED_MILLISECONDS;
		} else this.#prompt();
	}

	/** Ends the request that is under way, if one is. */
	*stop(): Task<void> {
		const running = this.#running;
		if (running === undefined) return;
		running.handle.cancel();
		this.#running = undefined;
		yield* this.#send(answerTo(running.id, "stopped"));
	}

	#emitter(id: number, onSent: () => void): Emit {
		const send = (line: Uint8Array): Task<void> => this.#send(line);
		return function* (fields) {
			yield* send(id === 0 ? readable("+", fields) : encodePart(id, fields));
			onSent();
		};
	}

	/** Waits for room as long as somebody is there to make it. */
	*#send(line: Uint8Array): Task<void> {
		for (;;) {
			if (!this.#options.stream.isAttached || this.#offer(line)) return;
			yield* this.#nextActivity();
		}
	}
}

/** A person gets readable lines. */
function answerTo(
	id: number,
	code: "ok" | ConsoleErrorCode,
	fields: AnswerFields = {},
): Uint8Array {
	return id === 0 ? readable(`! ${code}`, fields) : encodeConsoleAnswer(id, code, fields);
}

/** Only what a station can name is an answer; a bug continues to the crash handler. */
function failureTo(id: number, error: unknown): Uint8Array {
	if (error instanceof CommandRefusal) return answerTo(id, error.code, { text: error.message });
	const cause = causeOf(error);
	if (cause === undefined) throw error;
	return answerTo(id, "failed", { cause, text: (error as Error).message });
}

function causeOf(error: unknown): string | undefined {
	if (error instanceof StationError) return error.code;
	return error instanceof UploadFailed ? error.causeCode : undefined;
}
