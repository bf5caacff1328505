/**
 * A circuit's calibration as it gives it away and takes it back: `Export` and `Import` of the EZO circuits. Nothing on
 * the wires has a checksum, so that two exports must agree before one is believed.
 */
import { bytesOfHex, concatBytes, equalBytes, hexOf } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { pauseFed, SAMPLE_DEADLINE_MILLISECONDS } from "../measure/acquire.js";
import type { SpokenCircuit } from "../measure/sensor.js";
import type { Watchdog } from "../ports.js";

/** What a circuit's short commands are given; boards answer within 4 ms, the datasheet says 300. */
const SHORT_MILLISECONDS = 100;
/** A restart after the last string of an import: 846 ms were measured. */
const RESTART_MILLISECONDS = 1200;
/** Ten are usual; a circuit that never ends is none. */
const STRINGS_MAX = 20;
const STRING_BYTES_MAX = 12;
/** All of it, with a byte of length for each string: 20 of six bytes. */
export const EXPORT_BYTES_MAX = 140;
const EXPORTS_MAX = 4;
const DONE = "*DONE";

/** One command and its answer. Throws StationError. */
export function* ask(
	circuit: SpokenCircuit,
	watchdog: Watchdog,
	command: string,
	milliseconds = SHORT_MILLISECONDS,
): Task<string> {
	let wait = circuit.send(command, milliseconds);
	for (let waited = 0; waited <= SAMPLE_DEADLINE_MILLISECONDS; waited += Math.max(wait, 1)) {
		yield* pauseFed(wait, watchdog);
		if (circuit.poll()) return circuit.heard;
		wait = circuit.pollMilliseconds;
	}
	throw new StationError("probe-timeout", `no answer to ${command}`);
}

/**
 * What `Export` gives: for each string its count of bytes, then the bytes that it spells in hexadecimal. Throws
 * StationError, `probe-syntax` of a circuit that has no such command.
 */
export function* exportOf(circuit: SpokenCircuit, watchdog: Watchdog): Task<Uint8Array> {
	let before: Uint8Array | undefined;
	for (let count = 0; count < EXPORTS_MAX; count++) {
		const bytes = yield* exportOnce(circuit, watchdog);
		if (bytes === undefined) continue;
		if (before !== undefined && equalBytes(before, bytes)) return bytes;
		before = bytes;
	}
	throw new StationError("probe-malformed", "no two exports of the circuit agree");
}

/** One export, undefined where an earlier one had stopped in the middle. Throws StationError. */
export function* exportOnce(
	circuit: SpokenCircuit,
	watchdog: Watchdog,
): Task<Uint8Array | undefined> {
	const summary = yield* ask(circuit, watchdog, "Export,?");
	// `10,120`, and from boards that prefix it `?EXPORT,10,120`.
	const words = summary.split(",");
	const count = Number(words[words.length - 2]);
	const parts: Uint8Array[] = [];
	for (let index = 0; index <= STRINGS_MAX; index++) {
		const text = yield* ask(circuit, watchdog, "Export");
		if (text === DONE) return index === count ? concatBytes(...parts) : undefined;
		const bytes = bytesOfHex(text);
		if (bytes === undefined || bytes.length === 0 || bytes.length > STRING_BYTES_MAX) break;
		parts.push(new Uint8Array([bytes.length]), bytes);
	}
	throw new StationError("probe-malformed", "the circuit's export is none");
}

/** Gives a calibration back; the circuit restarts after the last string. Throws StationError. */
export function* importInto(
	circuit: SpokenCircuit,
	watchdog: Watchdog,
	bytes: Uint8Array,
): Task<void> {
	for (let at = 0; at < bytes.length; ) {
		const end = at + 1 + (bytes[at] ?? 0);
		const command = `Import,${hexOf(bytes.subarray(at + 1, end)).toUpperCase()}`;
		at = end;
		if (at < bytes.length) yield* ask(circuit, watchdog, command);
		else yield* last(circuit, watchdog, command);
	}
}

/** It may restart before its answer is read: what the import came to the next export says. */
function* last(circuit: SpokenCircuit, watchdog: Watchdog, command: string): Task<void> {
	circuit.send(command, SHORT_MILLISECONDS);
	yield* pauseFed(RESTART_MILLISECONDS, watchdog);
	try {
		circuit.poll();
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
	}
	yield* pauseFed(RESTART_MILLISECONDS, watchdog);
}
