/** What runs on a simulated board once its flash boots: the station, in a world that continues while somebody asks. */
import { randomBytes } from "node:crypto";
import { openRealTimeClock, openWaterProbes } from "../../../drivers/board-probes.js";
import { hexOf } from "../../../src/core/bytes.js";
import { SeededRandom } from "../../../src/core/random.js";
import { Provisioning } from "../../../src/firmware/config/provisioning.js";
import { Journal } from "../../../src/firmware/journal/journal.js";
import type { Board } from "../../../src/firmware/ports.js";
import { startStation } from "../../../src/firmware/station/station.js";
import { NetworksInTurn } from "../../../src/firmware/uplink/networks-in-turn.js";
import { noLink } from "../../../src/firmware/uplink/no-link.js";
import { LineAssembler } from "../../../src/protocol/line/console.js";
import type { Partition } from "../../../src/technician/flash/partition-table.js";
import { Bootloader } from "../../flash/bootloader.js";
import type { SimulatedFlash } from "../../flash/flash.js";
import { loopOf } from "../../probes/turbidity-loop.js";
import { SCENARIOS } from "../../river/scenarios.js";
import { SimulatedStation } from "../../station/station.js";
import type { SavedStation } from "../../station/station-state.js";
import { World } from "../../station/world.js";
import { createNodeSigner, createNodeVerifier } from "../node-signer.js";
import type { FlashContents } from "./flash-contents.js";
import { LocalNetwork } from "./local-network.js";
import { partitionOf } from "./nor-chip.js";
import { provisionedEndpoint } from "./provisioned-endpoint.js";
import { readNvs, writeNvs } from "./simulated-nvs.js";

const SCENARIO = "quiet-bor";
const ANSWER = "!".charCodeAt(0);
const LOG = "#".charCodeAt(0);
/** The longest request is an upload of five minutes. */
const ANSWER_SECONDS_MAX = 400;
/** From a byte to a station that listens, the recovery of a full ring included. */
const WAKE_SECONDS = 3;
/** After its answer it may restart, as it was asked to. */
const LINGER_SECONDS = 2;
const STEPS_PER_TURN = 200;
/** Longer than any wake. */
const SLEEP_STEPS_MAX = 200_000;
/** A board that lay in a drawer for longer did not run there. */
const AWAY_SECONDS_MAX = 6 * 3600;

export interface BoardPowerCycleOptions {
	readonly flash: SimulatedFlash;
	readonly contents: FlashContents;
	readonly seed: number;
	readonly originUtcSeconds: number;
	readonly saved: SavedStation | undefined;
	readonly wallUtcSeconds: () => number;
	/** With every range of cells that changed. */
	readonly onChanged: (offset: number, bytes: Uint8Array) => void;
	readonly send: (bytes: Uint8Array) => void;
}

export class BoardPowerCycle {
	readonly #options: BoardPowerCycleOptions;
	readonly #station: SimulatedStation;
	readonly #world: World;
	readonly #keyHex: string;
	readonly #inputLines = new LineAssembler(false);
	readonly #outputLines = new LineAssembler(false);
	readonly #endpoint;
	#settings = "";
	#outstanding = 0;
	#wakes = 0;
	#heardUtcSeconds = 0;
	/** Until then it is left to wake. */
	#wakeUtcSeconds = 0;
	#isRunning = false;
	#isOver = false;
	/** What the run under way ends with. */
	#run: Promise<void> = Promise.resolve();

	/** Undefined: no slot holds a program that boots. */
	static open(options: BoardPowerCycleOptions): BoardPowerCycle | undefined {
		const partition = partitionNamed(options.contents.partitions, "otadata");
		const bootloader = new Bootloader({ images: options.contents.images });
		const otadata = options.flash.bytes.subarray(
			partition.offset,
			partition.offset + partition.size,
		);
		bootloader.load({
			otadataHex: hexOf(otadata),
			sleptSlot: options.saved?.bootloader?.sleptSlot ?? null,
		});
		// What boots is asked of a copy: the station's own boot writes otadata.
		const trial = new Bootloader({ images: options.contents.images });
		trial.load(bootloader.save());
		const image = trial.boot("reset");
		return image === undefined
			? undefined
			: new BoardPowerCycle(options, bootloader, image.firmwareVersion);
	}

