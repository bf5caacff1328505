/**
 * The first line of a connection to a technician's line, held back while it may be another protocol's: a socket on loopback
 * can be reached by any web page of a browser on the same machine, whose POST begins with a line of its
 * protocol and may carry a command in its body. Such a connection is refused before anything of it acts. What a person
 * types is no such beginning from its first small letter on, and is echoed at once.
 */

/** The console's longest line is shorter; what is longer is for the console to refuse. */
const HELD_BYTES_MAX = 1024;
const LINE_END = /[\r\n]/;
/** What may become one of those below: capitals, alone or with what follows them. */
const MAY_BE_FOREIGN = /^[A-Z]+(-|\s|$)/;
/** HTTP's methods (RFC 9110, and PRI of HTTP/2) before a target, or another protocol's greeting. */
const FOREIGN = /^([A-Z]{3,16} (\/|\*|[a-z]+:|\S+:\d)|SSH-|EHLO |HELO )/;
/** A record of TLS: handshake, version 3.x. */
const TLS = Object.freeze([0x16, 0x03] as const);

export class FirstLine {
	/** What came before it was known whose it is; undefined: it is the console's. */
	#held: Buffer | undefined = Buffer.alloc(0);
	#isOpen = true;

	/** True until the first line was whole. */
	get isOpen(): boolean {
		return this.#isOpen;
	}

	/** What may pass to the station; undefined: nothing yet; "foreign": hang up. */
	push(bytes: Uint8Array): Uint8Array | undefined | "foreign" {
		const more = Buffer.from(bytes);
		this.#isOpen &&= !LINE_END.test(more.toString("latin1"));
		if (this.#held === undefined) return bytes;
		this.#held = Buffer.concat([this.#held, more]);
		const held = this.#held;
		if (held[0] === TLS[0] && (held.length < 2 || held[1] === TLS[1])) {
			return held.length < 2 ? undefined : "foreign";
		}
		const text = held.toString("latin1");
		const [line = ""] = text.split(LINE_END, 1);
		const isWhole = line.length < text.length || held.length > HELD_BYTES_MAX;
		if (!isWhole && MAY_BE_FOREIGN.test(line)) return undefined;
		if (FOREIGN.test(line)) return "foreign";
		this.#held = undefined;
		return held;
	}
}
