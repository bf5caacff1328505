/**
 * The conversation with one Atlas Scientific EZO circuit over I2C: ASCII commands, answered later
 * by a status byte and text. It never waits: `start` sends, `poll` reads once and sends what comes
 * next. Facts: EZO-pH, EZO-EC and EZO-RTD datasheets, I2C sections; firmware differs in many
 * points.
 */
import { asciiBytes } from "../../src/core/bytes.js";
import { StationError } from "../../src/core/errors.js";
import { isLetter, isTextOf, isWordAt, unsignedDecimalOf } from "../../src/core/text.js";
import type { SpokenCircuit } from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { I2CPeer } from "../i2c-peer.js";

/** One command and what its answer means. */
export interface EzoCommand {
	/** ASCII, no terminator: none is needed. */
	readonly text: string;
	/** After sending, the first moment an answer is likely, milliseconds. */
	readonly milliseconds: number;
	/** Takes the answer's text; what it returns is sent before the rest. Throws StationError. */
	readonly onAnswer: (text: string) => readonly EzoCommand[];
	/** Status 2: what to send instead. Absent: a refusal is an error. */
	readonly onRefused?: () => readonly EzoCommand[];
}

/**
 * Documented delay of a short command, milliseconds; real boards answer within 4. A poll too early
 * is harmless (status 254), so a third of it is a good first moment.
 */
export const SHORT_MILLISECONDS = 100;

/** I2C clock: the circuits stretch; nearly all drivers in the field run 100 kHz. */
const BUS_HERTZ = 100_000;
/**
 * Longest answer with its status and NUL: four conductivity fields need 32 and more. It must be
 * read in one piece: the first read consumes the answer, even a read of one byte.
 */
const FRAME_BYTES = 40;
const STATUS_SUCCESS = 1;
const STATUS_SYNTAX = 2;
const STATUS_BUSY = 254;
const STATUS_NO_DATA = 255;
/** A circuit answers a read while it works, but each costs bus time: once or twice in a reading. */
const POLL_MILLISECONDS = 200;
/** Between two tries to wake a circuit; what field firmware found to work. */
const RESEND_MILLISECONDS = 310;
/**
 * A sleeping circuit swallows the command that wakes it; five tries is what field firmware allows.
 */
const SENDS_MAX = 5;
/** Commands of one `start`: identify, 8 of set-up (outputs of the EC twice), T, reading: 12. */
const COMMANDS_MAX = 16;

export const NO_COMMANDS: readonly EzoCommand[] = Object.freeze([]);

export interface EzoNeeds {
	/** What the circuit needs once after power-on or wake, before anything else. */
	setUp(): readonly EzoCommand[];
}

export interface EzoOptions {
	readonly sensor: I2CConnection;
	/** As `i` answers it, without dots. */
	readonly kind: string;
	readonly address: number;
	/** Whose circuit it is. */
	readonly needs: EzoNeeds;
}

export class EzoCircuit implements SpokenCircuit {
	readonly #peer: I2CPeer;
	readonly #kind: string;
	readonly #needs: EzoNeeds;
	readonly #frame = new Uint8Array(FRAME_BYTES);
	#queue: readonly EzoCommand[] = [];
	#commandsLeft = 0;
	#sendsLeft = 0;
	#pollMilliseconds = POLL_MILLISECONDS;
	/** Firmware version x 100, once the circuit has said it. */
	#firmware: number | undefined;
	/** Awake and set up since the last sleep, power-on or error. */
	#isReady = false;
	#isAsleep = false;
	/** A command was sent whose answer has not been taken. */
	#isAnswerDue = false;
	#isDraining = false;
	#heard = "";

