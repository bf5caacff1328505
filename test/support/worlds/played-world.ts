/** A simulated world over a temporary directory with a ledger in this process, for scenarios. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	addDeliveries,
	type DeliveryOutcome,
	judgeDelivery,
	NO_DELIVERY,
} from "../../../sim/checkers/delivery.js";
import type { Endpoint } from "../../../sim/network/wire.js";
import type { River } from "../../../sim/river/river.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import { DataDirectory } from "../../../sim/shell/data-directory.js";
import type { SimulationOptions } from "../../../sim/shell/played-station.js";
import { Simulation } from "../../../sim/shell/simulation.js";
import { type SigningKey, signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger, type LedgerReport } from "../../../src/collector/ledger/ledger.js";
import { createHandler, type Handler } from "../../../src/collector/service/receiver.js";
import { entriesOf } from "../../../src/collector/store/query.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { emptyStore } from "../collectors/shared-store.js";

/** 2026-10-01T00:00:00Z */
export const START_UTC_SECONDS = 1_790_812_800;
export const COLLECTOR_KEY: SigningKey = signingKeyOf(new Uint8Array(32).fill(9));

export interface PlayedWorldOptions {
	readonly seed: number;
	readonly stations?: SimulationOptions["stations"];
	readonly directory?: string;
	/** In place of the ledger in this process. */
	readonly endpoint?: Endpoint;
	readonly store?: SqlStore;
	/** Of the collector behind `endpoint`, when it is not the ledger in this process. */
	readonly collectorPublicKey?: Uint8Array;
}

export interface PlayedWorld {
	readonly simulation: Simulation;
	readonly store: SqlStore;
	readonly reports: LedgerReport[];
	readonly logs: string[];
	readonly handler: Handler;
	/** What the ledger counted as received again. */
	readonly duplicates: () => number;
	/** Witness against rows (of this world's store, or another), all stations together. */
	judge(store?: SqlStore): Promise<DeliveryOutcome>;
	/** Flash images, in station order. */
	images(): Uint8Array[];
	/** Closes the files; `keep` leaves the directory. */
	close(keep?: boolean): void;
	readonly directory: string;
}

export function riverOf(scenario: string, seed: number): River {
	const make = SCENARIOS[scenario];
	if (make === undefined) throw new Error(`no scenario ${scenario}`);
	return make(seed, START_UTC_SECONDS);
}

/** An endpoint that hands requests to a handler in this process. */
export function endpointOf(handler: Handler): Endpoint {
	return (request, onAnswer) => {
		handler(request).then(onAnswer, (error: unknown) => onAnswer(error as Error));
	};
}

export async function openPlayedWorld(options: PlayedWorldOptions): Promise<PlayedWorld> {
	const path = options.directory ?? mkdtempSync(join(tmpdir(), "bistrina-world-"));
	const directory = DataDirectory.open(path);
	const store = options.store ?? (await emptyStore());
	const reports: LedgerReport[] = [];
	const logs: string[] = [];
	const world: { utcSeconds: number } = { utcSeconds: START_UTC_SECONDS };
	const ledger = new Ledger({
		store,
		key: COLLECTOR_KEY,
		clock: {
			get utcSeconds() {
				return world.utcSeconds;
			},
		},
		onReport: (report) => reports.push(report),
	});
	const counts = { duplicates: 0 };
	const handler = createHandler(ledger, {
		onReceived: ({ duplicateCount }) => {
			counts.duplicates += duplicateCount;
		},
	});
	const simulation = new Simulation({
		directory,
		seed: options.seed,
		startUtcSeconds: START_UTC_SECONDS,
		stations: options.stations ?? [
			{ name: "bor-1", river: riverOf("quiet-bor", options.seed) },
			{ name: "pek-1", river: riverOf("storm-pek", options.seed + 1) },
		],
		saved: directory.readWorld()?.stations,
		collectorPublicKey: options.collectorPublicKey ?? COLLECTOR_KEY.publicKey,
		endpoint: options.endpoint ?? endpointOf(handler),
		onLog: (station, line) => logs.push(`${station} ${line}`),
	});
	Object.defineProperty(world, "utcSeconds", { get: () => simulation.world.utcSeconds });
	for (const { name, publicKey } of simulation.played) await ledger.enrol(name, publicKey);
	return {
		simulation,
		store,
		reports,
		logs,
		handler,
		duplicates: () => counts.duplicates,
		directory: path,
		judge: async (judged = store) => {
			let total = NO_DELIVERY;
			for (const { name, witness } of simulation.played) {
				const rows = (await entriesOf(judged, name)).map(({ canonicalBytes }) => canonicalBytes);
				total = addDeliveries(total, judgeDelivery(witness.returned, witness.mayExist, rows));
			}
			return total;
		},
		images: () =>
			simulation.played.map(
				({ name }) => new Uint8Array(readFileSync(directory.file(`station-${name}.flash`))),
			),
		close: (keep = false) => {
			simulation.close();
			directory.release();
			if (!keep) rmSync(path, { recursive: true });
		},
	};
}
