/** The settings of an EZO circuit as `Export` gives them and `Import` takes them. */
import { bytesOfHex, concatBytes, hexOf } from "../../src/core/bytes.js";
import type { EzoKind } from "./ezo-firmware.js";

/** Export: ten strings of six bytes: kind, 14 floats of settings, check, two spare. */
const EXPORT_STRINGS = 10;
const EXPORT_STRING_BYTES = 6;
const EXPORT_FLOATS_MAX = 14;
const EXPORT_CHECK_OFFSET = 57;

/** Calibration and other settings of one kind that outlive the power: numbers by name, at most 14. */
export type EzoOwnSettings = { [name: string]: number };

/** How far an export or an import has got; a restart forgets it. */
export class EzoTransfer {
	readonly #kind: EzoKind;
	#exportIndex = 0;
	#imported: Uint8Array[] = [];

	constructor(kind: EzoKind) {
		this.#kind = kind;
	}

	/** `Export,?`: strings and characters. */
	static readonly summary = `${EXPORT_STRINGS},${EXPORT_STRINGS * EXPORT_STRING_BYTES * 2}`;

	/** `Export`: the next string; after the last `*DONE`. */
	nextString(own: EzoOwnSettings): string {
		const index = this.#exportIndex;
		this.#exportIndex = (index + 1) % (EXPORT_STRINGS + 1);
		if (index === EXPORT_STRINGS) return "*DONE";
		const offset = index * EXPORT_STRING_BYTES;
		const image = imageOf(this.#kind, own);
		return hexOf(image.subarray(offset, offset + EXPORT_STRING_BYTES)).toUpperCase();
	}

	/** Six bytes of an `Import`, or undefined when the text is none of its strings. */
	partOf(text: string): Uint8Array | undefined {
		const part = bytesOfHex(text);
		return part?.length === EXPORT_STRING_BYTES ? part : undefined;
	}

	/**
	 * What the settings are in the middle of an import that takes each string as it comes: strings that
	 * were taken already in place of what was there.
	 */
	half<Own extends EzoOwnSettings>(own: Own): Own {
		const image = imageOf(this.#kind, own);
		image.set(concatBytes(...this.#imported));
		return settingsIn(this.#kind, image, own);
	}

	/**
	 * Takes a part; after the last one gives what they say for settings shaped `like` these, or
	 * "refused": one wrong string spoils the whole.
	 */
	take<Own extends EzoOwnSettings>(part: Uint8Array, like: Own): Own | "refused" | undefined {
		this.#imported.push(part);
		if (this.#imported.length < EXPORT_STRINGS) return undefined;
		return ownOf(this.#kind, concatBytes(...this.#imported), like) ?? "refused";
	}

	forget(): void {
		this.#exportIndex = 0;
		this.#imported = [];
	}
}

/** Settings as 60 bytes: the kind's address, little-endian floats, an XOR over all before it. */
function imageOf(kind: EzoKind, own: EzoOwnSettings): Uint8Array {
	const image = new Uint8Array(EXPORT_STRINGS * EXPORT_STRING_BYTES);
	const view = new DataView(image.buffer);
	image[0] = kind.address;
	(kind.exported ?? Object.keys(own)).forEach((key, index) => {
		if (index < EXPORT_FLOATS_MAX) view.setFloat32(1 + 4 * index, own[key] ?? 0, true);
	});
	image[EXPORT_CHECK_OFFSET] = checkOf(image);
	return image;
}

/** What an image says, for settings shaped `like` these; undefined when it was altered. */
function ownOf<Own extends EzoOwnSettings>(
	kind: EzoKind,
	image: Uint8Array,
	like: Own,
): Own | undefined {
	if (image[0] !== kind.address || image[EXPORT_CHECK_OFFSET] !== checkOf(image)) return undefined;
	return settingsIn(kind, image, like);
}

function settingsIn<Own extends EzoOwnSettings>(kind: EzoKind, image: Uint8Array, like: Own): Own {
	const view = new DataView(image.buffer);
	const own: EzoOwnSettings = { ...like };
	(kind.exported ?? Object.keys(like)).forEach((key, index) => {
		own[key] = view.getFloat32(1 + 4 * index, true);
	});
	return own as Own;
}

function checkOf(image: Uint8Array): number {
	let check = 0xa5;
	for (let index = 0; index < EXPORT_CHECK_OFFSET; index++) check ^= image[index] ?? 0;
	return check;
}
