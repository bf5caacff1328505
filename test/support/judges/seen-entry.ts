/** An entry as the world saw it appended: what the judges of a station's decisions start from. */
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";

export interface SeenEntry {
	/** The world's clock when the append returned, Unix seconds. */
	readonly worldUtcSeconds: number;
	readonly entry: Entry;
}
