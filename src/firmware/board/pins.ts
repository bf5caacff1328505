/** Which pin of the ESP32-WROOM-32E does what: on the reference board, unless a board is provisioned otherwise. */
import { REFERENCE_PINS } from "../config/provisioning-fields.js";

export interface BusPins {
	readonly port: number;
	readonly data: number;
	readonly clock: number;
}

export interface BoardPins {
	/** RTC and ADC, always powered. */
	readonly systemBus: BusPins;
	/** EZO circuits, clamped while their rail is off. */
	readonly probeBus: BusPins;
	/**
	 * Data line of a DS18B20, pulled up to `probeRail`. Not an RTC pin: it is neither to be held nor to
	 * wake, and the level and pull of any other pin are gone in deep sleep, whatever a crash left there.
	 */
	readonly oneWire: number;
	readonly probeRail: number;
	readonly loopRail: number;
	/** Closed to ground by the technician's plug: wakes the station and keeps it awake. */
	readonly service: number;
}

/** UART0, the serial chip's. */
export const CONSOLE_PINS = Object.freeze({ transmit: 1, receive: 3 });

/**
 * Rails and the service contact must be RTC pins (0, 2, 4, 12..15, 25..27, 32..39): only those hold
 * their level, or wake the chip, in deep sleep. 0, 2, 12 and 15 are strapping pins and stay free.
 */
export function boardPinsOf(pins: readonly number[]): BoardPins {
	const pin = (index: number): number => pins[index] ?? REFERENCE_PINS[index] ?? 0;
	return {
		systemBus: { port: 0, data: pin(0), clock: pin(1) },
		probeBus: { port: 1, data: pin(2), clock: pin(3) },
		oneWire: pin(4),
		probeRail: pin(5),
		loopRail: pin(6),
		service: pin(7),
	};
}
