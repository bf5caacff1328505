/**
 * What is thought of a calibration: doubts by name, each with a grade, and the verdict that the worst of them makes.
 * One rule for the station that commits, the program that explains and whoever reads the record. docs/VISIT.md has
 * the numbers and where they come from.
 */

/** In every entry that was judged by it; other numbers below need another. */
export const RULE_VERSION = 1;

export const VERDICTS = Object.freeze(["not-judged", "good", "warning", "rejected"] as const);

const WARNING = 2;
const REJECTED = 3;

/** Doubts by name; what is rejected can be committed with a reason only, and stays marked. */
export const DOUBT_GRADES = Object.freeze({
	"not-settled": REJECTED,
	expired: REJECTED,
	"wrong-bottle": REJECTED,
	stuck: REJECTED,
	"not-dry": REJECTED,
	"not-zero": REJECTED,
	"slope-bad": REJECTED,
	"offset-bad": REJECTED,
	"cell-bad": REJECTED,
	"correction-large": REJECTED,
	"slope-poor": WARNING,
	"offset-poor": WARNING,
	"cell-changed": WARNING,
	"correction-poor": WARNING,
	"bottle-unlike-river": WARNING,
	"lot-unknown": WARNING,
	"clock-unknown": WARNING,
} as const);

export type Doubt = keyof typeof DOUBT_GRADES;

/** Code of the verdict: index into VERDICTS. */
export function verdictOf(doubts: readonly Doubt[]): number {
	let verdict = 1;
	for (const doubt of doubts) verdict = Math.max(verdict, DOUBT_GRADES[doubt]);
	return verdict;
}

/** Nernst slope at a temperature, mV per pH: 59.16 at 25 degC. */
export function nernstMillivolts(celsius: number): number {
	return 0.198416 * (celsius + 273.15);
}

/** Limits of the rule, as VISIT.md has them. Percent, millivolts, degC, or parts of one. */
export const LIMITS = Object.freeze({
	slopeGood: Object.freeze([95, 105] as const),
	slopeFair: Object.freeze([90, 107] as const),
	offsetGood: 20,
	offsetFair: 30,
	/** A bottle that reads so much off by the old calibration is another bottle, or no electrode. */
	bottlePH: 1.5,
	bottlePart: 0.5,
	/** Half of what two buffers must differ by: the same value in every buffer is a broken glass. */
	stuckPart: 0.5,
	dryMicrosiemens: 10,
	/** Cell constant against what K says, and against the calibration before. */
	cellPart: 0.3,
	cellChangeGood: 0.05,
	cellChangeFair: 0.15,
	temperatureGood: 0.2,
	temperatureFair: 0.5,
	turbidityGood: 0.15,
	turbidityFair: 0.3,
	/** The span, FNU, of which a zero may read `zeroPart`: 3 FNU and more are turbid water, or a film on the optics. */
	turbidityZero: 30,
	oxygenGood: 0.15,
	oxygenFair: 0.3,
	/** Of the span: a zero that reads more is none, a standard that reads less does not move the probe. */
	zeroPart: 0.1,
	riverCelsius: 10,
	/** pH that the conductivity circuit adds while it is awake; of isolated circuits less than noise. */
	couplingPH: 0.02,
});

/** Slopes in percent of Nernst's (a side without a point: undefined), offset in mV at pH 7. */
export function doubtsOfElectrode(
	slopes: readonly (number | undefined)[],
	offsetMillivolts: number | undefined,
): Doubt[] {
	const doubts: Doubt[] = [];
	for (const slope of slopes) {
		if (slope === undefined) continue;
		if (isOutside(slope, LIMITS.slopeFair)) doubts.push("slope-bad");
		else if (isOutside(slope, LIMITS.slopeGood)) doubts.push("slope-poor");
	}
	const offset = Math.abs(offsetMillivolts ?? 0);
	if (offset > LIMITS.offsetFair) doubts.push("offset-bad");
	else if (offset > LIMITS.offsetGood) doubts.push("offset-poor");
	return doubts;
}

/** A cell constant against what the circuit's K says, and against the calibration before where that is known. */
export function doubtsOfCell(cell: number, ofCircuit: number, before: number): Doubt[] {
	const isFar = Math.abs(cell / ofCircuit - 1) > LIMITS.cellPart;
	const change = before > 0 ? Math.abs(cell / before - 1) : 0;
	if (isFar || change > LIMITS.cellChangeFair) return ["cell-bad"];
	return change > LIMITS.cellChangeGood ? ["cell-changed"] : [];
}

/** How far a value was put right, against what is good and what is fair. */
export function doubtsOfCorrection(correction: number, good: number, fair: number): Doubt[] {
	const size = Math.abs(correction);
	if (size > fair) return ["correction-large"];
	return size > good ? ["correction-poor"] : [];
}

/** What reads in a solution of nothing, against a span. */
export function doubtsOfZero(reading: number, span: number): Doubt[] {
	return Math.abs(reading) > LIMITS.zeroPart * span ? ["not-zero"] : [];
}

function isOutside(value: number, [low, high]: readonly [number, number]): boolean {
	return value < low || value > high;
}
