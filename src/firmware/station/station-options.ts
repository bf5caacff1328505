/** What a station is made of. */
import type { StationConfiguration } from "../config/configuration.js";
import type { JournalOptions } from "../journal/journal-types.js";
import type { WaterProbes } from "../measure/probes.js";
import type { Board } from "../ports.js";
import type { StationJournal } from "./journal-port.js";
import type { RealTimeClock } from "./time-keeper.js";

/** What a composition root adds to the board: the rooms and parts that this station is built of. */
export interface StationOptions {
	readonly board: Board;
	/**
	 * What the board knows without having been told: of a simulated one. What it was told on its line, or came over the
	 * air since, is in its settings.
	 */
	readonly configuration?: StationConfiguration;
	/** major * 1 000 000 + minor * 1 000 + patch. */
	readonly firmwareVersion: number;
	readonly openProbes: (board: Board, configuration: StationConfiguration) => WaterProbes;
	readonly openRealTimeClock: (board: Board) => RealTimeClock;
	/** What the root alone knows, such as the board before this one, it adds. */
	readonly openJournal: (options: JournalOptions) => StationJournal;
}
