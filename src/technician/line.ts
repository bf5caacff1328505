/** A line to a station as the program sees it, whatever carries it; and the errors it may have. */

/** An open line. Callbacks come from the event loop, never inside a call. */
export interface Line {
	/** For messages: what was given as --port. */
	readonly name: string;
	/** A socket: somebody listens, but perhaps not a station. */
	readonly isSocket?: boolean;
	/** The opening may have reset the station: it is silent for so long at most. Undefined: it has not. */
	readonly bootMillisecondsMax?: number;
	/** Of a simulated station: puts its probes into a bottle by its name, the air, or the river. */
	readonly putProbes?: (what: string) => void;
	write(bytes: Uint8Array): void;
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	/** The far end is gone: unplugged, closed, failed. Not after `close`. */
	onLost: ((reason: string) => void) | undefined;
	close(): Promise<void>;
}