	private constructor(
		options: BoardPowerCycleOptions,
		bootloader: Bootloader,
		firmwareVersion: number,
	) {
		this.#options = options;
		const { flash, contents, seed, saved, originUtcSeconds, onChanged } = options;
		const nvs = partitionNamed(contents.partitions, "nvs");
		const kept = readNvs(flash.bytes.subarray(nvs.offset, nvs.offset + nvs.size));
		this.#keyHex = kept?.keyHex ?? drawKey();
		const key = new Uint8Array(Buffer.from(this.#keyHex, "hex"));
		const memory = {
			read: (bank: number) => {
				const hex = kept?.settings[bank];
				return hex === undefined || hex === null
					? undefined
					: new Uint8Array(Buffer.from(hex, "hex"));
			},
			write: () => {},
		};
		const provisioning = new Provisioning(memory);
		const { configuration } = provisioning;
		this.#endpoint = provisionedEndpoint(() => new Provisioning(this.#memory()));
		const river = SCENARIOS[SCENARIO]?.(seed, originUtcSeconds);
		if (river === undefined) throw new Error(`no scenario ${SCENARIO}`);
		const station: SimulatedStation = new SimulatedStation({
			name: configuration.station,
			seed,
			river,
			conduction: { kind: "natural" },
			probes: configuration,
			...loopOf(configuration),
			originUtcSeconds,
			trustFloorUtcSeconds: provisioning.trustFloorUtcSeconds,
			program: (board) => runStation(board, firmwareVersion),
			endpoint: this.#endpoint.endpoint,
			flash,
			partition: partitionOf(flash, partitionNamed(contents.partitions, "readings"), onChanged),
			createKeys: (operations) => ({
				signer: createNodeSigner(key, operations),
				verifier: createNodeVerifier(operations),
			}),
			bootloader,
			...(saved === undefined
				? {}
				: { saved: { ...saved, settings: kept?.settings ?? [], bootloader: bootloader.save() } }),
		});
		this.#station = station;
		this.#bootloader = bootloader;
		this.#world = new World([station]);
		this.#attach();
	}

	readonly #bootloader: Bootloader;

	/** Bytes to the station; the world continues until it has answered. */
	receive(bytes: Uint8Array): void {
		const station = this.#station;
		for (const byte of bytes) {
			const line = this.#inputLines.push(byte);
			if (line === "too-long" || (line !== undefined && line.length > 0)) this.#outstanding++;
		}
		this.#heardUtcSeconds = station.utcSeconds;
		this.#wakes = station.counters.wakes;
		// What comes while it sleeps wakes it, and is lost.
		if (station.isAsleep) {
			this.#outstanding = 0;
			this.#wakeUtcSeconds = station.utcSeconds + WAKE_SECONDS;
		}
		station.console.send(bytes);
		if (!this.#isRunning && !this.#isOver) this.#run = this.#answer();
	}

	/** The chip is reset, or the plug is pulled: what the station leaves, its power gone when `isReset`. */
	async end(isReset: boolean): Promise<SavedStation> {
		this.#isOver = true;
		await this.#run;
		const station = this.#station;
		station.console.detach();
		if (isReset) station.cutPowerNow(0.1);
		for (let steps = 0; !station.isAsleep && steps < SLEEP_STEPS_MAX; steps++) await this.#step();
		// Awake for ever: a mains station, whose plug is pulled.
		if (!station.isAsleep) station.cutPowerNow(0.1);
		this.#keep();
		this.#endpoint.close();
		return station.save();
	}

	/** Lets it live through the time that has passed outside, or lie without power where that is long. */
	async catchUp(): Promise<void> {
		const station = this.#station;
		const now = this.#options.wallUtcSeconds();
		const away = now - station.utcSeconds;
		if (away > AWAY_SECONDS_MAX) station.cutPowerNow(away - 60);
		while ((this.#world.nextUtcSeconds ?? Number.POSITIVE_INFINITY) <= now) await this.#step();
	}

	#attach(): void {
		this.#station.console.attach((bytes) => {
			for (const byte of bytes) {
				const line = this.#outputLines.push(byte);
				if (!(line instanceof Uint8Array) || line[0] === LOG) continue;
				this.#heardUtcSeconds = this.#station.utcSeconds;
				if (line[0] !== ANSWER) continue;
				this.#outstanding--;
				this.#wakeUtcSeconds = this.#station.utcSeconds + LINGER_SECONDS;
			}
			this.#options.send(bytes);
		});
	}

	async #answer(): Promise<void> {
		this.#isRunning = true;
		try {
			for (let steps = 1; this.#isAwaited && !this.#isOver; steps++) {
				await this.#step();
				if (steps % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
				if (this.#isLost) this.#outstanding = 0;
			}
			this.#keep();
		} finally {
			this.#isRunning = false;
		}
	}

	get #isAwaited(): boolean {
		return this.#outstanding > 0 || this.#station.utcSeconds < this.#wakeUtcSeconds;
	}

	/** Requests to a power cycle that is over are dropped. */
	get #isLost(): boolean {
		const { utcSeconds, isAsleep, counters } = this.#station;
		if (isAsleep || counters.wakes !== this.#wakes) {
			// The next request will be heard.
			if (this.#outstanding > 0) this.#wakeUtcSeconds = utcSeconds + WAKE_SECONDS;
			return true;
		}
		return utcSeconds >= this.#heardUtcSeconds + ANSWER_SECONDS_MAX;
	}

	async #step(): Promise<void> {
		const { waiting } = this.#world;
		if (waiting === undefined) {
			this.#world.step();
			return;
		}
		await new Promise<void>((resolve) => {
			waiting.network.onSettled = resolve;
		});
		waiting.network.onSettled = undefined;
	}

	/** Writes what has changed into the partitions `nvs` and `otadata`. */
	#keep(): void {
		const { flash, contents, onChanged } = this.#options;
		const otadata = partitionNamed(contents.partitions, "otadata");
		flash.bytes.set(this.#bootloader.otadata, otadata.offset);
		onChanged(otadata.offset, this.#bootloader.otadata);
		const settings = this.#station.settings.save();
		if (JSON.stringify(settings) === this.#settings) return;
		this.#settings = JSON.stringify(settings);
		const nvs = partitionNamed(contents.partitions, "nvs");
		const cells = flash.bytes.subarray(nvs.offset, nvs.offset + nvs.size);
		writeNvs(cells, { keyHex: this.#keyHex, settings });
		onChanged(nvs.offset, cells);
	}

	#memory() {
		const banks = this.#station.settings.save();
		return {
			read: (bank: number) => {
				const hex = banks[bank];
				return hex === undefined || hex === null
					? undefined
					: new Uint8Array(Buffer.from(hex, "hex"));
			},
			write: () => {},
		};
	}
}

/** As the board's own composition root does. */
function runStation(board: Board, firmwareVersion: number): unknown {
	const provisioning = new Provisioning(board.settings);
	const network = provisioning.isComplete
		? { ...board.network, ...provisionedLink(board, provisioning) }
		: { ...board.network, link: noLink(board.clock) };
	return startStation({
		board: { ...board, network, trustFloorUtcSeconds: provisioning.trustFloorUtcSeconds },
		firmwareVersion,
		openProbes: openWaterProbes,
		openRealTimeClock,
		openJournal: (given) => Journal.open({ ...given, predecessor: provisioning.predecessor }),
	});
}

/** The provisioned networks, over a radio in the simulated local network. */
function provisionedLink({ network, clock }: Board, { networks }: Provisioning) {
	const { Radio, resolver } = new LocalNetwork(network);
	const link = new NetworksInTurn({ Radio, clock, networks, power: () => {} });
	return { link, resolver };
}

/** A board of this machine has a key that no seed gives. */
function drawKey(): string {
	const key = randomBytes(32);
	// Below the order of P-256, which begins with eight digits of f.
	key[0] = 0x7f & (key[0] ?? 0);
	key[31] = 1 | (key[31] ?? 0);
	return key.toString("hex");
}

function partitionNamed(partitions: readonly Partition[], label: string): Partition {
	const found = partitions.find((partition) => partition.label === label);
	if (found === undefined) throw new Error(`no partition ${label}`);
	return found;
}

export function boardRandom(seed: number): SeededRandom {
	return new SeededRandom(seed);
}
