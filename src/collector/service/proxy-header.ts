/**
 * The header that a TCP proxy puts before a connection to name its client: the PROXY protocol, versions 1
 * (text: HAProxy, nginx) and 2 (binary: AWS) (haproxy.org/download/2.9/doc/proxy-protocol.txt). TLS runs
 * through the proxy, as stations know the collector's own authority only, so there is no other way to
 * learn the address.
 */

import { isIP } from "node:net";

const LINE_BEGIN = Buffer.from("PROXY ");
/** Section 2.1: the longest line. */
const LINE_BYTES_MAX = 107;
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const FIXED_BYTES = 16;
/** Addresses and some TLVs; section 2.2 allows 64 KiB that nobody needs. */
const BINARY_BYTES_MAX = 1024;
const TCP4 = 0x11;
const TCP6 = 0x21;

export class ProxyHeader {
	isWhole = false;
	isBroken = false;
	/** The client's; undefined: the proxy speaks for itself (a check of its own). */
	address: string | undefined;
	#bytes: Buffer = Buffer.alloc(0);

	/** More bytes; what follows the header, or undefined while it is not whole or broken. */
	add(bytes: Uint8Array): Buffer | undefined {
		this.#bytes = Buffer.concat([this.#bytes, bytes]);
		const isBinary = this.#bytes[0] === SIGNATURE[0];
		const length = isBinary ? this.#readBinary() : this.#readLine();
		if (length === undefined) return undefined;
		this.isWhole = true;
		return this.#bytes.subarray(length);
	}

	#readLine(): number | undefined {
		const bytes = this.#bytes;
		const known = Math.min(bytes.length, LINE_BEGIN.length);
		if (!bytes.subarray(0, known).equals(LINE_BEGIN.subarray(0, known))) this.isBroken = true;
		const end = bytes.indexOf("\r\n");
		if (this.isBroken || end < 0 || end > LINE_BYTES_MAX) {
			this.isBroken ||= bytes.length > LINE_BYTES_MAX;
			return undefined;
		}
		const line = bytes.toString("latin1", 0, end);
		const [, address] = /^PROXY TCP[46] ([0-9a-fA-F:.]+) \S+ \d+ \d+$/.exec(line) ?? [];
		const isKnown = address === undefined ? line.startsWith("PROXY UNKNOWN") : isIP(address) !== 0;
		if (!isKnown) {
			this.isBroken = true;
			return undefined;
		}
		this.address = address;
		return end + 2;
	}

	#readBinary(): number | undefined {
		const bytes = this.#bytes;
		const known = Math.min(bytes.length, SIGNATURE.length);
		if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) this.isBroken = true;
		if (this.isBroken || bytes.length < FIXED_BYTES) return undefined;
		const length = FIXED_BYTES + bytes.readUInt16BE(14);
		this.isBroken = (bytes[12] ?? 0) >> 4 !== 2 || length > BINARY_BYTES_MAX;
		if (this.isBroken || bytes.length < length) return undefined;
		const isForOther = ((bytes[12] ?? 0) & 0x0f) === 1;
		if (isForOther && bytes[13] === TCP4 && length >= FIXED_BYTES + 12) {
			this.address = bytes.subarray(16, 20).join(".");
		}
		if (isForOther && bytes[13] === TCP6 && length >= FIXED_BYTES + 36) {
			const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(16 + 2 * at));
			this.address = groups.map((group) => group.toString(16)).join(":");
		}
		return length;
	}
}
