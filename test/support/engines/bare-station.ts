/** One simulated station in memory, with a keyed hash in place of signatures: for what needs no files. */

import type { Bootloader } from "../../../sim/flash/bootloader.js";
import { SimulatedFlash } from "../../../sim/flash/flash.js";
import {
	createKeyedHashSigner,
	createKeyedHashVerifier,
	type KeyOperations,
	keyedHashPublicKey,
} from "../../../sim/keys/keyed-hash-signer.js";
import type { Endpoint } from "../../../sim/network/wire.js";
import { loopOf } from "../../../sim/probes/turbidity-loop.js";
import type { River } from "../../../sim/river/river.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { StationObserver } from "../../../sim/station/observer.js";
import { SimulatedStation, type StationProgram } from "../../../sim/station/station.js";
import {
	type StationProgramOptions,
	stationProgram,
} from "../../../sim/station/station-program.js";
import type { Witness } from "../../../sim/station/witness.js";
import { SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import type { Signer, Verifier } from "../../../src/firmware/ports.js";

/** 2026-10-01T00:00:00Z */
export const START_UTC_SECONDS = 1_790_812_800;

export interface BareStationOptions {
	readonly seed?: number;
	readonly name?: string;
	/** When it begins; START_UTC_SECONDS. */
	readonly originUtcSeconds?: number;
	readonly river?: River;
	readonly witness?: Witness;
	readonly observer?: StationObserver;
	/** What the board's clock gains in deep sleep, parts per million; 0. */
	readonly sleepClockPartsPerMillion?: number;
	readonly sectors?: number;
	readonly configuration?: Partial<StationConfiguration>;
	readonly collectorPublicKey?: Uint8Array;
	readonly endpoint?: Endpoint;
	/** In place of the keyed hash. */
	readonly keys?: {
		readonly publicKey: Uint8Array;
		create(operations: KeyOperations): { signer: Signer; verifier: Verifier };
	};
	readonly openProbes?: StationProgramOptions["openProbes"];
	/** Around the program, for tests that look at what it makes. */
	readonly wrap?: (program: StationProgram) => StationProgram;
	readonly bootloader?: Bootloader;
	readonly onLog?: (station: string, line: string) => void;
}

const SILENT: Witness = { appended: () => {}, acknowledged: () => {} };

export const sha256 = createSha256();

export function bareStation(options: BareStationOptions = {}): SimulatedStation {
	const { seed = 1, name = "bor-1", originUtcSeconds = START_UTC_SECONDS } = options;
	const publicKey = bareStationKey(name);
	const configuration: StationConfiguration = {
		...DEFAULT_CONFIGURATION,
		station: name,
		collectorHost: "collector.bistrina.invalid",
		collectorPort: 443,
		collectorPublicKey: options.collectorPublicKey ?? publicKey,
		...options.configuration,
	};
	const flash = new SimulatedFlash({
		sectors: options.sectors ?? 256,
		random: new SeededRandom(seed + 7),
		onBusy: (microseconds) => station.clock.consume(microseconds),
	});
	const program = stationProgram({
		configuration,
		witness: options.witness ?? SILENT,
		...(options.openProbes === undefined ? {} : { openProbes: options.openProbes }),
	});
	const river = options.river ?? SCENARIOS["quiet-bor"]?.(seed, originUtcSeconds);
	if (river === undefined) throw new Error("no river");
	const station: SimulatedStation = new SimulatedStation({
		name,
		seed,
		river,
		conduction: { kind: "natural" },
		probes: configuration,
		...loopOf(configuration),
		originUtcSeconds,
		trustFloorUtcSeconds: START_UTC_SECONDS - 86_400,
		program: options.wrap?.(program) ?? program,
		flash,
		createKeys:
			options.keys?.create ??
			((operations) => ({
				signer: createKeyedHashSigner(publicKey, sha256, operations),
				verifier: createKeyedHashVerifier(sha256, operations),
			})),
		endpoint:
			options.endpoint ?? ((_request, onAnswer) => onAnswer(new Error("nobody is listening"))),
		...(options.bootloader === undefined ? {} : { bootloader: options.bootloader }),
		...(options.onLog === undefined ? {} : { onLog: options.onLog }),
		...(options.observer === undefined ? {} : { observer: options.observer }),
	});
	station.sleepClockPartsPerMillion = options.sleepClockPartsPerMillion ?? 0;
	return station;
}

/** The stand-in's key of a station. */
export function bareStationKey(name: string): Uint8Array {
	return keyedHashPublicKey(new TextEncoder().encode(name), sha256);
}

/** Runs it up to an instant of its river. */
export function runUntil(station: SimulatedStation, utcSeconds: number): void {
	while (station.utcSeconds < utcSeconds) if (!station.step()) return;
}
