/** What the parts of a calibration hold: entries of kind calibration-part, docs/FORMAT.md, section 1. */
import { asciiBytes, asciiText } from "../../core/bytes.js";
import { printable } from "../../core/text.js";
import { PART_CONTENTS_BYTES_MAX } from "../record/entry.js";

/** Types of parts by what they hold. */
export const PARTS = Object.freeze({
	point: 1,
	standards: 2,
	person: 3,
	circuit: 4,
	exportBefore: 5,
	exportAfter: 6,
	note: 7,
});

/** Bits of a point's flags. */
export const POINT_FLAGS = Object.freeze({ forced: 1, notSettled: 2 });

const POINT_BYTES = 32;
const UNKNOWN_ELECTRODE = -0x8000;

/** One bottle: what it should have been and what was read. In the channel's unit, temperature in degC. */
export interface CalibrationPoint {
	readonly nominal: number;
	readonly nominalAtTemperature: number;
	/** By what the circuit held before this point. */
	readonly reading: number;
	readonly celsius: number;
	readonly slopePerMinute: number;
	readonly deviation: number;
	/** Readings in the window. */
	readonly count: number;
	readonly secondsToSettle: number;
	readonly electrodeMillivolts: number | undefined;
	/** POINT_FLAGS. */
	readonly flags: number;
}

export function encodePoint(point: CalibrationPoint): Uint8Array {
	const bytes = new Uint8Array(POINT_BYTES);
	const view = new DataView(bytes.buffer);
	const { electrodeMillivolts: millivolts } = point;
	[
		point.nominal,
		point.nominalAtTemperature,
		point.reading,
		point.celsius,
		point.slopePerMinute,
	].forEach((value, index) => {
		view.setInt32(4 * index, thousandths(value), true);
	});
	view.setUint32(20, thousandths(point.deviation), true);
	view.setUint16(24, Math.min(point.count, 0xffff), true);
	view.setUint16(26, Math.min(Math.round(point.secondsToSettle), 0xffff), true);
	const isKnown = millivolts !== undefined && Math.abs(millivolts) < 327;
	view.setInt16(28, isKnown ? Math.round(millivolts * 100) : UNKNOWN_ELECTRODE, true);
	view.setUint8(30, point.flags);
	return bytes;
}

export function decodePoint(contents: Uint8Array): CalibrationPoint {
	const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
	const value = (at: number): number => view.getInt32(at, true) / 1000;
	const electrode = view.getInt16(28, true);
	return {
		nominal: value(0),
		nominalAtTemperature: value(4),
		reading: value(8),
		celsius: value(12),
		slopePerMinute: value(16),
		deviation: view.getUint32(20, true) / 1000,
		count: view.getUint16(24, true),
		secondsToSettle: view.getUint16(26, true),
		electrodeMillivolts: electrode === UNKNOWN_ELECTRODE ? undefined : electrode / 100,
		flags: view.getUint8(30),
	};
}

/** A text or an export in pieces that a part holds; none of an empty one. */
export function piecesOf(contents: Uint8Array): Uint8Array[] {
	const pieces: Uint8Array[] = [];
	for (let at = 0; at < contents.length; at += PART_CONTENTS_BYTES_MAX) {
		pieces.push(contents.slice(at, at + PART_CONTENTS_BYTES_MAX));
	}
	return pieces;
}

export function textPiecesOf(text: string): Uint8Array[] {
	return piecesOf(asciiBytes(printable(text)));
}

/** Whatever a station wrote there: printable. */
export function textOfPieces(pieces: readonly Uint8Array[]): string {
	return printable(pieces.map((piece) => asciiText(piece)).join(""));
}

function thousandths(value: number): number {
	const steps = Math.round(value * 1000);
	return Math.max(-0x7fffffff, Math.min(0x7fffffff, steps));
}
