/**
 * One column of a batch: predicts the next value from those before it and codes what remains. All
 * arithmetic is on exact integers, so both sides agree on every engine.
 */
import { type BitCoder, Contexts } from "../../core/range-coder.js";
import type { FieldSpec } from "../record/channel-set.js";

/** Levels and errors are kept in 1/16 of a step. */
const UNIT = 16;

/**
 * Predictors: a level that follows the values with weight `level`/16 and a slope that follows the
 * level's errors with weight `slope`/16. White noise wants small weights, a flood wants large ones.
 */
const PREDICTORS = Object.freeze([
	{ level: 16, slope: 0 },
	{ level: 8, slope: 0 },
	{ level: 4, slope: 0 },
	{ level: 2, slope: 0 },
	{ level: 12, slope: 8 },
	{ level: 8, slope: 2 },
	{ level: 4, slope: 1 },
] as const);

/** Errors are averaged over about this many values. */
const MEMORY = 12;

/** Where a first value probably lies and how far off that is, in units of the channel. */
const TYPICAL: ReadonlyMap<string, { readonly at: number; readonly spread: number }> = new Map([
	["pH value", { at: 8, spread: 0.5 }],
	["temperature value", { at: 12, spread: 6 }],
	["conductivity value", { at: 400, spread: 200 }],
	["turbidity value", { at: 0.65, spread: 0.1 }],
	["turbidity spread", { at: 0.0005, spread: 0.0005 }],
	["battery value", { at: 12.6, spread: 0.4 }],
]);

/** Mean error expected of the second value, in 1/16 of a step. */
const SECOND_ERROR = 5 * UNIT;

/** Magnitudes in whole bins, unary, up to here; beyond, an escape. */
const BINS_MAX = 20;
/** Classes of expected error: six where steps are counted singly, two of each octave above. */
const CLASSES = 8;

/**
 * What errors look like before a batch has shown any, in 1/32768: that an error of this class is
 * zero, and that it ends in bin 0, 1, 2 ... Rounded from twenty days of synthetic probe noise; a
 * batch moves them within a dozen values.
 */
const SHAPE_PRIORS: readonly { readonly zero: number; readonly bins: readonly number[] }[] =
	Object.freeze([
		{ zero: 13_000, bins: [26_000] },
		{ zero: 12_500, bins: [24_000, 26_000, 28_000] },
		{ zero: 9500, bins: [22_500, 25_000, 24_000, 22_000] },
		{ zero: 10_500, bins: [20_000, 19_500, 15_000, 16_500, 17_000] },
		{ zero: 5400, bins: [10_500, 12_500, 16_000, 19_000, 16_500, 16_000, 14_000] },
		{ zero: 4700, bins: [11_700, 13_000, 12_500, 13_000, 14_500, 17_000, 14_000, 13_000] },
		{
			zero: 0,
			bins: [8000, 10_500, 11_500, 11_000, 10_500, 11_000, 10_000, 11_500, 10_000, 7500],
		},
		{
			zero: 0,
			bins: [8400, 9300, 9000, 9300, 11_000, 9000, 9000, 9000, 8500, 8700, 8300],
		},
	]);
/** Bins beyond those of the table. */
const TAIL_PRIOR = 7000;
/** The table counts as much as this many values. */
const PRIOR_COUNT = 8;

/**
 * What errors look like on the scale of their mean. Columns share it: noise is noise, and what one
 * has learned the others need not pay for.
 */
export class ErrorShape {
	readonly bins = new Contexts(CLASSES * BINS_MAX, TAIL_PRIOR, 1);
	readonly isZero = new Contexts(CLASSES);
	readonly sign = new Contexts(1, 16384, 40);
	readonly escape = new Contexts(UNSIGNED_CONTEXTS);

	constructor() {
		let errorClass = 0;
		for (const { zero, bins } of SHAPE_PRIORS) {
			this.isZero.expect(errorClass, zero, PRIOR_COUNT);
			let at = errorClass * BINS_MAX;
			for (const probability of bins) this.bins.expect(at++, probability, PRIOR_COUNT);
			errorClass++;
		}
	}
}

/** A column; it lives as long as its batch. */
export class ColumnCoder {
	/** In 1/16 of a step, one for each predictor: whole numbers, far below 2^53. */
	readonly #levels = new Float64Array(PREDICTORS.length);
	readonly #slopes = new Float64Array(PREDICTORS.length);
	readonly #errors = new Float64Array(PREDICTORS.length);
	readonly #shape: ErrorShape;
	#count = 0;

	/** `quantum`: how many of the field's steps make one of this column's. */
	constructor(field: FieldSpec, quantum: number, shape: ErrorShape) {
		this.#shape = shape;
		const typical = TYPICAL.get(`${field.channel} ${field.role}`) ?? { at: 0, spread: 1000 };
		const stepsPerUnit = field.scale / quantum;
		this.#levels.fill(Math.round(typical.at * stepsPerUnit) * UNIT);
		this.#errors.fill(Math.max(Math.round(typical.spread * stepsPerUnit), 1) * UNIT);
	}

