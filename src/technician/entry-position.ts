/** Whether canonical bytes, of a station's answer or a file, are the entry that they are said to be. */
import { StationError } from "../core/errors.js";
import { OperationalError } from "../host/errors.js";
import { decodeEntry } from "../protocol/record/entry.js";
import type { Entry } from "../protocol/record/entry-layouts.js";

/** Of an entry that a station sent. Throws OperationalError where it is none. */
export function epochOf(canonicalBytes: Uint8Array, sequence: number): number {
	const entry = decoded(canonicalBytes);
	if (entry === undefined) throw noEntry(sequence);
	return entry.epoch;
}

/** Throws OperationalError where it is another than the station says. */
export function requirePosition(canonicalBytes: Uint8Array, epoch: number, sequence: number): void {
	if (!isAtPosition(canonicalBytes, epoch, sequence)) throw noEntry(sequence);
}

function noEntry(sequence: number): OperationalError {
	return new OperationalError(`the station: entry ${sequence} is not what it says it is`);
}

export function isAtPosition(canonicalBytes: Uint8Array, epoch: number, sequence: number): boolean {
	const entry = decoded(canonicalBytes);
	return entry?.epoch === epoch && entry.sequence === sequence;
}

function decoded(canonicalBytes: Uint8Array): Entry | undefined {
	try {
		return decodeEntry(canonicalBytes);
	} catch (error) {
		if (error instanceof StationError) return undefined;
		throw error;
	}
}
