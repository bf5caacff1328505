/** What a simulated station runs: the firmware over the reference board's drivers, watched at its append port. */
import { openRealTimeClock, openWaterProbes } from "../../drivers/board-probes.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import { Journal } from "../../src/firmware/journal/journal.js";
import type { WaterProbes } from "../../src/firmware/measure/probes.js";
import type { Board } from "../../src/firmware/ports.js";
import { type Station, startStation } from "../../src/firmware/station/station.js";
import { type Witness, witnessed } from "./witness.js";

/** 0.1.0 as entries carry it: major * 1 000 000 + minor * 1 000 + patch. */
export const FIRMWARE_VERSION = 1_000;

export interface StationProgramOptions {
	readonly configuration: StationConfiguration;
	readonly witness: Witness;
	/** In place of the reference board's drivers. */
	readonly openProbes?: (board: Board, configuration: StationConfiguration) => WaterProbes;
}

/** The program for `SimulatedStation`. */
export function stationProgram(options: StationProgramOptions): (board: Board) => Station {
	return (board) =>
		startStation({
			board,
			configuration: options.configuration,
			firmwareVersion: FIRMWARE_VERSION,
			openProbes: options.openProbes ?? openWaterProbes,
			openRealTimeClock,
			openJournal: (given) => witnessed(Journal.open(given), options.witness),
		});
}
