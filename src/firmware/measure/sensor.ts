/**
 * What measuring sees of a probe: the Sensor Class Pattern of ECMA-419 in its asynchronous reading.
 * `begin()` starts a conversion and says how long it takes at least; `sample()` returns the values,
 * or undefined while the part is still busy. Drivers never wait; the measuring task does.
 */

/** A driver of a probe; `Sample` is the object its ECMA-419 class defines. */
export interface Sensor<Sample> {
	/** From power-on of the probe's rail until `begin` makes sense, milliseconds. */
	readonly warmUpMilliseconds: number;
	/**
	 * After a `sample()` that said undefined: how long until it is worth asking again, milliseconds.
	 */
	readonly pollMilliseconds: number;
	/**
	 * What tells this probe from another, ASCII: model, firmware, points of calibration, serial number as
	 * far as it says them. Known after a sample; absent where the part cannot say.
	 */
	readonly identity?: string | undefined;
	/** The circuit under it where there is one that holds a calibration of its own. */
	readonly circuit?: SpokenCircuit;
	/** Starts a conversion; milliseconds until `sample()` can have something. Throws StationError. */
	begin(): number;
	/** The values, or undefined while busy. Throws StationError for a fault. */
	sample(): Sample | undefined;
	close(): void;
}

/** A circuit that is spoken to in its own words; calibrating is. */
export interface SpokenCircuit {
	/** Says a command; milliseconds until `poll` makes sense. Throws StationError. */
	send(command: string, milliseconds: number): number;
	/** True when it has been answered. Throws StationError, `probe-syntax` where it was refused. */
	poll(): boolean;
	/** The answer to the last command. */
	readonly heard: string;
	readonly pollMilliseconds: number;
}

/** A probe whose circuit is sent the water's temperature. */
export interface CompensatedSensor<Sample> extends Sensor<Sample> {
	/** Degrees Celsius, used from the next `begin` on. Touches no bus. */
	configure(options: { temperature?: number }): void;
}

/** A circuit that must be silent while its neighbour measures. */
export interface SleepingSensor {
	/**
	 * Puts it to sleep; does nothing while it sleeps already. `begin` wakes it. Throws StationError.
	 */
	sleep(): void;
}

/** Class Temperature (ECMA-419 clause 14): degrees Celsius. */
export interface TemperatureSample {
	thermometer: { temperature: number };
}

/** Class PH, by the extensibility rules of the standard: pH units, resolution 0.001. */
export interface PHSample {
	pHMeter: {
		pH: number;
		/** Points of calibration that the circuit says it holds, 0 for none; undefined: not known. */
		calibrationPoints?: number | undefined;
	};
}

/** Class Conductivity: microsiemens per centimetre at the water's temperature, uncompensated. */
export interface ConductivitySample {
	conductivityMeter: {
		conductivity: number;
		/** As in `PHSample`. */
		calibrationPoints?: number | undefined;
	};
}

/** Class Turbidity: the electrical signal at the probe, and whether the loop is healthy. */
export interface TurbiditySample {
	turbidimeter: {
		/** Microvolts at the probe's output (over the shunt for a current loop), before any curve. */
		signalMicrovolts: number;
		/** Index of the measuring range that was in use, 0 when there is one only. */
		range: number;
		/**
		 * For a current loop as NAMUR NE 43 has it: `fault` below 3.6 or above 21 mA, `saturated` from
		 * there to 3.8 and 20.5 mA, where a healthy transmitter stops; `clipped` where the converter
		 * or its supply ends, whatever the probe says.
		 */
		state: "good" | "saturated" | "clipped" | "fault";
		/**
		 * A tenth of the probe's scale in this range, as a signal. Optics that have been saturated
		 * roll over in yet dirtier water: only below this is the flood believed to be over. Absent where
		 * every signal is small against the scale.
		 */
		tenthOfScaleMicrovolts?: number;
		/** Signal of clear water, and what signals of calm water may differ by within a burst. */
		zeroMicrovolts?: number;
		calmMicrovolts?: number;
	};
}

/** What a further probe is given about the water. */
export interface Surroundings {
	/** Degrees Celsius; a stand-in where it is not known. */
	readonly celsius: number;
	/** Conductivity at 25 degC, uS/cm; undefined where that or the temperature is not known. */
	readonly microsiemensAt25: number | undefined;
}

/** A channel of its own that no other probe has to mind (further.ts). */
export interface FurtherSample {
	/** In the unit of the channel's row. */
	readonly value: number;
	readonly isOutOfRange: boolean;
	/** Something that it needs to know about the water was not known. */
	readonly isUncompensated: boolean;
	/** As in `PHSample`. */
	readonly calibrationPoints?: number | undefined;
}

export interface FurtherSensor extends Sensor<FurtherSample> {
	/** What two readings in a row may differ by: a few times the noise of a probe that has settled. */
	readonly agreement: number;
	/** Used from the next `begin` on. Touches no bus. */
	configure(surroundings: Surroundings): void;
}

/** Class Battery: volts at the terminals. */
export interface BatterySample {
	battery: { voltage: number; current?: number };
}
