/**
 * DFRobot SEN0189 at 5 V: the output falls as turbidity grows. The maker's parabola describes it
 * between 2.56 and 4.2 V; in dirtier water the output falls on, where the parabola folds back.
 * Source: DFRobot's product page and forum.
 */

const A = -1120.4;
const B = 5742.3;
const C = -4352.9;
/** Vertex of the parabola: -B / 2A volts, 3004.7 units. */
const VERTEX_VOLTS = -B / (2 * A);
const VERTEX_UNITS = C - (B * B) / (4 * A);
/** Zero of the parabola: clear water of the average module. */
const CLEAR_VOLTS = 4.2002;
/** Beyond the vertex nobody has measured it: half a volt for every further 1000 units. */
const VOLTS_PER_UNIT_BEYOND = 0.0005;
/** Of the family's data sheet. */
const VOLTS_PER_CELSIUS = -0.0192;
/** An output at its end is not yet at ground. */
const VOLTS_MIN = 0.2;

export interface Sen0189ProbeOptions {
	/** What the optics see now, in the curve's units (they are called NTU there). */
	readonly turbidity: () => number;
	/** Of the module, degC. Default 25. */
	readonly celsius?: () => number;
	/** Output of this module in clear water, 3.9..4.6 V. Default 4.2002. */
	readonly clearVolts?: number;
}

export class Sen0189Probe {
	readonly #options: Sen0189ProbeOptions;
	#isOn = false;

	constructor(options: Sen0189ProbeOptions) {
		this.#options = options;
	}

	setPower(isOn: boolean): void {
		this.#isOn = isOn;
	}

	/** Volts at the module's output now: up to 4.6, too much for an input at 3.3 V. */
	volts(): number {
		if (!this.#isOn) return 0;
		const { turbidity, celsius, clearVolts } = this.#options;
		const scale = (clearVolts ?? CLEAR_VOLTS) / CLEAR_VOLTS;
		const warmth = VOLTS_PER_CELSIUS * ((celsius?.() ?? 25) - 25);
		return Math.max(VOLTS_MIN, voltsOf(Math.max(0, turbidity())) * scale + warmth);
	}
}

function voltsOf(units: number): number {
	if (units >= VERTEX_UNITS) return VERTEX_VOLTS - (units - VERTEX_UNITS) * VOLTS_PER_UNIT_BEYOND;
	// The branch that falls: A is negative, so the larger root has the minus.
	return (-B - Math.sqrt(B * B - 4 * A * (C - units))) / (2 * A);
}
