/**
 * The technician's line, device side: docs/CONSOLE.md. One task reads lines and answers what can be
 * answered at once; a second one, started for each request that takes its time, does the rest.
 */
import { StationError } from "../../core/errors.js";
import { Signal, type Task, type TaskHandle } from "../../core/task.js";
import {
	CONSOLE_VERSION,
	type ConsoleRequest,
	encodeAnswer,
	encodeLog,
	encodePart,
	LineAssembler,
	readRequest,
} from "../../protocol/line/console.js";
import type { ConsoleStream } from "../ports.js";
import { type Emit, LONG_COMMANDS, Refusal, requireKnown, UploadFailed } from "./commands.js";
import { ConsoleOutput } from "./output.js";
import type { AnswerFields, StationService } from "./service.js";

/** A forgotten terminal must not empty the battery. */
const SERVICE_MILLISECONDS = 30 * 60_000;
/** After a request with a checksum lines without one are refused for so long. */
const FRAMED_MILLISECONDS = 60_000;
/** The task looks around at least so often; activity wakes it at once. */
const IDLE_MILLISECONDS = 60_000;

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
	/** True when this wake is due to the line, or the station was just powered on with it attached. */
	readonly isCalled: boolean;
}

export class Console {
	readonly #options: ConsoleOptions;
	readonly #output: ConsoleOutput;
	readonly #lines = new LineAssembler(true);
	readonly #waiting: Signal<true>[] = [];
	#running: { readonly id: number; readonly handle: TaskHandle } | undefined;
	/** Parts that the request under way has sent. */
	#partsRunning = 0;
	#isGreeted = false;
	#serviceUntilMilliseconds: number;
	#framedUntilMilliseconds = Number.NEGATIVE_INFINITY;
	#garbledCount = 0;
	#logsLost = 0;
	/** Nobody was at the line at some time in this wake. */
	#wasAway = false;
	/** Somebody came or spoke since this was set to false, and may have gone again. */
	wasCalled = false;

