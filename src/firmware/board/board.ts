/** The ESP32 board as the firmware's ports: one adapter each, put together. */
import OneWire from "onewire";
import type { Provisioning } from "../config/provisioning.js";
import type { Board } from "../ports.js";
import { NetworksInTurn } from "../uplink/networks-in-turn.js";
import { noLink } from "../uplink/no-link.js";
import { createBus, openReadingsPartition } from "./buses.js";
import { createClock } from "./clock.js";
import { openConsole } from "./console.js";
import { createDatagram } from "./datagram.js";
import type { Guard } from "./guard.js";
import { createHttpsClient } from "./https.js";
import { createSigner, createVerifier } from "./keys.js";
import { createResolver, guardedWiFi } from "./link.js";
import {
	createChipSha256,
	createCrashMemory,
	createEntropy,
	createRetainedMemory,
} from "./memory.js";
import type { Native } from "./native.js";
import { createOneWire, type OneWireParts } from "./onewire.js";
import type { BoardPins } from "./pins.js";
import { createProcessor, createRail, createWatchdog } from "./processor.js";
import { createSettings } from "./settings.js";

/** Of partitions.csv. */
const READINGS_LABEL = "readings";

export interface BoardOptions {
	readonly native: Native;
	readonly guard: Guard;
	readonly provisioning: Provisioning;
	readonly pins: BoardPins;
}

/** Opens every port. Throws what opening throws: no partition, no key. */
export function openBoard(options: BoardOptions): Board {
	const { native, guard, provisioning, pins } = options;
	const { isComplete, authority, networks, trustFloorUtcSeconds } = provisioning;
	const clock = createClock(native, guard);
	const entropy = createEntropy(native);
	const line = openConsole(native, guard, pins, !isComplete);
	const power = (isOn: boolean) => native.station_radio(isOn ? 1 : 0);
	const link = isComplete
		? new NetworksInTurn({ Radio: guardedWiFi(guard), clock, networks, power })
		: noLink(clock);
	return {
		clock,
		entropy,
		processor: createProcessor(native, pins.service),
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
		systemBus: createBus(native, pins.systemBus),
		probeBus: createBus(native, pins.probeBus),
		oneWire: createOneWire({
			native,
			pin: pins.oneWire,
			Bus: OneWire as unknown as OneWireParts["Bus"],
		}),
		probeRail: createRail(native, pins.probeRail),
		loopRail: createRail(native, pins.loopRail),
		network: {
			link,
			resolver: createResolver(guard, link),
			HttpsClient: createHttpsClient({
				guard,
				entropy,
				certificateAuthority: authority.slice().buffer,
			}),
			Datagram: createDatagram(guard),
		},
		signer: createSigner(native, guard),
		verifier: createVerifier(native, guard),
		sha256: createChipSha256(native),
		console: line,
		trustFloorUtcSeconds,
	};
}