	constructor(options: EzoOptions) {
		this.#kind = options.kind;
		this.#needs = options.needs;
		this.#peer = new I2CPeer({
			sensor: options.sensor,
			address: options.address,
			hz: BUS_HERTZ,
			name: `the EZO-${options.kind} circuit`,
		});
	}

	get address(): number {
		return this.#peer.address;
	}

	/** Firmware version times 100, undefined before the circuit has said it. */
	get firmware(): number | undefined {
		return this.#firmware;
	}

	/** For example `EZO-pH 2.16 cal 3`; undefined before the circuit has said its version. */
	identityWith(calibrationPoints: number | undefined): string | undefined {
		if (this.#firmware === undefined) return undefined;
		const version = `${Math.floor(this.#firmware / 100)}.${String(this.#firmware % 100).padStart(2, "0")}`;
		const points = calibrationPoints === undefined ? "" : ` cal ${calibrationPoints}`;
		return `EZO-${this.#kind} ${version}${points}`;
	}

	get pollMilliseconds(): number {
		return this.#pollMilliseconds;
	}

	/**
	 * Begins `commands`, after waking and setting up the circuit where that is due; milliseconds
	 * until `poll` makes sense. An answer still due from an abandoned command is waited for first: a
	 * new command to a busy circuit is undocumented.
	 */
	start(commands: () => readonly EzoCommand[]): number {
		this.#commandsLeft = COMMANDS_MAX;
		this.#queue = this.#isReady ? commands() : [this.#identify(commands)];
		this.#isDraining = this.#isAnswerDue;
		if (this.#isDraining) return POLL_MILLISECONDS;
		try {
			this.#sendNext();
		} catch (error) {
			this.#abandon();
			throw error;
		}
		return this.#pollMilliseconds;
	}

	/** One command of somebody who knows its answer: `heard` once `poll` is true. */
	send(text: string, milliseconds: number): number {
		const onAnswer = (answer: string): readonly EzoCommand[] => {
			this.#heard = answer;
			return NO_COMMANDS;
		};
		return this.start(() => [{ text, milliseconds, onAnswer }]);
	}

	get heard(): string {
		return this.#heard;
	}

	/** Reads once; true when every command of `start` has been answered. Throws StationError. */
	poll(): boolean {
		if (this.#queue.length === 0) return true;
		try {
			return this.#advance();
		} catch (error) {
			this.#abandon();
			throw error;
		}
	}

	/**
	 * Sends `Sleep`, of which no answer may be read; nothing while it sleeps, for any byte would wake
	 * it. Throws `probe-timeout` while an answer is due, `bus-failed`.
	 */
	sleep(): void {
		if (this.#isAsleep) return;
		if (this.#isAnswerDue) throw this.#error("probe-timeout", "is still busy");
		this.#isReady = false;
		this.#peer.write(asciiBytes("Sleep"));
		this.#isAnswerDue = false;
		this.#isAsleep = true;
	}

	close(): void {
		this.#peer.close();
	}

	/** Whatever went wrong, the circuit may have lost power: it is set up anew next time. */
	#abandon(): void {
		this.#isReady = false;
		this.#queue = [];
	}

	#advance(): boolean {
		const frame = this.#frame;
		this.#peer.read(frame);
		const status = frame[0];
		if (status === STATUS_BUSY) {
			this.#pollMilliseconds = POLL_MILLISECONDS;
			return false;
		}
		this.#isAnswerDue = false;
		if (this.#isDraining) {
			this.#isDraining = false;
			this.#sendNext();
			return false;
		}
		const command = this.#queue[0];
		if (command === undefined) return true;
		if (status === STATUS_NO_DATA) {
			this.#resend(command);
			return false;
		}
		let next: readonly EzoCommand[];
		if (status === STATUS_SUCCESS) {
			next = command.onAnswer(this.#textOf(frame));
		} else if (status === STATUS_SYNTAX) {
			if (command.onRefused === undefined) {
				throw this.#error("probe-syntax", `refused the command ${command.text}`);
			}
			next = command.onRefused();
		} else {
			throw this.#error("bus-failed", `answered ${command.text} with status ${status}`);
		}
		const rest = this.#queue.length === 1 ? NO_COMMANDS : this.#queue.slice(1);
		this.#queue = next.length === 0 ? rest : rest.length === 0 ? next : [...next, ...rest];
		if (this.#queue.length === 0) return true;
		this.#sendNext();
		return false;
	}

	#sendNext(): void {
		this.#sendsLeft = SENDS_MAX;
		if (this.#commandsLeft-- === 0) throw this.#error("probe-malformed", "is never set up");
		this.#send();
	}

	#resend(command: EzoCommand): void {
		if (this.#sendsLeft === 0) {
			throw this.#error("probe-no-data", `had no answer to ${command.text} ${SENDS_MAX} times`);
		}
		this.#send();
		this.#pollMilliseconds = Math.max(RESEND_MILLISECONDS, command.milliseconds);
	}

	#send(): void {
		const command = this.#queue[0];
		if (command === undefined) return;
		this.#sendsLeft--;
		this.#peer.write(asciiBytes(command.text));
		this.#isAsleep = false;
		this.#isAnswerDue = true;
		this.#pollMilliseconds = command.milliseconds;
	}

	/**
	 * `i` wakes a sleeping circuit, at worst by being lost, and proves that the right one is there.
	 */
	#identify(commands: () => readonly EzoCommand[]): EzoCommand {
		return {
			text: "i",
			milliseconds: SHORT_MILLISECONDS,
			onAnswer: (text) => {
				const answer = ezoAnswerOf("I", text) ?? "";
				const comma = answer.indexOf(",");
				// A circuit may call itself by initials with dots or without.
				const called = answer.slice(0, Math.max(comma, 0));
				const kind = called.indexOf(".") < 0 ? called : called.split(".").join("");
				const version = answer.slice(comma + 1);
				const release = version.indexOf(".") < 0 ? undefined : unsignedDecimalOf(version, 4, 2);
				if (release === undefined || !isTextOf(kind, 1, FRAME_BYTES, isLetter)) {
					throw this.#error("probe-malformed", `calls itself "${text}"`);
				}
				if (!isWordAt(kind, 0, kind.length, this.#kind)) {
					throw this.#error("probe-malformed", `is a ${kind} circuit`);
				}
				this.#firmware = Math.round(release * 100);
				this.#isReady = true;
				return [...this.#needs.setUp(), ...commands()];
			},
		};
	}

	/** Printable ASCII between the status and the NUL. A set bit 7 is a stretched clock misread. */
	#textOf(frame: Uint8Array): string {
		let end = 1;
		while (end < frame.length && frame[end] !== 0) end++;
		if (end === frame.length) {
			throw this.#error("probe-malformed", "sent an answer without an end");
		}
		let text = "";
		for (let index = 1; index < end; index++) {
			const code = frame[index] ?? 0;
			if (code < 0x20 || code > 0x7e) {
				throw this.#error("probe-malformed", `sent the byte 0x${code.toString(16)}`);
			}
			text += String.fromCharCode(code);
		}
		return text;
	}

	#error(
		code: "probe-syntax" | "probe-no-data" | "probe-malformed" | "probe-timeout" | "bus-failed",
		what: string,
	): StationError {
		return new StationError(code, `the EZO-${this.#kind} circuit ${what}`);
	}
}

/**
 * The value of a query's answer, e.g. `1` of `?CAL,1`, `?Cal,1` or `?,Cal,1`; undefined if it is
 * none.
 */
export function ezoAnswerOf(query: string, text: string): string | undefined {
	if (text.charAt(0) !== "?") return undefined;
	const first = text.charAt(1) === "," ? 2 : 1;
	const comma = text.indexOf(",", first);
	if (comma < 0 || !isWordAt(text, first, comma, query)) return undefined;
	return text.slice(comma + 1);
}

/**
 * A number as the circuits print it: up to three decimals, no sign but minus; undefined if it is
 * none.
 */
export function ezoNumberOf(text: string): number | undefined {
	if (text.charAt(0) !== "-") return unsignedDecimalOf(text, 7, 3);
	const magnitude = unsignedDecimalOf(text.slice(1), 7, 3);
	return magnitude === undefined ? undefined : -magnitude;
}

/** What is set and answered with nothing that matters. */
export function setting(text: string): EzoCommand {
	return { text, milliseconds: SHORT_MILLISECONDS, onAnswer: () => NO_COMMANDS };
}