	constructor(options: ConsoleOptions) {
		this.#options = options;
		this.#output = new ConsoleOutput(options.stream);
		const now = options.clock.milliseconds;
		this.#serviceUntilMilliseconds = options.isCalled ? now + SERVICE_MILLISECONDS : now;
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

	/** One line of talk for who listens; lost when there is no room, and then the loss is told. */
	say(text: string): void {
		if (!this.#isGreeted || !this.#options.stream.isAttached) return;
		const seconds = Math.floor(this.#options.clock.milliseconds / 1000);
		if (this.#logsLost > 0) {
			if (!this.#output.offer(encodeLog(seconds, `${this.#logsLost} lines were lost here`))) {
				this.#logsLost++;
				return;
			}
			this.#logsLost = 0;
		}
		if (!this.#output.offer(encodeLog(seconds, text))) this.#logsLost++;
	}

	/** Reads and answers for ever. */
	*run(): Task<void> {
		const { stream } = this.#options;
		for (;;) {
			this.#wasAway ||= !stream.isAttached;
			if (!stream.isAttached) this.#forget();
			else if (!this.#isGreeted) this.#greet();
			this.#output.pump();
			const bytes = stream.read();
			if (bytes === undefined || bytes.length === 0) {
				yield* this.#nextActivity();
				continue;
			}
			this.#call();
			for (const byte of bytes) {
				const line = this.#lines.push(byte);
				if (line !== undefined) yield* this.#take(line);
			}
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
	}

	#greet(): void {
		const { station } = this.#options.service;
		this.#isGreeted = true;
		// Who plugs in while the station is awake has come; what hung there when it woke may be forgotten.
		if (this.#wasAway) this.#call();
		this.say(`bistrina ${station}, console ${CONSOLE_VERSION}; type help`);
	}

	/** Nobody is there any more: what he asked for is nobody's. */
	#forget(): void {
		if (!this.#isGreeted) return;
		this.#isGreeted = false;
		this.#running?.handle.cancel();
		this.#running = undefined;
		this.#output.clear();
		this.#lines.clear();
		this.#framedUntilMilliseconds = Number.NEGATIVE_INFINITY;
	}

	*#take(line: Uint8Array | "too-long"): Task<void> {
		if (line === "too-long") {
			this.#garbledCount++;
			yield* this.#send(encodeAnswer(undefined, "too-long"));
			return;
		}
		const input = readRequest(line);
		if (input.kind === "nothing") return;
		if (input.kind === "garbled") {
			this.#garbledCount++;
			yield* this.#send(encodeAnswer(undefined, "garbled"));
			return;
		}
		yield* this.#serve(input.request);
	}

	*#serve(request: ConsoleRequest): Task<void> {
		const { id } = request;
		const now = this.#options.clock.milliseconds;
		if (id !== 0) this.#framedUntilMilliseconds = now + FRAMED_MILLISECONDS;
		else if (now < this.#framedUntilMilliseconds || (this.#running?.id ?? 0) !== 0) {
			const text = "a program has the line: try again in a minute";
			yield* this.#send(encodeAnswer(id, "unframed", { text }));
			return;
		}
		let parts = 0;
		const emit = this.#emitter(id, () => parts++);
		try {
			const fields = yield* this.#execute(request, emit);
			if (fields !== undefined) yield* this.#send(encodeAnswer(id, "ok", { parts, ...fields }));
		} catch (error) {
			yield* this.#send(answerOf(id, error));
		}
	}

	/** The answer's fields; undefined when it comes later. */
	*#execute(request: ConsoleRequest, emit: Emit): Task<AnswerFields | undefined> {
		const { id, command, fields } = request;
		const { service } = this.#options;
		const long = LONG_COMMANDS.get(command);
		if (long !== undefined) {
			requireKnown(fields, long.fields);
			if (this.#running !== undefined) {
				throw new Refusal("busy", "another request takes its time; stop ends it");
			}
			this.#begin(request, long.run(service, fields, this.#counted(id)));
			return undefined;
		}
		switch (command) {
			case "help":
				requireKnown(fields, []);
				for (const help of helpLines()) yield* emit(help);
				return {};
			case "version":
				requireKnown(fields, []);
				return {
					protocol: CONSOLE_VERSION,
					station: service.station,
					firmware: versionText(service.firmwareVersion),
				};
			case "status":
				requireKnown(fields, []);
				for (const line of service.status()) yield* emit(line);
				yield* emit({ garbled: this.#garbledCount });
				return {};
			case "stop":
				requireKnown(fields, []);
				yield* this.#stop();
				return {};
			default:
				throw new Refusal("unknown-command", `no command ${command}; help lists those there are`);
		}
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
			answer = encodeAnswer(id, "ok", { parts: this.#partsRunning, ...fields });
		} catch (error) {
			answer = answerOf(id, error);
		}
		yield* this.#send(answer);
		this.#running = undefined;
		if (id !== 0) {
			this.#framedUntilMilliseconds = this.#options.clock.milliseconds + FRAMED_MILLISECONDS;
		}
	}

	*#stop(): Task<void> {
		const running = this.#running;
		if (running === undefined) return;
		running.handle.cancel();
		this.#running = undefined;
		yield* this.#send(encodeAnswer(running.id, "stopped"));
	}

	#emitter(id: number, onSent: () => void): Emit {
		const send = (line: Uint8Array): Task<void> => this.#send(line);
		return function* (fields) {
			yield* send(encodePart(id, fields));
			onSent();
		};
	}

	/** Waits for room as long as somebody is there to make it. */
	*#send(line: Uint8Array): Task<void> {
		for (;;) {
			if (!this.#options.stream.isAttached || this.#output.offer(line)) return;
			yield* this.#nextActivity();
		}
	}
}

/** Only what a station can name is an answer; a bug goes on to the crash handler. */
function answerOf(id: number, error: unknown): Uint8Array {
	if (error instanceof Refusal) return encodeAnswer(id, error.code, { text: error.message });
	const cause = causeOf(error);
	if (cause === undefined) throw error;
	return encodeAnswer(id, "failed", { cause, text: (error as Error).message });
}

function causeOf(error: unknown): string | undefined {
	if (error instanceof StationError) return error.code;
	return error instanceof UploadFailed ? error.causeCode : undefined;
}

function helpLines(): AnswerFields[] {
	const lines: AnswerFields[] = [
		{ command: "help", text: "this list" },
		{ command: "version", text: "of protocol and firmware, and which station" },
		{ command: "status", text: "clock, journal, schedule, uplink, probes" },
	];
	for (const [command, { fields, about }] of LONG_COMMANDS) {
		const takes = fields.length === 0 ? "" : ` (${fields.map((name) => `${name}=N`).join(" ")})`;
		lines.push({ command, text: `${about}${takes}` });
	}
	lines.push({ command: "stop", text: "end what is under way" });
	return lines;
}

/** 1000 is 0.1.0. */
function versionText(version: number): string {
	const major = Math.floor(version / 1_000_000);
	return `${major}.${Math.floor(version / 1000) % 1000}.${version % 1000}`;
}
