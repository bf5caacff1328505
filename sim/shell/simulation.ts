/** The simulated world of `npm start`: stations over files, advanced against a collector. */

import { createHash } from "node:crypto";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { SeededChance, seedOf } from "../../src/core/chance.js";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import { DerivationContext, type DerivedReading } from "../../src/protocol/record/derive.js";
import { decodeEntry, type Entry } from "../../src/protocol/record/entry.js";
import { Placer } from "../../src/protocol/record/time-resolver.js";
import { SimulatedFlash } from "../flash/flash.js";
import type { Endpoint } from "../network/wire.js";
import type { River } from "../river/river.js";
import { type SavedStation, SimulatedStation } from "../station/station.js";
import { stationProgram } from "../station/station-program.js";
import { World } from "../station/world.js";
import { catchUp } from "./catch-up.js";
import type { DataDirectory } from "./data-directory.js";
import { type ImageFile, openImageFile, openInstantFile, writeThrough } from "./image-file.js";
import { createNodeSigner, createNodeVerifier } from "./node-signer.js";
import { WitnessFile } from "./witness-file.js";

/** Name in the simulated stations' configuration; the network leads it to the collector. */
export const COLLECTOR_NAME = "collector.bistrina.invalid";
/** 256 sectors of 4 KiB: what the board's partition table gives to readings. */
const SECTORS = 256;
const SECTOR_BYTES = 4096;

export interface SimulationOptions {
	readonly directory: DataDirectory;
	readonly seed: number;
	readonly startUtcSeconds: number;
	readonly stations: readonly { readonly name: string; readonly river: River }[];
	readonly saved: readonly unknown[] | undefined;
	readonly collectorPublicKey: Uint8Array;
	readonly endpoint: Endpoint;
	readonly onLog?: (station: string, line: string) => void;
}

export interface PlayedStation {
	readonly name: string;
	readonly river: River;
	readonly station: SimulatedStation;
	readonly witness: WitnessFile;
	readonly publicKey: Uint8Array;
	/** Newest reading as anyone would derive it from the record. */
	latest: DerivedReading | undefined;
	/** When that was, as anyone would resolve it by now; 0 unknown. */
	readonly latestUtcSeconds: number;
	acknowledgedUtcSeconds: number | undefined;
	newestSequence: number;
	/** Throws what the disk answered to a write of this station, whatever became of it in between. */
	requireWritten(): void;
	close(): void;
}

export class Simulation {
	readonly world: World;
	readonly played: readonly PlayedStation[];
	readonly #startUtcSeconds: number;

	constructor(options: SimulationOptions) {
		this.#startUtcSeconds = options.startUtcSeconds;
		this.played = options.stations.map((described, index) =>
			playStation(options, described, options.saved?.[index] as SavedStation | undefined),
		);
		this.world = new World(this.played.map(({ station }) => station));
	}

	/** Simulated seconds since the very first start. */
	get simulatedSeconds(): number {
		return this.utcSeconds - this.#startUtcSeconds;
	}

	/** How far the world has come, Unix seconds: never back, whichever station acts. */
	get utcSeconds(): number {
		return Math.max(...this.played.map(({ station }) => station.utcSeconds));
	}

	/** True when each station's journal has been acknowledged to its last entry. */
	get isDelivered(): boolean {
		return this.played.every(
			({ newestSequence, witness }) => witness.acknowledgedCursor >= newestSequence,
		);
	}

	/** Steps once, or waits for the outside. False when nothing is left to happen. */
	async step(): Promise<boolean> {
		const waiting = this.world.waiting;
		if (waiting !== undefined) {
			await new Promise<void>((resolve) => {
				waiting.network.onSettled = resolve;
			});
			waiting.network.onSettled = undefined;
			return true;
		}
		const hasStepped = this.world.step();
		for (const each of this.played) each.requireWritten();
		return hasStepped;
	}

	/** Until the next event lies behind `endUtcSeconds`. */
	async playUntil(endUtcSeconds: number): Promise<void> {
		while ((this.world.nextUtcSeconds ?? Number.POSITIVE_INFINITY) <= endUtcSeconds) {
			await this.step();
		}
	}

	/** Nothing is due before `utcSeconds`, and all sleep: that time passes too. */
	passUntil(utcSeconds: number): void {
		for (const { station } of this.played) if (station.isAsleep) catchUp(station, utcSeconds);
	}

	/** Until every station sleeps and nothing is under way outside. */
	async untilAllSleep(onStep?: () => void): Promise<void> {
		const { world } = this;
		while (world.waiting !== undefined || world.stations.some((station) => !station.isAsleep)) {
			await this.step();
			onStep?.();
		}
	}