	/** Codes a whole number of steps; returns it. */
	code(coder: BitCoder, steps: number): number {
		let best = 0;
		for (let index = 1; index < PREDICTORS.length; index++) {
			if ((this.#errors[index] ?? 0) < (this.#errors[best] ?? 0)) best = index;
		}
		const predicted = Math.floor(
			((this.#levels[best] ?? 0) + (this.#slopes[best] ?? 0) + UNIT / 2) / UNIT,
		);
		const coded = predicted + this.#codeError(coder, steps - predicted, this.#errors[best] ?? 0);
		this.#learn(coded);
		return coded;
	}

	#learn(steps: number): void {
		const value = steps * UNIT;
		this.#count++;
		if (this.#count === 1) {
			this.#levels.fill(value);
			this.#errors.fill(SECOND_ERROR);
			return;
		}
		const span = Math.min(this.#count + 1, MEMORY);
		// A young level is the mean of what there was, so that it need not crawl from the first.
		const youngWeight = Math.floor(16 / this.#count);
		for (let index = 0; index < PREDICTORS.length; index++) {
			const predictor = PREDICTORS[index];
			if (predictor === undefined) continue;
			const slope = this.#slopes[index] ?? 0;
			const predicted = (this.#levels[index] ?? 0) + slope;
			const error = value - predicted;
			const mean = this.#errors[index] ?? 0;
			this.#errors[index] = mean + Math.floor((Math.abs(error) - mean) / span);
			const weight = Math.max(predictor.level, youngWeight);
			this.#levels[index] = predicted + Math.floor((error * weight) / 16);
			if (predictor.slope === 0) continue;
			this.#slopes[index] = slope + Math.floor((error * predictor.slope) / 16);
		}
	}

	#codeError(coder: BitCoder, error: number, mean: number): number {
		const meanSteps = Math.min(Math.floor(mean / UNIT), 0x3fffffff);
		if (meanSteps < 2) return this.#codeSmall(coder, error, smallClass(mean));
		// Bins of a quarter to half the mean error: fine enough to follow the shape of any noise.
		const octave = 31 - Math.clz32(meanSteps);
		const half = Math.floor(mean / (UNIT / 2)) % (2 << octave) >= 1 << octave ? 1 : 0;
		const bits = octave - 1;
		// -1 is the mirror image of 0, so that both signs have equal bins.
		const isNegative = coder.bit(this.#shape.sign, 0, error < 0 ? 1 : 0) === 1;
		const magnitude = isNegative ? -1 - error : error;
		const binSteps = 1 << bits;
		const bin = this.#codeBins(coder, 6 + half, Math.floor(magnitude / binSteps));
		const coded = bin * binSteps + coder.raw(bits, magnitude % binSteps);
		return isNegative ? -1 - coded : coded;
	}

	#codeSmall(coder: BitCoder, error: number, errorClass: number): number {
		if (coder.bit(this.#shape.isZero, errorClass, error === 0 ? 1 : 0) === 1) return 0;
		const isNegative = coder.bit(this.#shape.sign, 0, error < 0 ? 1 : 0) === 1;
		const magnitude = 1 + this.#codeBins(coder, errorClass, Math.abs(error) - 1);
		return isNegative ? -magnitude : magnitude;
	}

	#codeBins(coder: BitCoder, errorClass: number, bins: number): number {
		const base = errorClass * BINS_MAX;
		for (let count = 0; count < BINS_MAX; count++) {
			if (coder.bit(this.#shape.bins, base + count, bins === count ? 1 : 0) === 1) return count;
		}
		return BINS_MAX + codeUnsigned(coder, this.#shape.escape, bins - BINS_MAX);
	}
}

/** Classes 0..5 by mean error in 1/16 of a step, below two steps. */
function smallClass(mean: number): number {
	if (mean < 2) return 0;
	if (mean < 5) return 1;
	if (mean < 10) return 2;
	if (mean < 16) return 3;
	return mean < 24 ? 4 : 5;
}

/** Contexts that `codeUnsigned` and `codeDifference` need. */
export const UNSIGNED_CONTEXTS = 40;
const LENGTH_BITS_MAX = 36;

/** Codes an integer 0 .. 2^36 - 2: its length in bits, unary, then the bits below the first. */
export function codeUnsigned(coder: BitCoder, contexts: Contexts, value: number): number {
	let length = 0;
	let least = 1;
	for (; length < LENGTH_BITS_MAX - 1; length++) {
		const isLonger = value + 1 >= 2 * least ? 1 : 0;
		if (coder.bit(contexts, length, isLonger) === 0) break;
		least *= 2;
	}
	const offset = value + 1 - least;
	// 32 bits at most at a time.
	const highBits = Math.max(length - 16, 0);
	const lowBits = length - highBits;
	const high = coder.raw(highBits, Math.floor(offset / 2 ** lowBits));
	return least + high * 2 ** lowBits + coder.raw(lowBits, offset % 2 ** lowBits) - 1;
}

/** Codes a signed integer that is mostly 0, |value| < 2^36 - 2. */
export function codeDifference(coder: BitCoder, contexts: Contexts, value: number): number {
	const at = UNSIGNED_CONTEXTS - 2;
	if (coder.bit(contexts, at, value === 0 ? 1 : 0) === 1) return 0;
	const isNegative = coder.bit(contexts, at + 1, value < 0 ? 1 : 0) === 1;
	const magnitude = 1 + codeUnsigned(coder, contexts, Math.abs(value) - 1);
	return isNegative ? -magnitude : magnitude;
}
