/** The settings of an EZO circuit as `Export` gives them and `Import` takes them. */
import { bytesOfHex, concatBytes, hexOf } from "../../src/core/bytes.js";
import type { EzoExport, EzoKind } from "./ezo-firmware.js";

const STRING_BYTES = 6;
const NUMBER_BYTES = 4;
const NOTHING = new Uint8Array(0);

/** Calibration and other settings of one kind that outlive the power: numbers by name. */
export type EzoOwnSettings = { [name: string]: number };

/** How far an export or an import has got; a restart forgets it. */
export class EzoTransfer {
	readonly #kind: EzoKind;
	#exportIndex = 0;
	#imported: Uint8Array = NOTHING;

	constructor(kind: EzoKind) {
		this.#kind = kind;
	}

	/** `Export,?`: strings and characters. */
	get summary(): string {
		return `${this.#strings},${this.#kind.exported.bytes * 2}`;
	}

	/** `Export`: the next string; after the last `*DONE`. */
	nextString(own: EzoOwnSettings): string {
		const index = this.#exportIndex;
		this.#exportIndex = (index + 1) % (this.#strings + 1);
		if (index === this.#strings) return "*DONE";
		const offset = index * STRING_BYTES;
		return hexOf(imageOf(this.#kind, own).subarray(offset, offset + STRING_BYTES)).toUpperCase();
	}

	/** The bytes of an `Import`, or undefined when the text is not as long as the next of its strings. */
	partOf(text: string): Uint8Array | undefined {
		const part = bytesOfHex(text);
		const left = this.#kind.exported.bytes - this.#imported.length;
		return part?.length === Math.min(STRING_BYTES, left) ? part : undefined;
	}

	/**
	 * What the settings are in the middle of an import that takes each string as it comes: strings that
	 * were taken already in place of what was there.
	 */
	half<Own extends EzoOwnSettings>(own: Own): Own {
		const image = imageOf(this.#kind, own);
		image.set(this.#imported);
		return settingsIn(this.#kind.exported, image, own);
	}

	/**
	 * Takes a part; after the last one gives what they say for settings shaped `like` these, or
	 * "refused": one wrong string spoils the whole.
	 */
	take<Own extends EzoOwnSettings>(part: Uint8Array, like: Own): Own | "refused" | undefined {
		this.#imported = concatBytes(this.#imported, part);
		if (this.#imported.length < this.#kind.exported.bytes) return undefined;
		return ownOf(this.#kind, this.#imported, like) ?? "refused";
	}

	forget(): void {
		this.#exportIndex = 0;
		this.#imported = NOTHING;
	}

	get #strings(): number {
		return Math.ceil(this.#kind.exported.bytes / STRING_BYTES);
	}
}

/** Settings as bytes: the kind's address, little-endian floats, single bytes, an XOR over all before it. */
function imageOf({ address, exported }: EzoKind, own: EzoOwnSettings): Uint8Array {
	const image = new Uint8Array(exported.bytes);
	const view = new DataView(image.buffer);
	image[0] = address;
	exported.numbers.forEach((key, index) => {
		view.setFloat32(1 + NUMBER_BYTES * index, own[key] ?? 0, true);
	});
	image.set(
		exported.flags.map((key) => own[key] ?? 0),
		flagsOffsetOf(exported),
	);
	const check = checkOffsetOf(exported);
	image[check] = checkOf(image, check);
	return image;
}

/** What an image says, for settings shaped `like` these; undefined when it was altered. */
function ownOf<Own extends EzoOwnSettings>(
	{ address, exported }: EzoKind,
	image: Uint8Array,
	like: Own,
): Own | undefined {
	const check = checkOffsetOf(exported);
	if (image[0] !== address || image[check] !== checkOf(image, check)) return undefined;
	return settingsIn(exported, image, like);
}

function settingsIn<Own extends EzoOwnSettings>(
	exported: EzoExport,
	image: Uint8Array,
	like: Own,
): Own {
	const view = new DataView(image.buffer);
	const own: EzoOwnSettings = { ...like };
	exported.numbers.forEach((key, index) => {
		own[key] = view.getFloat32(1 + NUMBER_BYTES * index, true);
	});
	exported.flags.forEach((key, index) => {
		own[key] = image[flagsOffsetOf(exported) + index] ?? 0;
	});
	return own as Own;
}

function flagsOffsetOf({ numbers }: EzoExport): number {
	return 1 + NUMBER_BYTES * numbers.length;
}

function checkOffsetOf(exported: EzoExport): number {
	return flagsOffsetOf(exported) + exported.flags.length;
}

function checkOf(image: Uint8Array, end: number): number {
	let check = 0xa5;
	for (let index = 0; index < end; index++) check ^= image[index] ?? 0;
	return check;
}
