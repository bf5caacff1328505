/**
 * What measuring sees of a probe: the Sensor Class Pattern of ECMA-419 in its asynchronous reading.
 * `begin()` starts a conversion and says how long it takes at least; `sample()` returns the values,
 * or undefined while the part is still busy. Drivers never wait; the measuring task does.
 */

/** A driver of a probe; `Sample` is the object its ECMA-419 class defines. */
export interface Sensor<Sample> {
	/** Starts a conversion; milliseconds until `sample()` can have something. Throws StationError. */
	begin(): number;
	/** The values, or undefined while busy. Throws StationError for a fault. */
	sample(): Sample | undefined;
	close(): void;
}

/** Class Temperature (ECMA-419 clause 14): degrees Celsius. */
export interface TemperatureSample {
	thermometer: { temperature: number };
}

/** Class PH, by the extensibility rules of the standard: pH units, resolution 0.001. */
export interface PHSample {
	pHMeter: { pH: number };
}

/** Class Conductivity: microsiemens per centimetre at the water's temperature, uncompensated. */
export interface ConductivitySample {
	conductivityMeter: { conductivity: number };
}

/** Class Turbidity: the electrical signal at the probe, and whether the loop is healthy. */
export interface TurbiditySample {
	turbidimeter: {
		/** Microvolts at the probe's output (over the shunt for a current loop), before any curve. */
		signalMicrovolts: number;
		/** Index of the measuring range that was in use, 0 when there is one only. */
		range: number;
		/** `fault` as NAMUR NE 43 says it; `saturated` between 3.6..3.8 or 20.5..21 mA; `clipped` at the converter's end. */
		state: "good" | "saturated" | "clipped" | "fault";
	};
}

/** Class Battery: volts at the terminals. */
export interface BatterySample {
	battery: { voltage: number; current?: number };
}
