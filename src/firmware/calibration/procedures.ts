/**
 * How each channel is calibrated: what its probe gives, which commands its circuit takes in which order, and what is
 * thought of a point and of the whole. Order rules are the circuits' own: a middle buffer clears the others, dry comes
 * before any solution, K before both. A channel without a circuit keeps a curve in the station.
 */
import { StationError } from "../../core/errors.js";
import type { CalibrationPoint } from "../../protocol/calibration/parts.js";
import { SETTLE_RULES, type SettleRule } from "../../protocol/calibration/settling.js";
import {
	type Doubt,
	doubtsOfCell,
	doubtsOfCorrection,
	doubtsOfElectrode,
	doubtsOfZero,
	LIMITS,
	nernstMillivolts,
} from "../../protocol/calibration/verdict.js";
import type { ChannelName } from "../../protocol/record/channels.js";
import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";
import type { WaterProbes } from "../measure/probes.js";
import type { FurtherSensor, Sensor, TurbiditySample } from "../measure/sensor.js";
import { gaugeOf, onCurve } from "./turbidity-curve.js";

export type Coefficients = readonly [number, number, number];

/** What is known when a point or the whole is judged. */
export interface Situation {
	/** Those that were taken before. */
	readonly points: readonly CalibrationPoint[];
	/** Answers of the circuit to `facts`, by their first word in capitals. */
	readonly facts: ReadonlyMap<string, string>;
	/** Of the calibration in force. */
	readonly before: Coefficients;
	/** How many solutions are planned. */
	readonly solutions: number;
	/** Of a probe without a circuit, by range. */
	readonly curves: readonly CalibrationBody[];
}

export interface Procedure {
	readonly rule: SettleRule;
	readonly rail: "probe" | "loop";
	/** Throws `calibration-order` where none is fitted. */
	sensor(probes: WaterProbes): Sensor<unknown>;
	/** Tells its circuit the temperature, which that forgets with its power. */
	prepare?(probes: WaterProbes, celsius: number): void;
	/** Of a sample, in the unit that points are in: pH, degC, uS/cm, mg/L, or turbidity by the curves in force. */
	valueOf(sample: never, curves: readonly CalibrationBody[]): number;
	/** Queries for what the circuit holds. */
	readonly facts: readonly string[];
	/** Milliseconds that a calibrating command takes; 0 where there is no circuit. */
	readonly milliseconds: number;
	/** The command of a point. Throws `calibration-order` for one that does not come now. */
	command(situation: Situation, point: Settled): string;
	/** Doubts about a point before it is taken. */
	doubts(situation: Situation, point: Settled): Doubt[];
	/** The whole, with the circuit's facts after it. */
	judge(situation: Situation): { readonly coefficients: Coefficients; readonly doubts: Doubt[] };
	/** What may be left as it is: a check finds no more than this. In the unit, or a part of the value. */
	readonly criterion: { readonly good: number; readonly fair: number; readonly isPart: boolean };
}

/** What has settled, and what it should be. */
export interface Settled {
	readonly nominal: number;
	readonly reading: number;
	readonly celsius: number;
}

/** Buffers this near to 7 are the middle one. */
const MIDDLE_PH = 7;
const MIDDLE_WITHIN = 1;
/** A solution of nothing: the air of the dry point, the zero of turbidity. */
const NOTHING_BELOW = 1e-9;
/** An electrode that moves less than this between two buffers does not move. */
const STUCK_PH = 0.3;

function order(text: string): StationError {
	return new StationError("calibration-order", text);
}

