/**
 * What RFC 2217 puts around a serial line: telnet's commands among its bytes, those of option 44 (COM-PORT) with a
 * value. Client and server read the same; an answer to a command of the client has its code and 100.
 */

export const TELNET = Object.freeze({
	iac: 255,
	dont: 254,
	do: 253,
	wont: 252,
	will: 251,
	sb: 250,
	se: 240,
});

/** Options of telnet that a serial line wants: bytes as they are, no turn-taking, the port's commands. */
export const OPTIONS = Object.freeze({ binary: 0, suppressGoAhead: 3, comPort: 44 });

/** Commands of the client. */
export const COM_PORT = Object.freeze({
	setBaud: 1,
	setDataSize: 2,
	setParity: 3,
	setStopSize: 4,
	setControl: 5,
	purge: 12,
});
export const ANSWER_OFFSET = 100;
/** Values of `setControl`. */
export const CONTROL = Object.freeze({ dtrOn: 8, dtrOff: 9, rtsOn: 11, rtsOff: 12 });

/** A value of a command is a few bytes; more is not this protocol. */
const VALUE_BYTES_MAX = 64;

export interface TelnetHandlers {
	/** Bytes of the line. */
	readonly onBytes: (bytes: Uint8Array) => void;
	/** WILL, WONT, DO or DONT. */
	readonly onOption: (verb: number, option: number) => void;
	readonly onComPort: (command: number, value: Uint8Array) => void;
}

/** Takes bytes in any pieces. */
export class TelnetReader {
	readonly #handlers: TelnetHandlers;
	#state: "data" | "iac" | "verb" | "value" | "value-iac" = "data";
	#verb = 0;
	#value: number[] = [];

	constructor(handlers: TelnetHandlers) {
		this.#handlers = handlers;
	}

	push(bytes: Uint8Array): void {
		const data: number[] = [];
		for (const byte of bytes) this.#take(byte, data);
		if (data.length > 0) this.#handlers.onBytes(Uint8Array.from(data));
	}

	#take(byte: number, data: number[]): void {
		switch (this.#state) {
			case "data":
				if (byte === TELNET.iac) this.#state = "iac";
				else data.push(byte);
				return;
			case "iac":
				if (byte === TELNET.iac) data.push(byte);
				this.#verb = byte;
				this.#value = [];
				this.#state =
					byte === TELNET.sb ? "value" : byte >= TELNET.will && byte < TELNET.iac ? "verb" : "data";
				return;
			case "verb":
				this.#state = "data";
				this.#handlers.onOption(this.#verb, byte);
				return;
			case "value":
				if (byte === TELNET.iac) this.#state = "value-iac";
				else if (this.#value.length < VALUE_BYTES_MAX) this.#value.push(byte);
				return;
			case "value-iac":
				this.#state = byte === TELNET.se ? "data" : "value";
				if (byte === TELNET.iac) this.#value.push(byte);
				else if (byte === TELNET.se) this.#end();
		}
	}

	#end(): void {
		const [option, command = 0, ...value] = this.#value;
		if (option === OPTIONS.comPort) this.#handlers.onComPort(command, Uint8Array.from(value));
	}
}

/** Bytes of the line, as telnet carries them. */
export function escapedForTelnet(bytes: Uint8Array): Uint8Array {
	return Uint8Array.from(
		[...bytes].flatMap((byte) => (byte === TELNET.iac ? [byte, byte] : [byte])),
	);
}

export function optionCommand(verb: number, option: number): Uint8Array {
	return Uint8Array.of(TELNET.iac, verb, option);
}

export function comPortCommand(command: number, value: Uint8Array): Uint8Array {
	const { iac, sb, se } = TELNET;
	return Uint8Array.of(iac, sb, OPTIONS.comPort, command, ...escapedForTelnet(value), iac, se);
}
