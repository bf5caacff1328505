/** A line to a station as the program sees it, whatever carries it; and the trouble it may have. */

/** An open line. Callbacks come from the event loop, never inside a call. */
export interface Line {
	/** For messages: what was given as --port. */
	readonly name: string;
	/** A socket: somebody listens, but perhaps not a station. */
	readonly isSocket?: boolean;
	write(bytes: Uint8Array): void;
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	/** The far end is gone: unplugged, closed, failed. Not after `close`. */
	onLost: ((reason: string) => void) | undefined;
	close(): Promise<void>;
}

/** Trouble that the technician can mend: one line, exit 1. Anything else is a bug, exit 70. */
export class TechnicianTrouble extends Error {
	override name = "TechnicianTrouble";
}

/** What was asked for makes no sense: one line, exit 2. */
export class UsageTrouble extends TechnicianTrouble {
	override name = "UsageTrouble";
}
