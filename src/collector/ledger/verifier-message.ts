/** What goes to the verifying thread: questions one after another in one buffer, which is handed over. */

export interface Question {
	/** SEC 1 compressed point, 33 bytes. */
	readonly publicKey: Uint8Array;
	readonly signed: Uint8Array;
	/** r || s, 64 bytes. */
	readonly signature: Uint8Array;
}

/** What comes back, a byte for each question. */
export const VERDICTS = Object.freeze({ notSigned: 0, signed: 1, noKey: 2 });

const KEY_BYTES = 33;
const SIGNATURE_BYTES = 64;
/** Length of `signed`, key, signature; `signed` follows. */
const FRAME_BYTES = 4 + KEY_BYTES + SIGNATURE_BYTES;

export function packQuestions(questions: readonly Question[]): Uint8Array {
	let byteCount = 0;
	for (const { signed } of questions) byteCount += FRAME_BYTES + signed.length;
	const packed = new Uint8Array(byteCount);
	const view = new DataView(packed.buffer);
	let at = 0;
	for (const { publicKey, signed, signature } of questions) {
		if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) {
			throw new RangeError("a key of 33 bytes and a signature of 64");
		}
		view.setUint32(at, signed.length);
		packed.set(publicKey, at + 4);
		packed.set(signature, at + 4 + KEY_BYTES);
		packed.set(signed, at + FRAME_BYTES);
		at += FRAME_BYTES + signed.length;
	}
	return packed;
}

/** Views into `packed`. */
export function unpackQuestions(packed: Uint8Array): Question[] {
	const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
	const questions: Question[] = [];
	for (let at = 0; at < packed.length; ) {
		const end = at + FRAME_BYTES + view.getUint32(at);
		questions.push({
			publicKey: packed.subarray(at + 4, at + 4 + KEY_BYTES),
			signature: packed.subarray(at + 4 + KEY_BYTES, at + FRAME_BYTES),
			signed: packed.subarray(at + FRAME_BYTES, end),
		});
		at = end;
	}
	return questions;
}
