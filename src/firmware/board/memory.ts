/** Retained memory, entropy and SHA-256 of the chip. */
import { createSha256 } from "../../core/sha256.js";
import type { Entropy, RetainedMemory, Sha256 } from "../ports.js";
import type { Native } from "./native.js";

/** Bytes in RTC memory that live through deep sleep and a warm reset. */
export function createRetainedMemory(native: Native): RetainedMemory {
	return {
		byteLength: native.station_retained_bytes(),
		read: (byteLength) => {
			const bytes = new Uint8Array(byteLength);
			native.station_retained_read(bytes.buffer, 0, byteLength);
			return bytes;
		},
		write: (bytes) =>
			native.station_retained_write(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
	};
}

/** The same for the crash record, which a clean start must not overwrite. */
export function createCrashMemory(native: Native): RetainedMemory {
	return {
		byteLength: native.station_crash_bytes(),
		read: (byteLength) => {
			const bytes = new Uint8Array(byteLength);
			native.station_crash_read(bytes.buffer, 0, byteLength);
			return bytes;
		},
		write: (bytes) =>
			native.station_crash_write(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
	};
}

/** Hardware entropy, gathered with the ADC's noise source before the radio starts; see station.c. */
export function createEntropy(native: Native): Entropy {
	return {
		fill: (bytes) =>
			native.station_random(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
	};
}

/** SHA-256 by the chip's own unit, checked against the portable one at start, which also makes what the unit refuses. */
export function createChipSha256(native: Native): Sha256 {
	const reference = createSha256();
	const sha256: Sha256 = (...parts) => {
		native.station_hash_begin();
		for (const part of parts) {
			native.station_hash_add(part.buffer as ArrayBuffer, part.byteOffset, part.length);
		}
		const digest = new Uint8Array(32);
		return native.station_hash_end(digest.buffer) === 0 ? digest : reference(...parts);
	};
	// A hash that is wrong would break the chain for ever: better slow than wrong.
	const probe = Uint8Array.of(1, 2, 3);
	const ours = sha256(probe, probe);
	return reference(probe, probe).every((byte, index) => byte === ours[index]) ? sha256 : reference;
}
