/**
 * What a crash leaves to the next start, in a retained memory of its own, and what follows from
 * crashes in a row: a pause that grows, and a safe mode that measures, stores and listens to the
 * technician but leaves the network alone, the largest part of the firmware that strangers feed.
 */
import { asciiBytes, asciiText, uint32At } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { printable } from "../../core/text.js";
import type { Processor, RetainedMemory } from "../ports.js";

/** What was running when it happened; the index is the code in boot and event entries, 0 is none. */
export const CRASH_CAUSES = ["none", "task", "callback", "start", "abort", "memory"] as const;
export type CrashCause = Exclude<(typeof CRASH_CAUSES)[number], "none">;

export interface CrashRecord {
	/** Index into CRASH_CAUSES. */
	readonly code: number;
	/** Crashes in a row, each within CRASH_ROW_MILLISECONDS of the one before; 1..65535. */
	readonly count: number;
	/** The board's clock at the crash; it continues through resets. */
	readonly atMilliseconds: number;
	/** ASCII, at most CRASH_TEXT_BYTES. */
	readonly text: string;
	/** An event entry has it already. */
	readonly isReported: boolean;
	/** An event entry says that safe mode began, and none yet that it ended. */
	readonly isSafeModeOpen: boolean;
}

/** A crash later than this after the last is the first of a new row. */
export const CRASH_ROW_MILLISECONDS = 3_600_000;
/** From this many in a row on, safe mode. */
export const SAFE_MODE_CRASHES = 3;
/** Safe mode ends this long after the last crash; then the network is tried again. */
export const SAFE_MODE_MILLISECONDS = 3_600_000;
/** What an event entry holds of a text. */
export const CRASH_TEXT_BYTES = 40;

/** "CRSH" little-endian. */
const MAGIC = 0x48535243;
const VERSION = 1;
/** Magic 4, version 1, code 1, count 2, flags 1, text length 1, spare 2, clock 8, text 40, CRC 4. */
export const CRASH_RECORD_BYTES = 64;
const TEXT_AT = 20;
const FLAG_REPORTED = 1;
const FLAG_SAFE_MODE_OPEN = 2;
/** Pause before the restart from SAFE_MODE_CRASHES on: 10 s, doubled each time, at most 5 minutes. */
const PAUSE_MILLISECONDS = 10_000;
const PAUSE_MILLISECONDS_MAX = 300_000;

/**
 * The record, or undefined when there is none that checks. One from the future is of a clock that has begun anew
 * since, while the memory held on through a dip of the supply: it counts from now on, or safe mode would last
 * until that instant comes again.
 */
export function loadCrashRecord(
	memory: RetainedMemory,
	nowMilliseconds: number,
): CrashRecord | undefined {
	const record = readCrashRecord(memory);
	if (record === undefined || record.atMilliseconds <= nowMilliseconds) return record;
	const restarted = { ...record, atMilliseconds: nowMilliseconds };
	storeCrashRecord(memory, restarted);
	return restarted;
}

function readCrashRecord(memory: RetainedMemory): CrashRecord | undefined {
	if (memory.byteLength < CRASH_RECORD_BYTES) return undefined;
	const bytes = memory.read(CRASH_RECORD_BYTES);
	// Most wakes end here.
	if (uint32At(bytes, 0) !== MAGIC || bytes[4] !== VERSION) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset, CRASH_RECORD_BYTES);
	if (view.getUint32(60, true) !== crc32(bytes, 0, 60)) return undefined;
	const flags = view.getUint8(8);
	const length = Math.min(view.getUint8(9), CRASH_TEXT_BYTES);
	return {
		code: view.getUint8(5),
		count: view.getUint16(6, true),
		atMilliseconds: view.getFloat64(12, true),
		text: asciiText(bytes.subarray(TEXT_AT, TEXT_AT + length)),
		isReported: (flags & FLAG_REPORTED) !== 0,
		isSafeModeOpen: (flags & FLAG_SAFE_MODE_OPEN) !== 0,
	};
}

export function storeCrashRecord(memory: RetainedMemory, record: CrashRecord): void {
	const bytes = new Uint8Array(CRASH_RECORD_BYTES);
	const view = new DataView(bytes.buffer);
	const text = asciiBytes(printable(record.text.slice(0, CRASH_TEXT_BYTES)));
	view.setUint32(0, MAGIC, true);
	view.setUint8(4, VERSION);
	view.setUint8(5, record.code);
	view.setUint16(6, record.count, true);
	view.setUint8(
		8,
		(record.isReported ? FLAG_REPORTED : 0) | (record.isSafeModeOpen ? FLAG_SAFE_MODE_OPEN : 0),
	);
	view.setUint8(9, text.length);
	view.setFloat64(12, record.atMilliseconds, true);
	bytes.set(text, TEXT_AT);
	view.setUint32(60, crc32(bytes, 0, 60), true);
	memory.write(bytes);
}

/** Until when the network is left alone, on the board's clock, or undefined. */
export function safeModeEndOf(record: CrashRecord | undefined): number | undefined {
	if (record === undefined || record.count < SAFE_MODE_CRASHES) return undefined;
	return record.atMilliseconds + SAFE_MODE_MILLISECONDS;
}

export interface CrashOptions {
	readonly memory: RetainedMemory;
	readonly clock: { readonly milliseconds: number };
	readonly processor: Pick<Processor, "restart" | "deepSleep">;
	/** Rails and radio: their pins hold, and the pause is a sleep. Must not throw. */
	readonly switchOff: () => void;
	readonly cause: CrashCause;
	readonly error: unknown;
}

/** Records a crash and restarts, at once or after a pause. On the board it does not return. */
export function crash(options: CrashOptions): void {
	const { memory, clock, processor, switchOff, cause, error } = options;
	const now = clock.milliseconds;
	const last = loadCrashRecord(memory, now);
	const isInRow = last !== undefined && now - last.atMilliseconds < CRASH_ROW_MILLISECONDS;
	const count = Math.min((isInRow ? last.count : 0) + 1, 0xffff);
	storeCrashRecord(memory, {
		code: CRASH_CAUSES.indexOf(cause),
		count,
		atMilliseconds: now,
		text: textOf(error),
		isReported: false,
		isSafeModeOpen: last?.isSafeModeOpen ?? false,
	});
	switchOff();
	if (count < SAFE_MODE_CRASHES) {
		processor.restart();
		return;
	}
	const doublings = Math.min(count - SAFE_MODE_CRASHES, 5);
	processor.deepSleep(Math.min(PAUSE_MILLISECONDS * (1 << doublings), PAUSE_MILLISECONDS_MAX));
}

/** What was thrown, as an event entry can hold it. */
export function textOf(error: unknown): string {
	const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	// Foreign messages may hold anything.
	return printable(text.slice(0, CRASH_TEXT_BYTES));
}
