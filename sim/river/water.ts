/** What there is of the water at a place and an instant. */

/** The water at one place and instant. */
export interface WaterState {
	/** pH units. */
	readonly pH: number;
	/** Specific conductance at 25 degC, microsiemens per centimetre. */
	readonly conductivityAt25MicrosiemensPerCm: number;
	/** Formazin units; an instrument around an honest zero also reads small negatives. */
	readonly turbidityFormazinUnits: number;
	/** Degrees Celsius. */
	readonly temperatureCelsius: number;
}

export type WaterChannel = keyof WaterState;
