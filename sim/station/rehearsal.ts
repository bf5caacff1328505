/**
 * A station, its chips, its river, its network and a collector in one portable object, so that the
 * very same run can be made on Node and on XS and compared byte by byte. Its checker reads nothing of
 * the station but the append port.
 */
import { openRealTimeClock, openWaterProbes } from "../../drivers/board-probes.js";
import { asciiBytes, asciiText, hexOf } from "../../src/core/bytes.js";
import { assert } from "../../src/core/errors.js";
import { SeededRandom, seedOf } from "../../src/core/random.js";
import { createSha256 } from "../../src/core/sha256.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import { Journal } from "../../src/firmware/journal/journal.js";
import type { Board, Sha256 } from "../../src/firmware/ports.js";
import { startStation } from "../../src/firmware/station/station.js";
import { LineAssembler } from "../../src/protocol/line/console.js";
import type { EzoFirmware } from "../chips/ezo-firmware.js";
import { SimulatedFlash } from "../flash/flash.js";
import { createKeyedHashScheme, keysOf, type SignatureScheme } from "../keys/signature-scheme.js";
import { LoopbackCollector } from "../network/loopback-collector.js";
import { AIR_MEDIUM, bottleOf } from "../probes/bottles.js";
import { loopOf } from "../probes/turbidity-loop.js";
import { SCENARIOS } from "../river/scenarios.js";
import { SimulatedStation } from "./station.js";
import { witnessed } from "./witness.js";

export interface RehearsalOptions {
	readonly seed: number;
	/** A name of SCENARIOS. */
	readonly scenario: string;
	/** Of 4 KiB, in the journal's ring. */
	readonly sectors: number;
	readonly uploadIntervalSeconds?: number;
	readonly scheme?: SignatureScheme;
	/** Configuration 2, with this interval, is offered from then on, seconds after the start. */
	readonly offer?: { readonly fromSeconds: number; readonly intervalSeconds: number };
	/** The collector's clock is off by so many seconds from then on, seconds after the start. */
	readonly lie?: { readonly fromSeconds: number; readonly seconds: number };
	/** Generation of the pH circuit's firmware; the newest without it. */
	readonly circuitFirmware?: EzoFirmware;
	/** Other parts than the reference board's, and what belongs to them. */
	readonly configuration?: Partial<StationConfiguration>;
	/** Gets every envelope that the collector is given. */
	readonly onBatch?: (envelope: Uint8Array) => void;
	/** Comes between the board of each wake and the station. */
	readonly onBoard?: (board: Board) => Board;
}

/** What a run came to; equal on two engines if and only if the bytes were. */
export interface RehearsalReport {
	readonly signatures: string;
	readonly wakes: number;
	readonly crashes: number;
	readonly appended: number;
	readonly stored: number;
	readonly batches: number;
	readonly acknowledged: number;
	/** SHA-256, hexadecimal: of the flash, of all canonical entries, of all envelopes, in order. */
	readonly imageHash: string;
	readonly entriesHash: string;
	readonly batchesHash: string;
	/** What the checker found; empty when every append is in the store exactly once, as it was. */
	readonly problems: readonly string[];
}

/** Whatever the engine's clock says, every rehearsal begins here: 2026-09-01 00:00 UTC. */
const START_UTC_SECONDS = 1_788_220_800;
const SECTOR_BYTES = 4096;
/** Events in one simulated second are a few thousand; a run that needs more for one wake hangs. */
const STEPS_PER_WAKE_MAX = 1_000_000;
const PROBLEMS_MAX = 8;

export class Rehearsal {
	readonly station: SimulatedStation;
	readonly flash: SimulatedFlash;
	readonly #scheme: SignatureScheme;
	readonly #collector: LoopbackCollector;
	readonly #sha256: Sha256 = createSha256();
	readonly #appended: Uint8Array[] = [];
	#attempted: Uint8Array | undefined;
	#acknowledged = 0;
	#batches = 0;
	#batchesHash: Uint8Array = new Uint8Array(32);
	/** What the station has sent on the line and nobody has read yet. */
	#heard = "";

