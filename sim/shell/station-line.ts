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
import type { ControlledPort } from "../../src/technician/controlled-port.js";
import type { Line } from "../../src/technician/line.js";
import { LoopbackCollector } from "../network/loopback-collector.js";
import type { Endpoint } from "../network/wire.js";
import { AIR_MEDIUM, bottleOf } from "../probes/bottles.js";
import type { River } from "../river/river.js";
import { SCENARIOS } from "../river/scenarios.js";
import { DataDirectory } from "./data-directory.js";
import { signDigest, verifyDigest } from "./node-signer.js";
import { type PlayedStation, simulatedPrivateKey } from "./played-station.js";
import { Simulation } from "./simulation.js";

/** 2026-10-01T00:00:00Z */
const START_UTC_SECONDS = 1_790_812_800;
const STATION = "sim-1";
const SCENARIO_DEFAULT = "quiet-bor";
const SEED_DEFAULT = 1;
/** Of a scenario that begins at once. */
const AGE_DEFAULT = "30m";
/** When what a scenario is about can be seen at the line; the others begin at once. */
const SCENARIO_AGES: Readonly<Record<string, string>> = Object.freeze({
	"acid-bor": "4h",
	"storm-pek": "7h",
	"fouled-bor": "7d",
	"bubbles-bor": "5h",
	"dry-bor": "9h",
	"swapped-bor": "2d",
	"brownouts-bor": "12h",
	"sunless-bor": "15d",
});
/** What takes more than a second to play is announced. */
const LONG_AGE_SECONDS = 2 * 86_400;
/** A station older than the longest scenario has nothing new; 40 days take seconds to play. */
const AGE_SECONDS_MAX = 40 * 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = Object.freeze({
	m: 60,
	h: 3600,
	d: 86_400,
});
const ANSWER = "!".charCodeAt(0);
const LOG = "#".charCodeAt(0);
/** An upload has five minutes, a reading three; what is not answered by then was lost with a power cycle of the station. */
const ANSWER_SECONDS_MAX = 600;
/** Steps of the world between two turns of the event loop. */
const STEPS_PER_TURN = 100;

export interface StationLineOptions {
	readonly seed: number;
	readonly river: River;
	/** Simulated seconds before the line is plugged in. */
	readonly seconds?: number;
	/** In place of the station's own collector, which takes everything. */
	readonly endpoint?: Endpoint;
}

export class StationLine {
	readonly played: PlayedStation;
	readonly simulation: Simulation;
	readonly #directory: DataDirectory;
	readonly #inputLines = new LineAssembler(false);
	readonly #outputLines = new LineAssembler(false);
	#outstanding = 0;
	/** Of the world, when the last request or piece of an answer came. */
	#heardUtcSeconds = 0;
	/** A request was lost: the station went down over it. */
	onUnanswered: (() => void) | undefined;
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
		const { publicKey, endpoint } = collectorOf(options.seed, () => this.played.station.utcSeconds);
		this.simulation = new Simulation({
			directory: this.#directory,
			seed: options.seed,
			startUtcSeconds: START_UTC_SECONDS,
			stations: [{ name: STATION, river: options.river }],
			saved: undefined,
			collectorPublicKey: publicKey,
			endpoint: options.endpoint ?? endpoint,
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
				const line = this.#outputLines.push(byte);
				if (!(line instanceof Uint8Array) || line[0] === LOG) continue;
				this.#heardUtcSeconds = this.played.station.utcSeconds;
				if (line[0] === ANSWER) this.#outstanding--;
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
			const line = this.#inputLines.push(byte);
			if (line === "too-long" || (line !== undefined && line.length > 0)) this.#outstanding++;
		}
		this.played.station.console.send(bytes);
		this.#heardUtcSeconds = this.played.station.utcSeconds;
		if (!this.#isRunning) void this.#run();
	}

	/** Puts the probes into a bottle by its name (`american-7.00`), the air or the river; throws UsageError for no such place. */
	putProbes(what: string): void {
		const { hands } = this.played.station.hardware;
		try {
			hands.medium = what === "river" ? undefined : what === "air" ? AIR_MEDIUM : bottleOf(what);
		} catch {
			throw new UsageError(
				`${what}: no such bottle; docs/VISIT.md lists them, and there are air and river`,
			);
		}
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
				if (this.played.station.utcSeconds < this.#heardUtcSeconds + ANSWER_SECONDS_MAX) continue;
				this.#outstanding = 0;
				this.onUnanswered?.();
			}
		} finally {
			this.#isRunning = false;
		}
	}
}

