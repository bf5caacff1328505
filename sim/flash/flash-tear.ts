/**
 * What is left when power fails in the middle of a program or an erase. A cell that was only half
 * moved may read either way and differently after the next start (hardware: Winbond W25Q32JV,
 * "power loss while programming or erasing leaves undefined data").
 */
import { fraction, integerBelow, type RandomSource } from "../../src/core/random.js";

export type TearMode =
	/** Nothing happened yet. */
	| "none"
	/** It was complete, but nobody was told. */
	| "all"
	/** The first `amount` bytes are done (of an erase: sixteenths of the sector). */
	| "prefix"
	/** Every bit that was to move has moved or not. */
	| "subset"
	/** All but one bit have moved. */
	| "almost"
	/** One bit has moved. */
	| "barely"
	/** Every bit has moved, has not, or reads either way from now on. */
	| "unstable"
	/** It reads as if complete, but some bits are weak and may read otherwise after the next start. */
	| "weak"
	/** It reads as if nothing had happened, but some bits are weak. */
	| "hidden";

export const TEAR_MODES: readonly TearMode[] = Object.freeze([
	"none",
	"all",
	"prefix",
	"subset",
	"almost",
	"barely",
	"unstable",
	"weak",
	"hidden",
]);

export interface Tear {
	readonly mode: TearMode;
	/** For `prefix`. */
	readonly amount?: number;
}

/** Weak bits that a tear leaves, in the mean: few in a frame, so that it may read well by chance. */
const WEAK_BITS_PER_SECTOR = 24;
const WEAK_BITS_PER_PROGRAM = 3;

/**
 * Tears the change from `before` to `after` in `cells` at `offset`; `markUnstable` is called with every
 * bit that reads either way from now on.
 */
export function tearChange(
	cells: Uint8Array,
	offset: number,
	after: Uint8Array,
	tear: Tear,
	random: RandomSource,
	isErase: boolean,
	markUnstable: (offset: number, mask: number) => void,
): void {
	const moved = movedBits(cells, offset, after);
	const length = after.length;
	const prefix = isErase ? ((tear.amount ?? 8) * length) / 16 : (tear.amount ?? length >> 1);
	const special = moved.length === 0 ? -1 : integerBelow(random, moved.length);
	const weakBits = isErase ? WEAK_BITS_PER_SECTOR : WEAK_BITS_PER_PROGRAM;
	const weakShare = Math.min(1, weakBits / (moved.length + 1));
	for (let position = 0; position < moved.length; position++) {
		const bit = moved[position] as number;
		const at = bit >>> 3;
		const mask = 1 << (bit & 7);
		const flip = (): void => {
			cells[offset + at] = (cells[offset + at] ?? 0) ^ mask;
		};
		switch (tear.mode) {
			case "none":
				break;
			case "all":
				flip();
				break;
			case "prefix":
				if (at < prefix) flip();
				break;
			case "subset":
				if (fraction(random) < 0.5) flip();
				break;
			case "almost":
				if (position !== special) flip();
				break;
			case "barely":
				if (position === special) flip();
				break;
			case "unstable": {
				const fate = integerBelow(random, 3);
				if (fate === 0) flip();
				else if (fate === 1 && (!isErase || fraction(random) < weakShare * 8)) {
					markUnstable(offset + at, mask);
					if (fraction(random) < 0.5) flip();
				}
				break;
			}
			case "weak":
				flip();
				if (fraction(random) < weakShare) markUnstable(offset + at, mask);
				break;
			case "hidden":
				if (fraction(random) < weakShare) markUnstable(offset + at, mask);
				break;
		}
	}
}

/** Numbers of the bits (8 times byte, plus bit) in which `after` differs from the cells. */
function movedBits(cells: Uint8Array, offset: number, after: Uint8Array): number[] {
	const moved: number[] = [];
	for (let index = 0; index < after.length; index++) {
		let difference = (cells[offset + index] ?? 0) ^ (after[index] ?? 0);
		while (difference !== 0) {
			const bit = 31 - Math.clz32(difference & -difference);
			moved.push(index * 8 + bit);
			difference &= difference - 1;
		}
	}
	return moved;
}
