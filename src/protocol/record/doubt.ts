/**
 * What the flags of an input mean for a value that is derived from it: the table that docs/FORMAT.md
 * (8) has. Each flag is in one column of each row.
 */
import { CHANNEL_FLAGS } from "./reading.js";

const { absent, fault, outOfRange, unstable, uncompensated, suspect, saturated, uncalibrated } =
	CHANNEL_FLAGS;

export interface InputDoubts {
	/** There is no value. */
	readonly refused: number;
	/** The value bears the same flag. */
	readonly inherited: number;
	/** The value stands, with a note that its law was not checked. */
	readonly noted: number;
	/** Changes nothing. */
	readonly ignored: number;
}

/** By derived value and input; its own channel's flags a value bears unaltered. */
export const INPUT_DOUBTS = Object.freeze({
	/** 5 degC too warm is 10 % too little; out of range it is the temperature of something else. */
	temperatureOfConductivity: Object.freeze({
		refused: absent | fault | outOfRange | saturated,
		inherited: unstable | uncompensated | suspect | uncalibrated,
		noted: 0,
		ignored: 0,
	}),
	/** Only whether the water is acid; uncompensated, a pH of 5 is 0.15 off at most. */
	pHOfConductivity: Object.freeze({
		refused: 0,
		inherited: 0,
		noted: absent | fault | outOfRange | unstable | suspect | saturated | uncalibrated,
		ignored: uncompensated,
	}),
} satisfies Record<string, InputDoubts>);
