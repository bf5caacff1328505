/** Which pin of the ESP32-WROOM-32E does what on the reference board. */

export interface BusPins {
	readonly port: number;
	readonly data: number;
	readonly clock: number;
}

/**
 * Rails and the service contact must be RTC pins (0, 2, 4, 12..15, 25..27, 32..39): only those hold
 * their level, or wake the chip, in deep sleep. 0, 2, 12 and 15 are strapping pins and stay free.
 */
export const PINS = Object.freeze({
	/** RTC and ADC, always powered. */
	systemBus: Object.freeze({ port: 0, data: 21, clock: 22 }),
	/** EZO circuits, clamped while their rail is off. */
	probeBus: Object.freeze({ port: 1, data: 18, clock: 19 }),
	/**
	 * Data line of a DS18B20, pulled up to `probeRail`. Not an RTC pin: it is neither to be held nor to
	 * wake, and the level and pull of any other pin are gone in deep sleep, whatever a crash left there.
	 */
	oneWire: 23,
	probeRail: 32,
	loopRail: 33,
	/** Closed to ground by the technician's plug: wakes the station and keeps it awake. */
	service: 27,
	/** UART0, the serial chip's. */
	consoleTransmit: 1,
	consoleReceive: 3,
});
