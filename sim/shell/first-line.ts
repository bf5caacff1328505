/**
 * The first line of a connection to a technician's line, held back until it is whole: a socket on loopback
 * can be reached by any web page of a browser on the same machine, whose POST begins with a line of its
 * protocol and may carry a command in its body. Such a connection is refused before anything of it acts.
 */

/** The console's longest line is shorter; what is longer is for the console to refuse. */
const HELD_BYTES_MAX = 1024;
const NEW_LINE = 0x0a;
/** HTTP's methods (RFC 9110, and PRI of HTTP/2) before a target, or another protocol's greeting. */
const FOREIGN = /^([A-Z]{3,16} (\/|\*|[a-z]+:|\S+:\d)|SSH-|EHLO |HELO )/;
/** A record of TLS: handshake, version 3.x. */
const TLS = Object.freeze([0x16, 0x03] as const);

export class FirstLine {
	#held: Buffer | undefined = Buffer.alloc(0);

	/** True until the first line was whole. */
	get isOpen(): boolean {
		return this.#held !== undefined;
	}

	/** What may pass to the station; undefined: nothing yet; "foreign": hang up. */
	push(bytes: Uint8Array): Uint8Array | undefined | "foreign" {
		if (this.#held === undefined) return bytes;
		this.#held = Buffer.concat([this.#held, bytes]);
		const held = this.#held;
		if (held[0] === TLS[0] && (held.length < 2 || held[1] === TLS[1])) {
			return held.length < 2 ? undefined : "foreign";
		}
		const end = held.indexOf(NEW_LINE);
		if (end < 0 && held.length <= HELD_BYTES_MAX) return undefined;
		const line = held.subarray(0, end < 0 ? held.length : end).toString("latin1");
		if (FOREIGN.test(line)) return "foreign";
		this.#held = undefined;
		return held;
	}
}