const pH: Procedure = {
	rule: SETTLE_RULES.pH,
	rail: "probe",
	sensor: (probes) => probes.pH,
	prepare: (probes, temperature) => probes.pH.configure({ temperature }),
	valueOf: ({ pHMeter }: { pHMeter: { pH: number } }) => pHMeter.pH,
	facts: ["Cal,?", "Slope,?"],
	milliseconds: 900,
	command: ({ points }, { nominal }) => {
		const [middle] = points;
		if (middle === undefined) {
			if (Math.abs(nominal - MIDDLE_PH) > MIDDLE_WITHIN) {
				throw order("the middle buffer, near pH 7, comes first: it clears the others");
			}
			return `Cal,mid,${nominal.toFixed(2)}`;
		}
		const side = (value: number): number => Math.sign(value - middle.nominalAtTemperature);
		if (Math.abs(nominal - middle.nominalAtTemperature) < MIDDLE_WITHIN) {
			throw order("a second buffer is at least one pH from the first");
		}
		const isThere = points
			.slice(1)
			.some((each) => side(each.nominalAtTemperature) === side(nominal));
		if (isThere) throw order("that side has its buffer already");
		return `Cal,${side(nominal) < 0 ? "low" : "high"},${nominal.toFixed(2)}`;
	},
	doubts: ({ points }, { nominal, reading }) => {
		const [middle] = points;
		if (middle === undefined) {
			return Math.abs(reading - nominal) > LIMITS.bottlePH ? ["wrong-bottle"] : [];
		}
		// One point moves the offset alone: the other side still reads with the full slope.
		const step = middle.nominalAtTemperature - nominal;
		const seen = middle.nominalAtTemperature - reading;
		if (Math.abs(seen) < STUCK_PH) return ["stuck"];
		return Math.abs(seen / step - 1) > LIMITS.bottlePart ? ["wrong-bottle"] : [];
	},
	judge: ({ points, facts }) => {
		const [acid, base, offset] = (facts.get("SLOPE") ?? "").split(",").map(numberOf);
		const middle = points[0]?.nominalAtTemperature ?? MIDDLE_PH;
		const isThere = (isAbove: boolean): boolean =>
			points.slice(1).some((each) => each.nominalAtTemperature > middle === isAbove);
		return {
			coefficients: [acid ?? 0, base ?? 0, offset ?? 0],
			doubts: doubtsOfElectrode(
				[isThere(false) ? acid : undefined, isThere(true) ? base : undefined],
				offset,
			),
		};
	},
	criterion: { good: 0.2, fair: 0.5, isPart: false },
};

const conductivity: Procedure = {
	rule: SETTLE_RULES.conductivity,
	rail: "probe",
	sensor: (probes) => probes.conductivity,
	valueOf: ({ conductivityMeter }: { conductivityMeter: { conductivity: number } }) =>
		conductivityMeter.conductivity,
	facts: ["Cal,?", "K,?"],
	milliseconds: 600,
	command: ({ points, solutions }, { nominal }) => {
		const isAir = nominal < NOTHING_BELOW;
		if (points.length === 0) {
			if (!isAir) throw order("the dry cell in the air comes first: standard=air");
			return "Cal,dry";
		}
		if (isAir) throw order("the dry point is there already");
		if (points.length > solutions) throw order(`${solutions} of the solutions are there already`);
		const shown = nominal.toFixed(nominal < 1000 ? 1 : 0);
		if (solutions === 1) return `Cal,${shown}`;
		if (points.length === 1) return `Cal,low,${shown}`;
		if (nominal <= (points[1]?.nominalAtTemperature ?? 0)) {
			throw order("the weaker of two solutions comes first");
		}
		return `Cal,high,${shown}`;
	},
	doubts: ({ points, facts, before }, { nominal, reading }) => {
		if (nominal < NOTHING_BELOW) return reading < LIMITS.dryMicrosiemens ? [] : ["not-dry"];
		// Dry cleared the solutions, and low alone shows nothing: the circuit reads by its K.
		const isRaw = points.length > 0;
		return isRaw ? doubtsOfCell(...cellOf(facts, nominal, reading), before[0]) : [];
	},
	judge: ({ points, facts, before }) => {
		const last = points[points.length - 1];
		if (last === undefined || points.length < 2) return { coefficients: before, doubts: [] };
		const [cell, ofCircuit] = cellOf(facts, last.nominalAtTemperature, last.reading);
		return {
			coefficients: [cell, ofCircuit, 0],
			doubts: doubtsOfCell(cell, ofCircuit, before[0]),
		};
	},
	criterion: { good: 0.03, fair: 0.1, isPart: true },
};

const temperature: Procedure = {
	rule: SETTLE_RULES.temperature,
	rail: "probe",
	sensor: (probes) => probes.temperature,
	valueOf: ({ thermometer }: { thermometer: { temperature: number } }) => thermometer.temperature,
	facts: ["Cal,?"],
	milliseconds: 600,
	command: ({ points }, { nominal }) => {
		if (points.length > 0) throw order("a thermometer has one point");
		return `Cal,${nominal.toFixed(3)}`;
	},
	doubts: () => [],
	judge: ({ points }) => {
		const [point] = points;
		const correction = point === undefined ? 0 : point.nominalAtTemperature - point.reading;
		return {
			coefficients: [correction, 0, 0],
			doubts: doubtsOfCorrection(correction, LIMITS.temperatureGood, LIMITS.temperatureFair),
		};
	},
	criterion: { good: 0.2, fair: 0.5, isPart: false },
};

