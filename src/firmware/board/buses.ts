/** I2C buses and the readings partition: the SDK's classes are the ports, but for their recovery. */
import I2C from "embedded:io/i2c";
import flash from "embedded:storage/flash";
import type { FlashPartition, I2CBus, I2CConstructor } from "../ports.js";
import type { Native } from "./native.js";
import type { BusPins } from "./pins.js";

/**
 * Peers are opened with the SDK's class itself; 50 ms bound the longest transaction (32 bytes at
 * 100 kHz are 3 ms, and an EZO circuit stretches the clock for less than one more).
 */
const TRANSACTION_MILLISECONDS_MAX = 50;

export function createBus(native: Native, pins: BusPins): I2CBus {
	return {
		connection: {
			io: I2C as unknown as I2CConstructor,
			data: pins.data,
			clock: pins.clock,
			port: pins.port,
			timeout: TRANSACTION_MILLISECONDS_MAX,
			// Only the isolators' resistors: the chip's 45 kilohms are too weak for 100 kHz anyway.
			pullup: false,
		},
		recovery: {
			clear: () => native.station_bus_clear(pins.port, pins.data, pins.clock) === 1,
		},
	};
}

/** Opens the partition by its label in partitions.csv. Throws the SDK's plain Error without it. */
export function openReadingsPartition(label: string): FlashPartition {
	return flash.open({ path: label, mode: "r+" });
}
