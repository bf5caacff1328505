/** SLIP as the ROM loader of the ESP32 frames its packets: C0 ... C0, with DB DC and DB DD for C0 and DB. */

const END = 0xc0;
const ESCAPE = 0xdb;
const ESCAPED_END = 0xdc;
const ESCAPED_ESCAPE = 0xdd;
/** A block of the stub's (0x4000), its heads, and everything in it escaped. */
const FRAME_BYTES_MAX = 2 * (0x4000 + 64);

export function slipFrame(packet: Uint8Array): Uint8Array {
	const frame = [END];
	for (const byte of packet) {
		if (byte === END) frame.push(ESCAPE, ESCAPED_END);
		else if (byte === ESCAPE) frame.push(ESCAPE, ESCAPED_ESCAPE);
		else frame.push(byte);
	}
	frame.push(END);
	return Uint8Array.from(frame);
}

/** Takes bytes in any pieces; forgets what stands before a frame, empty frames and ones that are malformed. */
export class SlipReader {
	readonly #frame: number[] = [];
	#isInside = false;
	#isEscaped = false;

	/** The packet that this byte ended, if it ended one. */
	push(byte: number): Uint8Array | undefined {
		if (byte === END) {
			const packet = Uint8Array.from(this.#frame);
			this.#frame.length = 0;
			// The end of one frame may be the beginning of the next.
			this.#isInside = packet.length === 0 || !this.#isInside;
			this.#isEscaped = false;
			return packet.length === 0 ? undefined : packet;
		}
		if (!this.#isInside) return undefined;
		if (byte === ESCAPE && !this.#isEscaped) {
			this.#isEscaped = true;
			return undefined;
		}
		const plain = this.#isEscaped ? PLAIN.get(byte) : byte;
		this.#isEscaped = false;
		if (plain === undefined || this.#frame.length === FRAME_BYTES_MAX) this.clear();
		else this.#frame.push(plain);
		return undefined;
	}

	clear(): void {
		this.#frame.length = 0;
		this.#isInside = false;
		this.#isEscaped = false;
	}
}

const PLAIN: ReadonlyMap<number, number> = new Map([
	[ESCAPED_END, END],
	[ESCAPED_ESCAPE, ESCAPE],
]);
