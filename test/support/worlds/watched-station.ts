/** One simulated station with its collector, watched by the judges of its decisions. */

import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { WaterState } from "../../../sim/river/water.js";
import type { SimulatedStation, StationProgram } from "../../../sim/station/station.js";
import type { StationProgramOptions } from "../../../sim/station/station-program.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES, type EventCode } from "../../../src/protocol/record/events.js";
import { type BareCollector, openBareCollector, stepStation } from "../engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../engines/bare-station.js";
import { StationWatch } from "./station-watch.js";

export interface WatchedStationOptions {
	readonly seed?: number;
	readonly sectors?: number;
	readonly configuration?: Partial<StationConfiguration>;
	readonly openProbes?: StationProgramOptions["openProbes"];
	readonly wrap?: (program: StationProgram) => StationProgram;
	readonly onLog?: (station: string, line: string) => void;
}

export interface WatchedStation {
	readonly station: SimulatedStation;
	readonly collector: BareCollector;
	readonly watch: StationWatch;
	/** Seconds since the start of the scenario. */
	playUntil(seconds: number): Promise<void>;
	/**
	 * Somebody is at the line between two instants, a second at least, and says so; then one
	 * line every ten seconds. Gives what was heard.
	 */
	visit(fromSeconds: number, toSeconds: number, lines?: readonly string[]): () => string;
	/** Measurements that were begun. */
	readonly measurements: () => number;
	/** What the world does at an instant, whatever the station does then. */
	at(seconds: number, act: () => void): void;
	/** What the river was. */
	waterAt(utcSeconds: number): WaterState;
	readings(): (Entry & { kind: "reading" })[];
	events(code: EventCode): { detail: number; text: string; seconds: number }[];
	/** As an operator writes it. */
	offer(fields: Partial<StationConfiguration>): Promise<void>;
	judge(): readonly string[];
}

const NAME = "bor-1";

export async function openWatchedStation(
	options: WatchedStationOptions = {},
): Promise<WatchedStation> {
	const watch = new StationWatch();
	const river = SCENARIOS["quiet-bor"]?.(options.seed ?? 1, START_UTC_SECONDS);
	if (river === undefined) throw new Error("no river");
	const collector = await openBareCollector(
		{
			get utcSeconds() {
				return station.utcSeconds;
			},
		},
		NAME,
	);
	const station: SimulatedStation = bareStation({
		name: NAME,
		...options,
		river,
		collectorPublicKey: collector.publicKey,
		endpoint: collector.endpoint,
		witness: watch.witness,
	});
	watch.watch(station);
	let measurements = 0;
	let wasLoopOn = false;
	const step = async (): Promise<void> => {
		await stepStation(station);
		watch.check();
		const { isLoopRailOn } = station.hardware.switches;
		if (isLoopRailOn && !wasLoopOn) measurements++;
		wasLoopOn = isLoopRailOn;
	};
	const at = (seconds: number, act: () => void): void => {
		const delaySeconds = START_UTC_SECONDS + seconds - station.utcSeconds;
		station.clock.createAlarm(act).schedule(Math.round(delaySeconds * 1000));
	};
	return {
		station,
		collector,
		watch,
		playUntil: async (seconds) => {
			while (station.utcSeconds < START_UTC_SECONDS + seconds) await step();
		},
		at,
		visit: (fromSeconds, toSeconds, lines = []) => {
			let heard = "";
			at(fromSeconds, () => {
				station.console.attach((bytes) => {
					heard += new TextDecoder().decode(bytes);
				});
			});
			["", ...lines].forEach((line, index) => {
				at(fromSeconds + 1 + 10 * index, () => {
					watch.hasSpoken = true;
					station.console.send(new TextEncoder().encode(`${line}\n`));
				});
			});
			at(toSeconds, () => station.console.detach());
			return () => heard;
		},
		measurements: () => measurements,
		waterAt: (utcSeconds) => river.at(utcSeconds),
		readings: () => watch.entries.flatMap(({ entry }) => (entry.kind === "reading" ? [entry] : [])),
		events: (code) =>
			watch.entries.flatMap(({ entry, worldUtcSeconds }) =>
				entry.kind === "event" && entry.code === EVENT_CODES[code]
					? [
							{
								detail: entry.detail,
								text: entry.text,
								seconds: worldUtcSeconds - START_UTC_SECONDS,
							},
						]
					: [],
			),
		offer: async (fields) => {
			const text = canonicalConfiguration({
				...DEFAULT_CONFIGURATION,
				...options.configuration,
				station: NAME,
				collectorHost: "collector.bistrina.invalid",
				collectorPort: 443,
				collectorPublicKey: collector.publicKey,
				...fields,
			});
			await collector.offers.set(text, "a test");
		},
		judge: () => watch.judge(options.configuration?.supply ?? "battery"),
	};
}