	/**
	 * Presses the service button of every station that has something left, until everything is
	 * acknowledged; false when that took longer than `boundSeconds` of the world.
	 */
	async settle(boundSeconds: number, onStep?: () => void): Promise<boolean> {
		const boundUtcSeconds = this.world.utcSeconds + boundSeconds;
		await this.untilAllSleep(onStep);
		while (!this.isDelivered) {
			if (this.world.utcSeconds > boundUtcSeconds) return false;
			const pressed = this.played
				.filter(({ witness, newestSequence }) => witness.acknowledgedCursor < newestSequence)
				.map(({ station }) => station);
			// Pressed now, not at the moment at which its station fell asleep.
			this.passUntil(this.utcSeconds);
			for (const station of pressed) station.pressServiceButton();
			while (pressed.every((station) => station.isAsleep)) await this.step();
			await this.untilAllSleep(onStep);
		}
		return true;
	}

	/** States of all stations; each must be asleep. */
	save(): SavedStation[] {
		return this.played.map(({ station }) => station.save());
	}

	close(): void {
		for (const each of this.played) each.close();
	}
}

/** The simulated station's private key: a function of the seed, so that runs can be repeated. */
export function simulatedPrivateKey(seed: number, name: string): Uint8Array {
	const digest = createHash("sha256").update(`bistrina simulated key ${seed} ${name}`).digest();
	return new Uint8Array(digest);
}

function playStation(
	options: SimulationOptions,
	described: { readonly name: string; readonly river: River },
	saved: SavedStation | undefined,
): PlayedStation {
	const { directory } = options;
	const { name, river } = described;
	const privateKey = simulatedPrivateKey(options.seed, name);
	const configuration: StationConfiguration = {
		...DEFAULT_CONFIGURATION,
		station: name,
		collectorHost: COLLECTOR_NAME,
		collectorPort: 443,
		collectorPublicKey: options.collectorPublicKey,
	};
	const flashFile: ImageFile = openImageFile(
		directory.file(`station-${name}.flash`),
		SECTORS * SECTOR_BYTES,
	);
	// Behind the image: where a witness is, an image has been.
	const witness = new WitnessFile(directory.file(`station-${name}.witness`));
	const instant = openInstantFile(directory.file(`station-${name}.instant`));
	let refused: { readonly error: unknown } | undefined;
	const seed = seedOf(options.seed, name);
	const flash = new SimulatedFlash({
		sectors: SECTORS,
		sectorBytes: SECTOR_BYTES,
		chance: new SeededChance(seedOf(seed, `flash ${saved?.microseconds ?? 0}`)),
		image: flashFile.image,
		onBusy: (microseconds) => station.clock.consume(microseconds),
	});
	const station: SimulatedStation = new SimulatedStation({
		name,
		seed,
		river,
		conduction: { kind: "natural" },
		probes: configuration,
		shuntOhms: configuration.loopShuntMilliohms / 1000,
		turbidityAt4Milliampere: configuration.turbidityAt4MilliampereMilli / 1000,
		turbidityAt20Milliampere: configuration.turbidityAt20MilliampereMilli / 1000,
		originUtcSeconds: options.startUtcSeconds,
		trustFloorUtcSeconds: Math.floor(options.startUtcSeconds) - 86_400,
		program: stationProgram({ configuration, witness }),
		endpoint: options.endpoint,
		flash,
		partition: writeThrough(flash, (offset, bytes) => {
			try {
				flashFile.write(offset, bytes);
				instant.write(station.clock.microseconds);
			} catch (error) {
				// The firmware must not take the machine's disk for its own flash and go on.
				refused ??= { error };
				throw error;
			}
		}),
		createKeys: (operations) => ({
			signer: createNodeSigner(privateKey, operations),
			verifier: createNodeVerifier(operations),
		}),
		...(saved === undefined ? {} : { saved }),
		...(options.onLog === undefined ? {} : { onLog: options.onLog }),
	});
	const context = new DerivationContext();
	const placer = new Placer();
	let newest: Entry | undefined;
	const played: PlayedStation = {
		name,
		river,
		station,
		witness,
		publicKey: signingKeyOf(privateKey).publicKey,
		latest: undefined,
		get latestUtcSeconds() {
			return newest === undefined ? 0 : (placer.place(newest)?.utcSeconds ?? 0);
		},
		acknowledgedUtcSeconds: undefined,
		newestSequence: 0,
		requireWritten: () => {
			if (refused !== undefined) throw refused.error;
		},
		close: () => {
			witness.close();
			flashFile.close();
			instant.close();
		},
	};
	const observe = (canonical: Uint8Array): void => {
		const entry = decodeEntry(canonical);
		context.observe(entry);
		placer.observe(entry);
		played.newestSequence = entry.sequence;
		const derived = context.derive(entry);
		if (derived === undefined) return;
		played.latest = derived;
		newest = entry;
	};
	for (const canonical of witness.returned) observe(canonical);
	witness.onAppended = observe;
	witness.onAcknowledged = () => {
		played.acknowledgedUtcSeconds = station.utcSeconds;
	};
	// The process died while this station was awake: to the station that was a loss of power.
	if (saved !== undefined && instant.last > saved.microseconds)
		station.loseUnsavedWake(instant.last);
	if (saved === undefined && instant.last > 0) station.loseUnsavedWake(instant.last);
	return played;
}
