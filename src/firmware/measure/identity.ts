/**
 * Which probes measure: the record hears of it at a boot and whenever another one answers, so that a
 * swap or a new calibration stands between the readings of before and after.
 */
import { asciiBytes } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import type { MeasuringEvent } from "./probe-session.js";
import type { WaterProbes } from "./probes.js";

/** Sixteen bits of each channel's identity in the order of CHANNELS; 0: not known. */
export type IdentityMarks = readonly number[];

export const NO_IDENTITIES: IdentityMarks = Object.freeze(CHANNELS.map(() => 0));

/** What an event entry holds of a text. */
const TEXT_BYTES = 40;

/** Compares with the marks of the last measurement; channels of `failed` (bits) keep theirs. */
export function compareIdentities(
	probes: WaterProbes,
	failed: number,
	before: IdentityMarks,
): { readonly marks: IdentityMarks; readonly events: readonly MeasuringEvent[] } {
	const marks = before.slice();
	const events: MeasuringEvent[] = [];
	let index = -1;
	for (const { name } of CHANNELS) {
		index++;
		const identity = probes[name]?.identity;
		if (identity === undefined || ((failed >> index) & 1) === 1) continue;
		const mark = crc32(asciiBytes(identity)) & 0xffff || 1;
		if (mark === before[index]) continue;
		marks[index] = mark;
		events.push({ code: "probe-identified", detail: index, text: identity.slice(0, TEXT_BYTES) });
	}
	return { marks, events };
}
