/** The settings of an EZO circuit as `Export` gives them and `Import` takes them. */
import type { EzoKind } from "./ezo-firmware.js";

/** Export: ten strings of six bytes: kind, 14 floats of settings, check, two spare. */
export const EXPORT_STRINGS = 10;
export const EXPORT_STRING_BYTES = 6;
const EXPORT_FLOATS_MAX = 14;
const EXPORT_CHECK_OFFSET = 57;

/** Calibration and other settings of one kind that outlive the power: numbers by name, at most 14. */
export type EzoOwnSettings = { [name: string]: number };

/** Settings as 60 bytes: the kind's address, little-endian floats, an XOR over all before it. */
export function imageOf(kind: EzoKind, own: EzoOwnSettings): Uint8Array {
	const image = new Uint8Array(EXPORT_STRINGS * EXPORT_STRING_BYTES);
	const view = new DataView(image.buffer);
	image[0] = kind.address;
	Object.keys(own).forEach((key, index) => {
		if (index < EXPORT_FLOATS_MAX) view.setFloat32(1 + 4 * index, own[key] ?? 0, true);
	});
	image[EXPORT_CHECK_OFFSET] = checkOf(image);
	return image;
}

/** What an image says, for settings shaped `like` these; undefined when it was altered. */
export function ownOf<Own extends EzoOwnSettings>(
	kind: EzoKind,
	image: Uint8Array,
	like: Own,
): Own | undefined {
	if (image[0] !== kind.address || image[EXPORT_CHECK_OFFSET] !== checkOf(image)) return undefined;
	const view = new DataView(image.buffer);
	const own: EzoOwnSettings = { ...like };
	Object.keys(like).forEach((key, index) => {
		own[key] = view.getFloat32(1 + 4 * index, true);
	});
	return own as Own;
}

function checkOf(image: Uint8Array): number {
	let check = 0xa5;
	for (let index = 0; index < EXPORT_CHECK_OFFSET; index++) check ^= image[index] ?? 0;
	return check;
}
