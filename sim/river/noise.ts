/**
 * Smooth seeded noise and day curves as pure functions of time, from exact operations only: `Math.sin`
 * differs between engines, and runs are compared byte by byte.
 */

/** Parabola in place of a sine: period 1, amplitude 1, 0 at 0 rising; within 0.06 of the sine. */
export function wave(phase: number): number {
	const turn = phase - Math.floor(phase);
	const half = turn < 0.5 ? turn : turn - 0.5;
	const parabola = 16 * half * (0.5 - half);
	return turn < 0.5 ? parabola : -parabola;
}

/** Continuous noise in -1..1: random values on whole `x`, joined by a smooth step. */
export function smoothNoise(seed: number, x: number): number {
	return smoothNoiseOf(seed)(x);
}

/** The same for whoever asks again and again at nearly the same `x`: it remembers the two values beside the last one. */
export function smoothNoiseOf(seed: number): (x: number) => number {
	let at = Number.NaN;
	let left = 0;
	let right = 0;
	return (x) => {
		const floor = Math.floor(x);
		if (floor !== at) {
			at = floor;
			left = lattice(seed, floor);
			right = lattice(seed, floor + 1);
		}
		const part = x - floor;
		const step = part * part * (3 - 2 * part);
		return left + (right - left) * step;
	};
}

/** 1 at the peak, rising within `riseSeconds` and fading by halves of `halfLifeSeconds`. */
export function hydrograph(
	secondsSinceStart: number,
	riseSeconds: number,
	halfLifeSeconds: number,
): number {
	if (secondsSinceStart <= 0) return 0;
	if (secondsSinceStart < riseSeconds) {
		const part = secondsSinceStart / riseSeconds;
		return part * part * (3 - 2 * part);
	}
	const halves = (secondsSinceStart - riseSeconds) / halfLifeSeconds;
	const whole = Math.floor(halves);
	if (whole > 60) return 0;
	let level = 1;
	for (let index = 0; index < whole; index++) level /= 2;
	// Between two halvings a straight line in 1/x: 1 at 0, 1/2 at 1, continuous.
	return level / (1 + (halves - whole));
}

/** A uniform value in -1..1 for an integer; the mixer is Wellons' "lowbias32". */
function lattice(seed: number, index: number): number {
	let mixed = (Math.imul(index | 0, 0x9e3779b1) ^ seed) >>> 0;
	mixed ^= mixed >>> 16;
	mixed = Math.imul(mixed, 0x7feb352d);
	mixed ^= mixed >>> 15;
	mixed = Math.imul(mixed, 0x846ca68b);
	mixed ^= mixed >>> 16;
	return (mixed >>> 0) / 2147483647.5 - 1;
}