const dissolvedOxygen: Procedure = {
	rule: SETTLE_RULES.dissolvedOxygen,
	rail: "probe",
	sensor: (probes) => {
		if (probes.dissolvedOxygen === undefined) throw order("no oxygen probe is configured");
		return probes.dissolvedOxygen;
	},
	// The water on a membrane in the air is fresh, and so is what its table is for.
	prepare: ({ dissolvedOxygen: probe }, celsius) =>
		(probe as FurtherSensor).configure({ celsius, microsiemensAt25: 0 }),
	valueOf: ({ value }: { value: number }) => value,
	facts: ["Cal,?"],
	milliseconds: 1300,
	command: ({ points }, { nominal }) => {
		const isZero = nominal < NOTHING_BELOW;
		if (points.length > 1) throw order("air and zero are there already");
		if (points.length === 1 && !isZero) throw order("the air is there already");
		if (points.length === 0 && isZero) throw order("the air comes first: standard=moist-air");
		return isZero ? "Cal,0" : "Cal";
	},
	doubts: ({ points }, { nominal, reading }) => {
		const [air] = points;
		if (air !== undefined) return doubtsOfZero(reading, air.nominalAtTemperature);
		return Math.abs(reading / nominal - 1) > LIMITS.bottlePart ? ["wrong-bottle"] : [];
	},
	judge: ({ points: [air, zero] }) => {
		const span = air === undefined ? 1 : air.reading / air.nominalAtTemperature;
		return {
			coefficients: [100 * span, zero?.reading ?? 0, 0],
			doubts: doubtsOfCorrection(span - 1, LIMITS.oxygenGood, LIMITS.oxygenFair),
		};
	},
	criterion: { good: 0.3, fair: 1, isPart: false },
};

const turbidity: Procedure = {
	rule: SETTLE_RULES.turbidity,
	rail: "loop",
	sensor: (probes) => probes.turbidity,
	valueOf: (
		{ turbidimeter: { signalMicrovolts, range } }: TurbiditySample,
		curves: readonly CalibrationBody[],
	) => onCurve(curves[range]?.coefficients ?? [0, 0, 0], signalMicrovolts / 1e6),
	facts: [],
	milliseconds: 0,
	command: ({ points }, { nominal }) => {
		const isZero = nominal < NOTHING_BELOW;
		if (points.length > 1) throw order("zero and a standard are there already");
		if (points.length === 1 && isZero) throw order("the zero is there already");
		if (points.length === 0 && !isZero) throw order("zero comes first: standard=filtered-water");
		return "";
	},
	doubts: ({ points }, { nominal, reading }) => {
		const [zero] = points;
		if (zero === undefined) return doubtsOfZero(reading, LIMITS.turbidityZero);
		const part = (reading - zero.reading) / nominal;
		if (Math.abs(part) < LIMITS.zeroPart) return ["stuck"];
		return Math.abs(part - 1) > LIMITS.bottlePart ? ["wrong-bottle"] : [];
	},
	judge: ({ points, curves }) => {
		const [shift, gain] = gaugeOf(points);
		const [c0, c1, c2] = curves[0]?.coefficients ?? [0, 0, 0];
		return {
			coefficients: [shift + gain * c0, gain * c1, gain * c2],
			doubts: doubtsOfCorrection(1 / gain - 1, LIMITS.turbidityGood, LIMITS.turbidityFair),
		};
	},
	criterion: { good: 0.05, fair: 0.3, isPart: true },
};

/** Those that can be calibrated; where there is no circuit the station keeps the curves. */
export const PROCEDURES: Readonly<Partial<Record<ChannelName, Procedure>>> = Object.freeze({
	pH,
	conductivity,
	temperature,
	turbidity,
	dissolvedOxygen,
});

/** Of the cell, 1/cm, and what the circuit's K says: what conducts less than it should has a larger constant. */
function cellOf(
	facts: ReadonlyMap<string, string>,
	nominal: number,
	reading: number,
): [number, number] {
	const ofCircuit = numberOf(facts.get("K") ?? "") ?? 1;
	return [reading > 0 ? (ofCircuit * nominal) / reading : Number.MAX_SAFE_INTEGER, ofCircuit];
}

/** A number as circuits print it; undefined for anything else. */
function numberOf(text: string): number | undefined {
	const value = Number(text);
	return text === "" || Number.isNaN(value) ? undefined : value;
}

/** What the electrode gave at each buffer, mV, from the offset that the circuit tells and readings with the full slope. */
export function electrodeMillivolts(
	points: readonly CalibrationPoint[],
	offset: number | undefined,
): (number | undefined)[] {
	const [middle] = points;
	if (middle === undefined || offset === undefined) return points.map(() => undefined);
	const atMiddle = offset + (7 - middle.nominalAtTemperature) * nernstMillivolts(middle.celsius);
	return points.map((point, index) =>
		index === 0
			? atMiddle
			: atMiddle + (middle.nominalAtTemperature - point.reading) * nernstMillivolts(point.celsius),
	);
}