/** A collector of one station, in this process: what `upload` delivers is taken and acknowledged. */
function collectorOf(
	seed: number,
	utcSeconds: () => number,
): { readonly publicKey: Uint8Array; readonly endpoint: Endpoint } {
	const scalar = createHash("sha256").update("bistrina: a technician's practice").digest();
	const privateKeys = {
		station: simulatedPrivateKey(seed, STATION),
		collector: new Uint8Array(scalar),
	};
	const publicKeys = {
		station: signingKeyOf(privateKeys.station).publicKey,
		collector: signingKeyOf(privateKeys.collector).publicKey,
	};
	const collector = new LoopbackCollector({
		scheme: {
			name: "ES256",
			publicKey: (holder) => publicKeys[holder],
			sign: (holder, digest) => signDigest(privateKeys[holder], digest),
			verify: verifyDigest,
		},
		utcSeconds,
		onBatch: () => {},
	});
	return {
		publicKey: publicKeys.collector,
		endpoint: (request, onAnswer) => onAnswer(collector.receive(request)),
	};
}

/** Instead of a collector: nobody. What a technician sees when the way there is broken. */
const OFFLINE = "offline";
const nobody: Endpoint = (_request, onAnswer) => {
	setImmediate(() => onAnswer(new Error("no collector here")));
};

/**
 * The far end of `sim:[SCENARIO][@AGE][,SEED][,offline]`: a station that has lived for an age, as 45m, 9h
 * or 2d, in a scenario. Throws UsageError for anything else.
 */
export function openNamedStation(
	name: string,
	print: (text: string) => void = () => {},
): Promise<StationLine> {
	const words = name.split(",");
	const isOffline = words.length > 1 && words.at(-1) === OFFLINE;
	if (isOffline) words.pop();
	const [what = "", seedText = String(SEED_DEFAULT), ...rest] = words;
	const [named = "", aged, ...tail] = what.split("@");
	const scenario = named === "" ? SCENARIO_DEFAULT : named;
	const make = SCENARIOS[scenario];
	const seconds = secondsOf(aged ?? SCENARIO_AGES[scenario] ?? AGE_DEFAULT);
	const isWrong = seconds === undefined || rest.length > 0 || tail.length > 0;
	if (make === undefined || !/^\d{1,9}$/.test(seedText) || isWrong) {
		const those = Object.keys(SCENARIOS).join(", ");
		throw new UsageError(
			`sim:${name}: use sim:, or sim:SCENARIO@AGE,SEED with a scenario of ${those}, an age to 40d ` +
				"as 45m or 9h, and offline at the end for a station without its collector",
		);
	}
	const seed = Number(seedText);
	if (seconds > LONG_AGE_SECONDS) {
		print(`sim:${name}: playing ${Math.floor(seconds / 86_400)} days first, some seconds`);
	}
	return StationLine.open({
		seed,
		river: make(seed, START_UTC_SECONDS),
		seconds,
		...(isOffline ? { endpoint: nobody } : {}),
	});
}

function secondsOf(age: string): number | undefined {
	const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(age) ?? [];
	const seconds = Number(count) * (UNIT_SECONDS[unit ?? ""] ?? Number.NaN);
	return seconds <= AGE_SECONDS_MAX ? seconds : undefined;
}

/** The same as a line that `bistrina` can use; closing it ends the station. */
export async function openSimulatedLine(
	name: string,
	print?: (text: string) => void,
): Promise<Line> {
	const station = await openNamedStation(name, print);
	const line: Line = {
		name: `sim:${name}`,
		putProbes: (what) => station.putProbes(what),
		write: (bytes) => station.send(bytes),
		onBytes: undefined,
		onLost: undefined,
		close: async () => station.close(),
	};
	station.onUnanswered = () => {
		line.onLost?.(`no answer for ${ANSWER_SECONDS_MAX / 60} minutes of the simulated time`);
	};
	await station.attach((bytes) => line.onBytes?.(bytes));
	return line;
}

/** A simulated board that is files in a folder: chip/board-folder.ts. */
export async function openBoardFolder(
	folder: string,
	print: (text: string) => void,
): Promise<ControlledPort> {
	const { openSimulatedBoard } = await import("./chip/board-folder.js");
	return openSimulatedBoard(folder, print);
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
