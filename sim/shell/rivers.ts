/** Which rivers a run has: from the options at a first start, from the data directory afterwards. */

import { OperationalError, UsageError } from "../../src/host/errors.js";
import type { River } from "../river/river.js";
import { SCENARIOS } from "../river/scenarios.js";
import type { SavedWorld, WorldIdentity } from "./data-directory.js";
import type { StartOptions } from "./options.js";
import { AS_WRITTEN } from "./river-columns.js";
import { readRiverFile } from "./river-file.js";

/** What a file of a recorded river spans. */
export interface RecordedSpan {
	readonly path: string;
	readonly firstUtcSeconds: number;
	readonly lastUtcSeconds: number;
}

export interface Rivers {
	readonly seed: number;
	readonly identity: WorldIdentity;
	readonly recording: RecordedSpan | undefined;
	stations(startUtcSeconds: number): { readonly name: string; readonly river: River }[];
}

/** Throws OperationalError when the options contradict what the data directory was begun with. */
export async function recordedOrNamedRivers(
	options: StartOptions,
	saved: SavedWorld | undefined,
	seedDefault: number,
	print: (line: string) => void,
): Promise<Rivers> {
	if (
		saved === undefined &&
		options.river === undefined &&
		Object.keys(options.riverFile).length > 0
	)
		throw new UsageError("--river-columns, --river-zone and --river-sort are for --river");
	const identity: WorldIdentity =
		saved === undefined
			? {
					seed: options.seed ?? seedDefault,
					riverFile: options.river ?? null,
					...(options.river === undefined
						? {}
						: { riverFileOptions: { ...AS_WRITTEN, ...options.riverFile } }),
					scenario: options.scenario ?? null,
					stationCount: options.stations ?? (options.river === undefined ? 2 : 1),
				}
			: {
					seed: saved.seed,
					riverFile: saved.riverFile,
					...(saved.riverFileOptions === undefined
						? {}
						: { riverFileOptions: saved.riverFileOptions }),
					scenario: saved.scenario,
					stationCount: saved.stationCount,
				};
	if (saved !== undefined) {
		requireSame("--seed", options.seed, saved.seed);
		requireSame("--river", options.river, saved.riverFile);
		requireSame("--scenario", options.scenario, saved.scenario);
		requireSame("--stations", options.stations, saved.stationCount);
		const begun = saved.riverFileOptions ?? AS_WRITTEN;
		const { columns, zone, isSorted } = options.riverFile;
		requireSame("--river-columns", columnsText(columns), columnsText(begun.columns) || null);
		requireSame("--river-zone", zone ?? undefined, begun.zone);
		requireSame("--river-sort", isSorted === true ? "" : undefined, begun.isSorted ? "" : null);
	}
	const recorded =
		identity.riverFile === null
			? undefined
			: await readRiverFile(identity.riverFile, identity.riverFileOptions, print);
	return {
		seed: identity.seed,
		identity,
		recording: recordingOf(identity.riverFile, recorded),
		stations: (startUtcSeconds) =>
			Array.from({ length: identity.stationCount }, (_, index) => {
				const isBor = index % 2 === 0;
				const name = `${isBor ? "bor" : "pek"}-${Math.floor(index / 2) + 1}`;
				if (recorded !== undefined) return { name, river: recorded };
				const scenario = identity.scenario ?? (isBor ? "quiet-bor" : "storm-pek");
				const make = SCENARIOS[scenario];
				if (make === undefined) throw new OperationalError(`scenario ${scenario} is not known`);
				return { name, river: make((identity.seed + index) >>> 0, startUtcSeconds) };
			}),
	};
}

function columnsText(columns: Readonly<Record<string, string>> | undefined): string | undefined {
	if (columns === undefined) return undefined;
	return Object.entries(columns)
		.map(([ours, theirs]) => `${ours}=${theirs}`)
		.join(",");
}

function recordingOf(path: string | null, river: River | undefined): RecordedSpan | undefined {
	if (path === null || river?.firstUtcSeconds === undefined || river.lastUtcSeconds === undefined) {
		return undefined;
	}
	return { path, firstUtcSeconds: river.firstUtcSeconds, lastUtcSeconds: river.lastUtcSeconds };
}

function requireSame<Value extends string | number>(
	option: string,
	asked: Value | undefined,
	begun: Value | null,
): void {
	if (asked === undefined || asked === begun) return;
	const how = begun === null ? `without ${option}` : `with ${option} ${begun}`;
	throw new OperationalError(
		`${option} ${asked}: this data directory was begun ${how}; leave the option out, ` +
			"or choose another --data DIR for this",
	);
}
