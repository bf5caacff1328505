/**
 * A whole simulated station at the far end of a technician's line, for `bistrina --port sim:` and for
 * tests. Its time passes only while a request is out: a session is a function of what was asked.
 */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { UsageError } from "../../src/host/errors.js";
import { LineAssembler } from "../../src/protocol/line/console.js";
import type { Line } from "../../src/technician/line.js";
import type { Endpoint } from "../network/network.js";
import type { River } from "../river/river.js";
import { SCENARIOS } from "../river/scenarios.js";
import { DataDirectory } from "./data-directory.js";
import { type PlayedStation, Simulation } from "./simulation.js";

/** 2026-10-01T00:00:00Z */
const START_UTC_SECONDS = 1_790_812_800;
const SCENARIO_DEFAULT = "quiet-bor";
const SEED_DEFAULT = 1;
/** Steps of the world between two turns of the event loop. */
const STEPS_PER_TURN = 100;

export interface StationLineOptions {
	readonly seed: number;
	readonly river: River;
	/** Simulated seconds before the line is plugged in. */
	readonly seconds?: number;
	/** In place of a collector that is not there. */
	readonly endpoint?: Endpoint;
}

export class StationLine {
	readonly played: PlayedStation;
	readonly simulation: Simulation;
	readonly #directory: DataDirectory;
	readonly #asked = new LineAssembler(false);
	readonly #said = new LineAssembler(false);
	#outstanding = 0;
	#isRunning = false;
	#isClosed = false;

	/** Makes a station and lets it live for a while, alone. */
	static async open(options: StationLineOptions): Promise<StationLine> {
		const line = new StationLine(options);
		const { simulation } = line;
		while (line.played.station.counters.wakes === 0) await simulation.step();
		await simulation.untilAllSleep();
		if (options.seconds !== undefined) {
			await simulation.playUntil(START_UTC_SECONDS + options.seconds);
			await simulation.untilAllSleep();
		}
		return line;
	}

	private constructor(options: StationLineOptions) {
		this.#directory = DataDirectory.open(mkdtempSync(join(tmpdir(), "bistrina-line-")));
		const scalar = createHash("sha256").update("bistrina: nobody collects").digest();
		this.simulation = new Simulation({
			directory: this.#directory,
			seed: options.seed,
			startUtcSeconds: START_UTC_SECONDS,
			stations: [{ name: "sim-1", river: options.river }],
			saved: undefined,
			collectorPublicKey: signingKeyOf(new Uint8Array(scalar)).publicKey,
			endpoint:
				options.endpoint ??
				((_request, onAnswer) => {
					setImmediate(() => onAnswer(new Error("no collector here")));
				}),
		});
		const [played] = this.simulation.played;
		if (played === undefined) throw new Error("a simulation without its station");
		this.played = played;
	}

	/** Plugs in and waits until the station says hello; `onBytes` gets what it says, from then on. */
	async attach(onBytes: (bytes: Uint8Array) => void): Promise<void> {
		let hasGreeted = false;
		this.#outstanding = 0;
		this.played.station.console.attach((bytes) => {
			hasGreeted = true;
			for (const byte of bytes) {
				const line = this.#said.push(byte);
				if (line instanceof Uint8Array && line[0] === "!".charCodeAt(0)) this.#outstanding--;
			}
			setImmediate(() => {
				if (!this.#isClosed && this.played.station.console.isAttached) onBytes(bytes);
			});
		});
		while (!hasGreeted) await this.simulation.step();
	}

	/** Bytes to the station, in any pieces. */
	send(bytes: Uint8Array): void {
		for (const byte of bytes) {
			const line = this.#asked.push(byte);
			if (line === "too-long" || (line !== undefined && line.length > 0)) this.#outstanding++;
		}
		this.played.station.console.send(bytes);
		if (!this.#isRunning) void this.#run();
	}

	/** Pulls the plug. */
	detach(): void {
		this.played.station.console.detach();
		this.#outstanding = 0;
	}

	close(): void {
		this.#isClosed = true;
		this.simulation.close();
		this.#directory.release();
		rmSync(this.#directory.path, { recursive: true });
	}

	async #run(): Promise<void> {
		this.#isRunning = true;
		try {
			for (let steps = 1; this.#outstanding > 0 && !this.#isClosed; steps++) {
				await this.simulation.step();
				if (steps % STEPS_PER_TURN === 0) await turn();
			}
		} finally {
			this.#isRunning = false;
		}
	}
}

/** The far end of `sim:`, `sim:SCENARIO` or `sim:SCENARIO,SEED`. Throws UsageError for anything else. */
export function openNamedStation(name: string): Promise<StationLine> {
	const [scenario = "", seedText = String(SEED_DEFAULT), ...rest] = name.split(",");
	const make = SCENARIOS[scenario === "" ? SCENARIO_DEFAULT : scenario];
	if (make === undefined || !/^\d{1,9}$/.test(seedText) || rest.length > 0) {
		const those = Object.keys(SCENARIOS).join(", ");
		throw new UsageError(`sim:${name}: use sim:, or sim:SCENARIO,SEED with a scenario of ${those}`);
	}
	const seed = Number(seedText);
	return StationLine.open({ seed, river: make(seed, START_UTC_SECONDS), seconds: 1800 });
}

/** The same as a line that `bistrina` can use; closing it ends the station. */
export async function openSimulatedLine(name: string): Promise<Line> {
	const station = await openNamedStation(name);
	const line: Line = {
		name: `sim:${name}`,
		write: (bytes) => station.send(bytes),
		onBytes: undefined,
		onLost: undefined,
		close: async () => station.close(),
	};
	await station.attach((bytes) => line.onBytes?.(bytes));
	return line;
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
