/**
 * A three-point calibration and its undo, cut by a loss of power at one operation, and what is left of it: the circuit's
 * settings as the chip has them, the record, and each reading beside what the circuit held when it was appended. It asks
 * nothing of the station.
 */

import type { EzoFirmware } from "../../../sim/chips/ezo-firmware.js";
import { type EzoOwnSettings, EzoTransfer } from "../../../sim/chips/ezo-image.js";
import { PH_KIND } from "../../../sim/chips/ezo-ph.js";
import { bytesOfHex, concatBytes, hexOf } from "../../../src/core/bytes.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { CHANNEL_SETS } from "../../../src/protocol/record/channel-set.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { CALIBRATION_ACTS, type Entry } from "../../../src/protocol/record/entry-layouts.js";
import { readingOf } from "../../../src/protocol/record/reading.js";
import { CalibrationBench } from "../worlds/calibration-bench.js";

const PH_CHANNEL = 0;
const OUTAGE_SECONDS = 5;
/** Two readings after the boot that follows the cut. */
const SETTLE_SECONDS = 700;

export interface TrialOptions {
	readonly seed: number;
	/** Operation of the calibration or its undo at which power fails; none of an uncut run. */
	readonly cutAt?: number;
	/** It is a panic of the program: the chip restarts with its memory, the circuits keep their power until it boots. */
	readonly isPanic?: boolean;
	/** Operation of the boot that follows at which it fails again. */
	readonly againAt?: number;
	/** Operation at which the technician's cable is pulled. */
	readonly pullAt?: number;
	readonly circuitFirmware?: EzoFirmware;
	/** A planted defect: what the station has stored is gone after the cut. */
	readonly isForgetful?: boolean;
}

export interface TrialReport {
	/** Operations from the calibration's begin to the end of the undo. */
	readonly operations: number;
	/** Digest that the circuit holds in the end, and those of before and after the calibration. */
	readonly holds: string;
	readonly old: string;
	readonly committed: string | undefined;
	/** What the record says that it holds, by the last entry of the channel that changed something. */
	readonly recorded: string;
	readonly violations: readonly string[];
	readonly wasRestored: boolean;
}

/** First bytes of SHA-256 of what the circuit exports, by the chip's own settings. */
export function digestOfCircuit(own: EzoOwnSettings): string {
	const transfer = new EzoTransfer(PH_KIND);
	const parts: Uint8Array[] = [];
	let text = transfer.nextString(own);
	for (; text !== "*DONE"; text = transfer.nextString(own)) {
		const bytes = bytesOfHex(text) ?? new Uint8Array(0);
		parts.push(new Uint8Array([bytes.length]), bytes);
	}
	return hexOf(createSha256()(concatBytes(...parts)).slice(0, 8));
}

export function runCalibration(options: TrialOptions): TrialReport {
	const { seed, circuitFirmware } = options;
	const bench = new CalibrationBench(
		{ seed, ...(circuitFirmware === undefined ? {} : { circuitFirmware }) },
		900,
	);
	const { station, rehearsal } = bench;
	bench.hands.ailments.electrode = { slopePart: 0.96, offsetMillivolts: 14 };
	const held = (): string => digestOfCircuit(station.hardware.chips.ph.save().own);
	/** What the circuit held when each entry was appended, by sequence. */
	const heldAt = new Map<number, string>();
	let seen = 0;
	const watch = (): void => {
		for (; seen < rehearsal.appended; seen++) {
			const canonicalBytes = rehearsal.entries[seen];
			if (canonicalBytes !== undefined) heldAt.set(decodeEntry(canonicalBytes).sequence, held());
		}
	};
	watch();
	bench.onStep = watch;
	bench.attach();
	const pullAt = station.counters.operations + (options.pullAt ?? Number.POSITIVE_INFINITY);
	bench.onStep = () => {
		watch();
		if (station.counters.operations >= pullAt) bench.pull();
	};
	const old = held();
	const before = station.counters.operations;
	const reason = options.isPanic === true ? "software" : "power-on";
	if (options.cutAt !== undefined) station.cutPowerAfter(options.cutAt, OUTAGE_SECONDS, reason);
	bench.calibratePH();
	const committed = bench.isLost ? undefined : held();
	if (!bench.isLost) bench.must("undo", { channel: "pH", by: "mira", text: "only a trial" });
	const operations = station.counters.operations - before;
	bench.onStep = watch;
	bench.detach();
	bench.put("river");
	if (options.isForgetful === true) station.settings.erase();
	if (options.againAt !== undefined) station.cutPowerAfter(options.againAt, OUTAGE_SECONDS, reason);
	bench.pass(SETTLE_SECONDS);
	watch();
	const violations: string[] = [];
	// What the ring holds, and not only what returned from an append: a cut may fall between the two.
	const entries = bench.recorded();
	const recorded = recordedIn(entries, old);
	const holds = held();
	if (holds !== recorded)
		violations.push(`the circuit holds ${holds}, the record says ${recorded}`);
	violations.push(...liesOf(entries, heldAt, old));
	return {
		operations,
		holds,
		old,
		committed,
		recorded,
		violations,
		wasRestored: entries.some((entry) => entry.kind === "event" && entry.code === 80),
	};
}

/** Digest after the last entry that changed the circuit. */
function recordedIn(entries: readonly Entry[], old: string): string {
	let recorded = old;
	for (const entry of entries) {
		if (entry.kind !== "calibration" || entry.channel !== PH_CHANNEL) continue;
		const act = CALIBRATION_ACTS[entry.act];
		if (act === "calibration" || act === "undo" || act === "found-changed") {
			recorded = hexOf(entry.exportAfter);
		}
	}
	return recorded;
}

/** Readings whose calibration is not what the circuit held, and which no entry marks. */
function liesOf(
	entries: readonly Entry[],
	heldAt: ReadonlyMap<number, string>,
	old: string,
): string[] {
	const stands = new Map<number, string>([[0, old]]);
	const marks: { from: number; to: number }[] = [];
	for (const entry of entries) {
		if (entry.kind !== "calibration" || entry.channel !== PH_CHANNEL) continue;
		stands.set(entry.calibrationId, hexOf(entry.exportAfter));
		if (CALIBRATION_ACTS[entry.act] === "found-changed") {
			marks.push({ from: entry.firstPart, to: entry.sequence });
		}
	}
	const lies: string[] = [];
	for (const entry of entries) {
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (entry.kind !== "reading" || set === undefined) continue;
		const { value, calibration } = readingOf(set, entry.fields).pH;
		const really = heldAt.get(entry.sequence);
		// An append that did not return before power failed: nobody saw what the circuit held.
		if (value === undefined || really === undefined || stands.get(calibration) === really) continue;
		const isMarked = marks.some(({ from, to }) => entry.sequence > from && entry.sequence < to);
		if (!isMarked) {
			lies.push(
				`reading ${entry.sequence} names ${calibration} (${stands.get(calibration)}), the circuit held ${really}`,
			);
		}
	}
	return lies;
}