	constructor(options: RehearsalOptions) {
		const { seed, scenario, sectors } = options;
		const makeRiver = SCENARIOS[scenario];
		assert(makeRiver !== undefined, `scenario ${scenario} is not known`);
		this.#scheme = options.scheme ?? createKeyedHashScheme();
		const configuration: StationConfiguration = {
			...DEFAULT_CONFIGURATION,
			...options.configuration,
			uploadIntervalSeconds:
				options.uploadIntervalSeconds ?? DEFAULT_CONFIGURATION.uploadIntervalSeconds,
			station: "bor-1",
			collectorHost: "collector.bistrina.invalid",
			collectorPort: 443,
			collectorPublicKey: this.#scheme.publicKey("collector"),
		};
		this.flash = new SimulatedFlash({
			sectors,
			sectorBytes: SECTOR_BYTES,
			random: new SeededRandom(seedOf(seed, "flash")),
			onBusy: (microseconds) => this.station.clock.consume(microseconds),
		});
		this.#collector = new LoopbackCollector({
			scheme: this.#scheme,
			utcSeconds: () => {
				const { utcSeconds } = this.station;
				const { lie } = options;
				const isTrue = lie === undefined || utcSeconds < START_UTC_SECONDS + lie.fromSeconds;
				return isTrue ? utcSeconds : utcSeconds + lie.seconds;
			},
			onBatch: (envelope) => {
				this.#batches++;
				this.#batchesHash = this.#sha256(this.#batchesHash, envelope);
				options.onBatch?.(envelope);
			},
			configuration: () => {
				const { offer } = options;
				if (offer === undefined) return undefined;
				if (this.station.utcSeconds < START_UTC_SECONDS + offer.fromSeconds) return undefined;
				const { intervalSeconds } = offer;
				return asciiBytes(canonicalConfiguration({ ...configuration, id: 2, intervalSeconds }));
			},
		});
		this.station = new SimulatedStation({
			name: configuration.station,
			seed: seedOf(seed, configuration.station),
			river: makeRiver(seed, START_UTC_SECONDS),
			conduction: { kind: "natural" },
			probes: configuration,
			...loopOf(configuration),
			originUtcSeconds: START_UTC_SECONDS,
			trustFloorUtcSeconds: START_UTC_SECONDS - 86_400,
			program: (board) => this.#start(options.onBoard?.(board) ?? board, configuration),
			endpoint: (request, onAnswer) => onAnswer(this.#collector.receive(request)),
			...(options.circuitFirmware === undefined
				? {}
				: { circuitFirmware: options.circuitFirmware }),
			flash: this.flash,
			createKeys: (operations) => keysOf(this.#scheme, operations),
		});
	}

	/** Canonical bytes of every append that returned, in order. */
	get entries(): readonly Uint8Array[] {
		return this.#appended;
	}

	/** How many those are. */
	get appended(): number {
		return this.#appended.length;
	}

	/** Highest sequence that the journal was asked to release. */
	get acknowledged(): number {
		return this.#acknowledged;
	}

	/** Runs until `seconds` have passed since the start and the station sleeps. */
	runUntil(seconds: number): void {
		const end = START_UTC_SECONDS + seconds;
		let steps = 0;
		for (;;) {
			if (this.station.isAsleep && this.#nextUtcSeconds() > end) return;
			assert(this.station.step(), "nothing will ever happen again");
			steps = this.station.isAsleep ? 0 : steps + 1;
			assert(steps <= STEPS_PER_WAKE_MAX, "a wake without end");
		}
	}

	/** Presses the service button until everything is acknowledged; at most ten times. */
	settle(): void {
		for (let press = 0; press < 10; press++) {
			const before = this.#appended.length;
			this.station.pressServiceButton();
			do {
				assert(this.station.step(), "nothing will ever happen again");
			} while (!this.station.isAsleep);
			if (this.#acknowledged >= before) return;
		}
	}

	/**
	 * Plugs a technician in, sends their lines one by one, each after the answer to the last; what was answered. A line
	 * `@american-7.00`, `@air` or `@river` is what the hands do with the probes.
	 */
	converse(lines: readonly string[]): string[] {
		const assembler = new LineAssembler(false);
		const output: string[] = [];
		const hear = (text: string): void => {
			for (const byte of asciiBytes(text)) {
				const line = assembler.push(byte);
				if (line instanceof Uint8Array) output.push(asciiText(line));
			}
		};
		hear(this.plugIn());
		for (const line of lines) {
			if (line.charAt(0) === "@") this.put(line.slice(1));
			else hear(this.send(`${line}\n`));
		}
		this.station.console.detach();
		return output;
	}

	/** Plugs a technician's program in; what the station answers. */
	plugIn(): string {
		this.station.console.attach((bytes) => {
			this.#heard += asciiText(bytes);
		});
		return this.#hear("#", 1);
	}

	/** Gives the station whole lines and runs until each is answered; what it sent meanwhile. */
	send(text: string): string {
		this.station.console.send(asciiBytes(text));
		return this.#hear("!", text.split("\n").filter((line) => line !== "").length);
	}

	/** Pulls the plug, and lets the station go to sleep. */
	unplug(): void {
		this.station.console.detach();
		for (let steps = 0; steps === 0 || !this.station.isAsleep; steps++) {
			assert(steps < STEPS_PER_WAKE_MAX, "a wake without end");
			this.step();
		}
	}

	/** Runs until so many lines that begin so were ended. */
	#hear(first: string, count: number): string {
		const isHeard = (): boolean => {
			const lines = this.#heard.split("\r").join("\n").split("\n").slice(0, -1);
			return lines.filter((line) => line.charAt(0) === first).length >= count;
		};
		for (let steps = 0, before = -1; this.#heard.length === before || !isHeard(); steps++) {
			before = this.#heard.length;
			assert(steps < STEPS_PER_WAKE_MAX, "the station does not answer");
			this.step();
		}
		const output = this.#heard;
		this.#heard = "";
		return output;
	}

	/** Puts the probes into a bottle by the name of its standard, the air, or back into the river. */
	put(where: string): void {
		const { hands } = this.station.hardware;
		hands.medium = where === "river" ? undefined : where === "air" ? AIR_MEDIUM : bottleOf(where);
	}

	/** Lets the next thing happen. */
	step(): void {
		assert(this.station.step(), "nothing will ever happen again");
	}

	/** Drops what checker and collector remember, so that what grows is the station's. */
	forget(): void {
		this.#appended.length = 0;
		this.#collector.stored.clear();
	}

	report(): RehearsalReport {
		let entriesHash: Uint8Array = new Uint8Array(32);
		for (const canonicalBytes of this.#appended)
			entriesHash = this.#sha256(entriesHash, canonicalBytes);
		const { wakes, crashes } = this.station.counters;
		return {
			signatures: this.#scheme.name,
			wakes,
			crashes,
			appended: this.#appended.length,
			stored: this.#collector.stored.size,
			batches: this.#batches,
			acknowledged: this.#acknowledged,
			imageHash: hexOf(this.#sha256(this.flash.bytes)),
			entriesHash: hexOf(entriesHash),
			batchesHash: hexOf(this.#batchesHash),
			problems: this.#check(),
		};
	}

	#start(board: Board, configuration: StationConfiguration): void {
		startStation({
			board,
			configuration,
			firmwareVersion: 1_000,
			openProbes: openWaterProbes,
			openRealTimeClock,
			openJournal: (given) =>
				witnessed(Journal.open(given), {
					attempted: (canonicalBytes) => {
						this.#attempted = canonicalBytes;
					},
					appended: (canonicalBytes) => {
						this.#appended.push(canonicalBytes);
					},
					acknowledged: (cursor) => {
						this.#acknowledged = cursor;
					},
				}),
		});
	}

	/** Compares sets: what returned from an append, and what the collector holds up to the cursor. */
	#check(): string[] {
		const problems: string[] = [];
		const { stored } = this.#collector;
		const last = this.#attempted === undefined ? "" : hexOf(this.#attempted);
		this.#appended.forEach((canonicalBytes, index) => {
			const sequence = index + 1;
			const held = stored.get(sequence);
			if (held === undefined && sequence <= this.#acknowledged) {
				problems.push(`${sequence} was released and is not held`);
			}
			if (held !== undefined && held !== hexOf(canonicalBytes)) {
				problems.push(`${sequence} is held with other contents`);
			}
		});
		for (const [sequence, held] of stored) {
			if (sequence > this.#appended.length && held !== last) {
				problems.push(`${sequence} was never appended`);
			}
		}
		return problems.slice(0, PROBLEMS_MAX);
	}

	#nextUtcSeconds(): number {
		const next = this.station.clock.nextMicroseconds;
		assert(next !== undefined, "nothing will ever happen again");
		return START_UTC_SECONDS + next / 1_000_000;
	}
}
