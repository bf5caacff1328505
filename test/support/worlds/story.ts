/** One scenario played with the station's whole stack against a collector, for the stories. */

import type { River } from "../../../sim/river/river.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { SimulatedStation, StationProgram } from "../../../sim/station/station.js";
import type { StationProgramOptions } from "../../../sim/station/station-program.js";
import type { StationConfiguration } from "../../../src/firmware/config/configuration.js";
import { DerivationContext, type DerivedReading } from "../../../src/protocol/record/derive.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { type EventCode, eventNameOf } from "../../../src/protocol/record/events.js";
import { type NamedReading, namedOf } from "../data/named-reading.js";
import { openBareCollector, serviceStation, stepStation } from "../engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../engines/bare-station.js";

const NAME = "bor-1";

export interface StoryOptions {
	/** A name of SCENARIOS, or a river. */
	readonly river: string | River;
	readonly seconds: number;
	readonly seed?: number;
	readonly sectors?: number;
	readonly configuration?: Partial<StationConfiguration>;
	/** In place of the drivers: where bugs are planted. */
	readonly openProbes?: StationProgramOptions["openProbes"];
	/** Around the program: the same for the board. */
	readonly wrap?: (program: StationProgram) => StationProgram;
	/** Before anything runs. */
	readonly prepare?: (station: SimulatedStation) => void;
	/** After every event. */
	readonly onStep?: (station: SimulatedStation) => void;
	/** Ends the story before its time. */
	readonly isOver?: (station: SimulatedStation) => boolean;
	/** Deliver what is left at the end; default true. */
	readonly isSettled?: boolean;
}

/** A reading as the collector holds it, and the river as it was. */
export interface StoryReading {
	readonly entry: Entry;
	/** Since the start of the scenario. */
	readonly seconds: number;
	readonly raw: NamedReading;
	readonly derived: DerivedReading;
	readonly water: ReturnType<River["at"]>;
}

export interface StoryEvent {
	readonly name: EventCode;
	readonly detail: number;
	readonly text: string;
	readonly seconds: number;
	readonly sequence: number;
}

export interface Story {
	readonly station: SimulatedStation;
	/** What appends returned, and what was cut short. */
	readonly returned: readonly Uint8Array[];
	readonly interrupted: readonly Uint8Array[];
	/** What the collector holds. */
	readonly rows: readonly Uint8Array[];
	readonly readings: readonly StoryReading[];
	readonly events: readonly StoryEvent[];
}

/** Plays it; everything in the result but `returned` is made of the collector's rows. */
export async function playStory(options: StoryOptions): Promise<Story> {
	const { seed = 1 } = options;
	const river =
		typeof options.river === "string"
			? SCENARIOS[options.river]?.(seed, START_UTC_SECONDS)
			: options.river;
	if (river === undefined) throw new Error(`no scenario ${options.river}`);
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, NAME);
	const returned: Uint8Array[] = [];
	const interrupted: Uint8Array[] = [];
	let attempted: Uint8Array | undefined;
	let cursor = 0;
	const station: SimulatedStation = bareStation({
		name: NAME,
		seed,
		river,
		collectorPublicKey: publicKey,
		endpoint,
		...(options.sectors === undefined ? {} : { sectors: options.sectors }),
		...(options.configuration === undefined ? {} : { configuration: options.configuration }),
		...(options.openProbes === undefined ? {} : { openProbes: options.openProbes }),
		...(options.wrap === undefined ? {} : { wrap: options.wrap }),
		witness: {
			attempted: (canonicalBytes) => {
				if (attempted !== undefined) interrupted.push(attempted);
				attempted = canonicalBytes.slice();
			},
			appended: (canonicalBytes) => {
				attempted = undefined;
				returned.push(canonicalBytes);
			},
			acknowledged: (to) => {
				cursor = to;
			},
		},
	});
	options.prepare?.(station);
	while (station.utcSeconds < START_UTC_SECONDS + options.seconds) {
		await stepStation(station);
		options.onStep?.(station);
		if (options.isOver?.(station) === true) break;
	}
	if (options.isSettled !== false) {
		for (let press = 0; press < 50 && cursor < sequenceOf(returned.at(-1)); press++) {
			await serviceStation(station);
		}
	}
	if (attempted !== undefined) interrupted.push(attempted);
	const rows = store.rowsOf(NAME);
	const context = new DerivationContext();
	const readings: StoryReading[] = [];
	const events: StoryEvent[] = [];
	for (const canonicalBytes of rows) {
		const entry = decodeEntry(canonicalBytes);
		const seconds = entry.utcSeconds - START_UTC_SECONDS;
		context.observe(entry);
		const derived = context.derive(entry);
		if (entry.kind === "reading" && derived !== undefined) {
			const raw = namedOf(entry.fields);
			readings.push({ entry, seconds, raw, derived, water: river.at(entry.utcSeconds) });
		}
		const name = entry.kind === "event" ? eventNameOf(entry.code) : undefined;
		if (entry.kind === "event" && name !== undefined) {
			const { detail, text, sequence } = entry;
			events.push({ name, detail, text, seconds, sequence });
		}
	}
	return { station, returned, interrupted, rows, readings, events };
}

/** Of a list that is not empty. */
export function medianOf(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sequenceOf(canonicalBytes: Uint8Array | undefined): number {
	return canonicalBytes === undefined ? 0 : decodeEntry(canonicalBytes).sequence;
}
