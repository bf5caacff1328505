/** The ESP32 board as the firmware's ports: one adapter each, put together. */
import OneWire from "onewire";
import type { Board } from "../ports.js";
import { createBus, openReadingsPartition } from "./buses.js";
import { createClock } from "./clock.js";
import { openConsole } from "./console.js";
import { createDatagram } from "./datagram.js";
import type { Guard } from "./guard.js";
import { createHttpsClient } from "./https.js";
import { createSigner, createVerifier } from "./keys.js";
import { createLink, createResolver } from "./link.js";
import {
	createChipSha256,
	createCrashMemory,
	createEntropy,
	createRetainedMemory,
} from "./memory.js";
import type { Native } from "./native.js";
import { createOneWire, type OneWireParts } from "./onewire.js";
import { PINS } from "./pins.js";
import { createProcessor, createRail, createWatchdog } from "./processor.js";
import type { Provisioning } from "./provisioning.js";
import { createSettings } from "./settings.js";

/** Of partitions.csv. */
const READINGS_LABEL = "readings";

export interface BoardOptions {
	readonly native: Native;
	readonly guard: Guard;
	readonly provisioning: Provisioning;
}

/** Opens every port. Throws what opening throws: no partition, no key. */
export function openBoard(options: BoardOptions): Board {
	const { native, guard, provisioning } = options;
	const entropy = createEntropy(native);
	const line = openConsole(native, guard);
	return {
		clock: createClock(native, guard),
		entropy,
		processor: createProcessor(native, PINS.service),
		retained: createRetainedMemory(native),
		crash: createCrashMemory(native),
		settings: createSettings(),
		watchdog: createWatchdog(native),
		image: {
			isOnTrial: native.station_image_on_trial() !== 0,
			confirm: () => native.station_image_confirm(),
		},
		log: { line: (text) => trace(`${text}\n`) },
		flash: openReadingsPartition(READINGS_LABEL),
		systemBus: createBus(native, PINS.systemBus),
		probeBus: createBus(native, PINS.probeBus),
		oneWire: createOneWire({
			native,
			pin: PINS.oneWire,
			Bus: OneWire as unknown as OneWireParts["Bus"],
		}),
		probeRail: createRail(native, PINS.probeRail),
		loopRail: createRail(native, PINS.loopRail),
		network: {
			link: createLink(native, guard, provisioning.credentials),
			resolver: createResolver(guard),
			HttpsClient: createHttpsClient({
				guard,
				entropy,
				certificateAuthority: provisioning.certificateAuthority,
			}),
			Datagram: createDatagram(guard),
		},
		signer: createSigner(native, guard),
		verifier: createVerifier(native, guard),
		sha256: createChipSha256(native),
		console: line,
		trustFloorUtcSeconds: provisioning.trustFloorUtcSeconds,
	};
}
