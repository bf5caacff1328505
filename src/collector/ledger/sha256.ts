/**
 * SHA-256 of short pieces, as a chain needs it: one call for each (half of what createHash, update
 * and digest take), and the digest by way of text, because a Buffer of its own costs more than the
 * hash.
 */
import { hash } from "node:crypto";

const DIGEST_BYTES = 32;

/** SHA-256 of the parts one after the other; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const [first] = parts;
	// Joined in Node's pool: what is hashed is forgotten at once.
	const whole = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
	const text = hash("sha256", whole, "binary");
	const digest = new Uint8Array(DIGEST_BYTES);
	for (let index = 0; index < DIGEST_BYTES; index++) digest[index] = text.charCodeAt(index);
	return digest;
}
