/** A probe on an EZO circuit: what all of them do alike, and a reading at the temperature of the water. */
import { StationError } from "../../src/core/errors.js";
import { isDigits } from "../../src/core/text.js";
import type { SleepingSensor } from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import {
	EzoCircuit,
	type EzoCommand,
	type EzoNeeds,
	ezoAnswerOf,
	NO_COMMANDS,
	SHORT_MILLISECONDS,
} from "./ezo.js";

/** From power-on to the first acknowledgement: 846 ms measured for pH, 740 EC, 735 RTD. */
const EZO_WARM_UP_MILLISECONDS = 1000;

/** First firmware (times 100) with `RT`, which sets the temperature and reads in one command. */
const FIRMWARE_WITH_RT = 212;

/** What every probe on such a circuit does alike; each says what its circuit needs, and what a reading is. */
export abstract class EzoProbe implements SleepingSensor, EzoNeeds {
	readonly warmUpMilliseconds = EZO_WARM_UP_MILLISECONDS;
	readonly circuit: EzoCircuit;
	/** That the circuit holds; undefined where it is not known. */
	protected calibrationPoints: number | undefined;

	/** Reserves the address; the circuit is first spoken to by `begin`. */
	constructor(sensor: I2CConnection, kind: string, address: number) {
		this.circuit = new EzoCircuit({ sensor, kind, address, needs: this });
	}

	get identity(): string | undefined {
		return this.circuit.identityWith(this.calibrationPoints);
	}

	get pollMilliseconds(): number {
		return this.circuit.pollMilliseconds;
	}

	sleep(): void {
		this.circuit.sleep();
	}

	close(): void {
		this.circuit.close();
	}

	abstract setUp(): readonly EzoCommand[];

	/** `Cal,?`: a refusal leaves it unknown how many points the circuit holds. */
	protected queryCalibration(): EzoCommand {
		return {
			text: "Cal,?",
			milliseconds: SHORT_MILLISECONDS,
			onAnswer: (text) => {
				const points = ezoAnswerOf("CAL", text);
				if (points === undefined || !isDigits(points, 1)) {
					throw new StationError("probe-malformed", `Cal,? was answered with "${text}"`);
				}
				this.calibrationPoints = Number(points);
				return NO_COMMANDS;
			},
			onRefused: () => {
				this.calibrationPoints = undefined;
				return NO_COMMANDS;
			},
		};
	}

	/** Begins a reading at so many degrees Celsius that takes `milliseconds`. */
	protected beginCompensated(
		celsius: number,
		milliseconds: number,
		onReading: (text: string) => void,
	): number {
		return this.circuit.start(() =>
			compensatedReading({ firmware: this.circuit.firmware, celsius, milliseconds, onReading }),
		);
	}
}

/**
 * A reading at `celsius`: `RT,<t>` where the firmware has it, else `T,<t>` and `R`. Sent with every
 * reading, because the circuit forgets the temperature with its power.
 */
function compensatedReading(options: {
	readonly firmware: number | undefined;
	readonly celsius: number;
	readonly milliseconds: number;
	readonly onReading: (text: string) => void;
}): readonly EzoCommand[] {
	const { firmware, milliseconds, onReading } = options;
	const celsius = tenthsOf(options.celsius);
	const onAnswer = (text: string): readonly EzoCommand[] => {
		onReading(text);
		return NO_COMMANDS;
	};
	const inTwo = (): readonly EzoCommand[] => [
		{
			text: `T,${celsius}`,
			milliseconds: SHORT_MILLISECONDS,
			onAnswer: (text) => {
				if (text === "") return NO_COMMANDS;
				throw new StationError("probe-malformed", `T was answered with "${text}"`);
			},
		},
		{ text: "R", milliseconds, onAnswer },
	];
	if (firmware === undefined || firmware < FIRMWARE_WITH_RT) return inTwo();
	return [{ text: `RT,${celsius}`, milliseconds, onAnswer, onRefused: inTwo }];
}

/** One decimal, half up: `25.0`, `-0.5`. */
function tenthsOf(value: number): string {
	const tenths = Math.round(value * 10);
	const magnitude = Math.abs(tenths);
	return `${tenths < 0 ? "-" : ""}${Math.floor(magnitude / 10)}.${magnitude % 10}`;
}
