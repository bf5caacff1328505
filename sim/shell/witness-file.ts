/**
 * A witness that remembers over process deaths: before an append is tried and after it returned, its
 * canonical bytes go to a file, each after a byte that says which and its length; so do the
 * cursors of acknowledgements that took hold.
 */

import { closeSync, openSync, readFileSync, truncateSync } from "node:fs";
import { reasonOf, writeWhole } from "../../src/host/disk.js";
import { OperationalError } from "../../src/host/errors.js";
import type { Witness } from "../station/witness.js";

const ATTEMPTED = 0;
const RETURNED = 1;
const ACKNOWLEDGED = 2;
const CURSOR_BYTES = 4;
const HEAD_BYTES = 3;

export class WitnessFile implements Witness {
	readonly #descriptor: number;
	/** Canonical bytes of every append that returned, in order. */
	readonly returned: Uint8Array[] = [];
	/** Appends that were tried and never returned, because power failed in them. */
	readonly interrupted: Uint8Array[] = [];
	/** Highest sequence that the journal took an acknowledgement for. */
	acknowledgedCursor = 0;
	onAppended: ((canonicalBytes: Uint8Array) => void) | undefined;
	onAcknowledged: (() => void) | undefined;
	#attempt: Uint8Array | undefined;

	constructor(path: string) {
		this.#load(path);
		this.#descriptor = openSync(path, "a", 0o600);
	}

	attempted(canonicalBytes: Uint8Array): void {
		this.#note(ATTEMPTED, canonicalBytes);
		this.#write(ATTEMPTED, canonicalBytes);
	}

	appended(canonicalBytes: Uint8Array): void {
		this.#note(RETURNED, canonicalBytes);
		this.#write(RETURNED, canonicalBytes);
		this.onAppended?.(canonicalBytes);
	}

	acknowledged(cursor: number): void {
		const bytes = new Uint8Array(CURSOR_BYTES);
		new DataView(bytes.buffer).setUint32(0, cursor, true);
		this.#note(ACKNOWLEDGED, bytes);
		this.#write(ACKNOWLEDGED, bytes);
		this.onAcknowledged?.();
	}

	close(): void {
		closeSync(this.#descriptor);
		if (this.#attempt !== undefined) this.interrupted.push(this.#attempt);
		this.#attempt = undefined;
	}

	/** Also what an append that never returned would have left. */
	get mayExist(): readonly Uint8Array[] {
		return this.#attempt === undefined ? this.interrupted : [...this.interrupted, this.#attempt];
	}

	#note(what: number, canonicalBytes: Uint8Array): void {
		if (what === ACKNOWLEDGED) {
			const { buffer, byteOffset, byteLength } = canonicalBytes;
			this.acknowledgedCursor = new DataView(buffer, byteOffset, byteLength).getUint32(0, true);
			return;
		}
		if (what === RETURNED) {
			this.returned.push(canonicalBytes);
			this.#attempt = undefined;
			return;
		}
		if (this.#attempt !== undefined) this.interrupted.push(this.#attempt);
		this.#attempt = canonicalBytes;
	}

	#write(what: number, canonicalBytes: Uint8Array): void {
		const bytes = Buffer.alloc(HEAD_BYTES + canonicalBytes.length);
		bytes.writeUInt8(what, 0);
		bytes.writeUInt16LE(canonicalBytes.length, 1);
		bytes.set(canonicalBytes, HEAD_BYTES);
		writeWhole(this.#descriptor, bytes);
	}

	#load(path: string): void {
		let bytes: Buffer;
		try {
			bytes = readFileSync(path);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
			throw new OperationalError(`${path}: cannot be read: ${reasonOf(error) ?? String(error)}`);
		}
		let offset = 0;
		while (offset + HEAD_BYTES <= bytes.length) {
			const end = offset + HEAD_BYTES + bytes.readUInt16LE(offset + 1);
			if (end > bytes.length) break;
			const canonicalBytes = new Uint8Array(bytes.subarray(offset + HEAD_BYTES, end));
			this.#note(bytes.readUInt8(offset), canonicalBytes);
			offset = end;
		}
		// What a full disk or a killed process left of a note; the next would be read as a part of it.
		if (offset < bytes.length) truncateSync(path, offset);
	}
}
