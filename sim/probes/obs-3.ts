/**
 * Campbell OBS-3+: two outputs of the same optics, each with its own quadratic from the certificate:
 * NTU = A x^2 + B x + C. Source: OBS-3+ manual; Sea-Bird application note 81 for a real certificate.
 */
import { assert } from "../../src/core/errors.js";

/** Stable so long after power-on, milliseconds; before, the output is on its way up. */
const WARM_UP_MILLISECONDS = 2000;

/** NTU of millivolts. */
export interface Quadratic {
	readonly a: number;
	readonly b: number;
	readonly c: number;
}

/** Low range as on the certificate of a real probe; the high range is a quarter as sensitive. */
export const OBS_3_CERTIFICATE: { readonly low: Quadratic; readonly high: Quadratic } =
	Object.freeze({
		low: Object.freeze({ a: 8.07146e-6, b: 0.191247, c: -0.16 }),
		high: Object.freeze({ a: 3.228584e-5, b: 0.764988, c: -0.64 }),
	});

export interface Obs3ProbeOptions {
	/** Milliseconds of the world now. */
	readonly milliseconds: () => number;
	/** What the optics see now, NTU. */
	readonly turbidity: () => number;
	readonly certificate?: { readonly low: Quadratic; readonly high: Quadratic };
	/** End of both outputs, millivolts: 2500 or 5000. Default 2500. */
	readonly spanMillivolts?: number;
}

export class Obs3Probe {
	readonly #options: Obs3ProbeOptions;
	#onSinceMilliseconds: number | undefined;

	constructor(options: Obs3ProbeOptions) {
		this.#options = options;
	}

	setPower(isOn: boolean): void {
		this.#onSinceMilliseconds = isOn ? this.#options.milliseconds() : undefined;
	}

	/** Volts at an output now. */
	volts(output: "low" | "high"): number {
		if (this.#onSinceMilliseconds === undefined) return 0;
		const { milliseconds, turbidity, certificate, spanMillivolts } = this.#options;
		const onMilliseconds = milliseconds() - this.#onSinceMilliseconds;
		const part = Math.min(onMilliseconds / WARM_UP_MILLISECONDS, 1);
		const quadratic = (certificate ?? OBS_3_CERTIFICATE)[output];
		const millivolts = millivoltsOf(quadratic, turbidity()) * part;
		return Math.min(Math.max(millivolts, 0), spanMillivolts ?? 2500) / 1000;
	}
}

/** The rising branch of the certificate, backwards. */
function millivoltsOf({ a, b, c }: Quadratic, turbidity: number): number {
	if (a === 0) return (turbidity - c) / b;
	const discriminant = b * b - 4 * a * (c - turbidity);
	assert(discriminant >= 0, `no voltage of the certificate gives ${turbidity} NTU`);
	return (Math.sqrt(discriminant) - b) / (2 * a);
}
