/** One station of `npm start`: its files, its program, and what its record shows so far. */
import { createHash } from "node:crypto";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { SeededRandom, seedOf } from "../../src/core/random.js";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import type { StationResult } from "../../src/host/station-result.js";
import { DerivationContext, type DerivedReading } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { TimeResolver } from "../../src/protocol/record/time-resolver.js";
import { SimulatedFlash } from "../flash/flash.js";
import type { Endpoint } from "../network/wire.js";
import { loopOf } from "../probes/turbidity-loop.js";
import type { River } from "../river/river.js";
import { SimulatedStation } from "../station/station.js";
import { stationProgram } from "../station/station-program.js";
import type { SavedStation } from "../station/station-state.js";
import type { DataDirectory } from "./data-directory.js";
import { type ImageFile, openImageFile, openInstantFile, writeThrough } from "./image-file.js";
import { createNodeSigner, createNodeVerifier } from "./node-signer.js";
import { stationResultOf } from "./station-proof.js";
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
	/** What provisioning leaves of it: its key, and its own signature for it. */
	result(): StationResult;
	/** Newest reading as anyone would derive it from the record. */
	readonly latest: DerivedReading | undefined;
	/** When that was, as anyone would resolve it by now; 0 unknown. */
	readonly latestUtcSeconds: number;
	acknowledgedUtcSeconds: number | undefined;
	readonly newestSequence: number;
	/** Throws what the disk answered to a write of this station, whatever became of it in between. */
	requireWritten(): void;
	close(): void;
}

/** The simulated station's private key: a function of the seed, so that runs can be repeated. */
export function simulatedPrivateKey(seed: number, name: string): Uint8Array {
	const digest = createHash("sha256").update(`bistrina simulated key ${seed} ${name}`).digest();
	return new Uint8Array(digest);
}

/** The files that a station lives in. */
class StationFiles {
	readonly flash: ImageFile;
	readonly witness: WitnessFile;
	readonly instant: ReturnType<typeof openInstantFile>;
	#refused: { readonly error: unknown } | undefined;

	constructor(directory: DataDirectory, name: string) {
		this.flash = openImageFile(directory.file(`station-${name}.flash`), SECTORS * SECTOR_BYTES);
		// After the image: where a witness is, an image has been.
		this.witness = new WitnessFile(directory.file(`station-${name}.witness`));
		this.instant = openInstantFile(directory.file(`station-${name}.instant`));
	}

	write(offset: number, bytes: Uint8Array, microseconds: number): void {
		try {
			this.flash.write(offset, bytes);
			this.instant.write(microseconds);
		} catch (error) {
			// The firmware must not take the machine's disk for its own flash and continue.
			this.#refused ??= { error };
			throw error;
		}
	}

	/** Throws what the disk answered to a write, whatever became of it in between. */
	requireWritten(): void {
		if (this.#refused !== undefined) throw this.#refused.error;
	}

	close(): void {
		this.witness.close();
		this.flash.close();
		this.instant.close();
	}
}

/** What anyone would make of a station's record, entry by entry. */
class RecordView {
	readonly #context = new DerivationContext();
	readonly #resolver = new TimeResolver();
	#newest: Entry | undefined;
	latest: DerivedReading | undefined;
	newestSequence = 0;

	observe(canonicalBytes: Uint8Array): void {
		const entry = decodeEntry(canonicalBytes);
		this.#context.observe(entry);
		this.#resolver.observe(entry);
		this.newestSequence = entry.sequence;
		const derived = this.#context.derive(entry);
		if (derived === undefined) return;
		this.latest = derived;
		this.#newest = entry;
	}

	get latestUtcSeconds(): number {
		const newest = this.#newest;
		return newest === undefined ? 0 : (this.#resolver.resolve(newest)?.utcSeconds ?? 0);
	}
}

export function playStation(
	options: SimulationOptions,
	described: { readonly name: string; readonly river: River },
	saved: SavedStation | undefined,
): PlayedStation {
	const { name, river } = described;
	const privateKey = simulatedPrivateKey(options.seed, name);
	const files = new StationFiles(options.directory, name);
	const { witness, instant } = files;
	const station = openStation(options, described, saved, files, privateKey);
	const view = new RecordView();
	const played: PlayedStation = {
		name,
		river,
		station,
		witness,
		publicKey: signingKeyOf(privateKey).publicKey,
		result: () => stationResultOf(name, privateKey),
		get latest() {
			return view.latest;
		},
		get latestUtcSeconds() {
			return view.latestUtcSeconds;
		},
		acknowledgedUtcSeconds: undefined,
		get newestSequence() {
			return view.newestSequence;
		},
		requireWritten: () => files.requireWritten(),
		close: () => files.close(),
	};
	for (const canonicalBytes of witness.returned) view.observe(canonicalBytes);
	witness.onAppended = (canonicalBytes) => view.observe(canonicalBytes);
	witness.onAcknowledged = () => {
		played.acknowledgedUtcSeconds = station.utcSeconds;
	};
	// The process died while this station was awake: to the station that was a loss of power.
	if (saved !== undefined && instant.last > saved.microseconds)
		station.loseUnsavedWake(instant.last);
	if (saved === undefined && instant.last > 0) station.loseUnsavedWake(instant.last);
	return played;
}

function openStation(
	options: SimulationOptions,
	{ name, river }: { readonly name: string; readonly river: River },
	saved: SavedStation | undefined,
	files: StationFiles,
	privateKey: Uint8Array,
): SimulatedStation {
	const configuration: StationConfiguration = {
		...DEFAULT_CONFIGURATION,
		station: name,
		collectorHost: COLLECTOR_NAME,
		collectorPort: 443,
		collectorPublicKey: options.collectorPublicKey,
	};
	const seed = seedOf(options.seed, name);
	const flash = new SimulatedFlash({
		sectors: SECTORS,
		sectorBytes: SECTOR_BYTES,
		random: new SeededRandom(seedOf(seed, `flash ${saved?.microseconds ?? 0}`)),
		image: files.flash.image,
		onBusy: (microseconds) => station.clock.consume(microseconds),
	});
	const station: SimulatedStation = new SimulatedStation({
		name,
		seed,
		river,
		conduction: { kind: "natural" },
		probes: configuration,
		...loopOf(configuration),
		originUtcSeconds: options.startUtcSeconds,
		trustFloorUtcSeconds: Math.floor(options.startUtcSeconds) - 86_400,
		program: stationProgram({ configuration, witness: files.witness }),
		endpoint: options.endpoint,
		flash,
		partition: writeThrough(flash, (offset, bytes) =>
			files.write(offset, bytes, station.clock.microseconds),
		),
		createKeys: (operations) => ({
			signer: createNodeSigner(privateKey, operations),
			verifier: createNodeVerifier(operations),
		}),
		...(saved === undefined ? {} : { saved }),
		...(options.onLog === undefined ? {} : { onLog: options.onLog }),
	});
	return station;
}
