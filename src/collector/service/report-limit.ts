/**
 * What goes to the log, bounded so that nobody can fill it, and in accounts of their own so that nobody
 * can crowd another out: strangers, who may be anyone, share one; each station has its own for what
 * was done with its key; faults of the collector itself have one.
 */

import type { LogFields } from "./log.js";

export interface ReportOf {
	/** Undefined: nobody's key signed it. */
	readonly station?: string;
	/** A fault of the collector itself. */
	readonly isOwnFault?: boolean;
	/** For machines. */
	readonly fields?: LogFields;
}

const STRANGERS = "strangers";
const COLLECTOR = "the collector";
const MOST_PER_MINUTE: Readonly<Record<string, number>> = Object.freeze({
	[STRANGERS]: 10,
	[COLLECTOR]: 10,
});
const PER_STATION_AND_MINUTE = 5;
/** Lines of stations; of further ones the first line of each is shown. */
const SHOWN_PER_MINUTE = 500;
const ACCOUNTS_LISTED = 10;

export class ReportLimit {
	readonly #log: (line: string, fields?: LogFields) => void;
	readonly #counts = new Map<string, number>();
	readonly #hidden = new Map<string, number>();
	#shown = 0;

	/** `log` gets each line that is shown. */
	constructor(log: (line: string, fields?: LogFields) => void) {
		this.#log = log;
	}

	add(line: string, { station, isOwnFault = false, fields }: ReportOf): void {
		const account = isOwnFault
			? COLLECTOR
			: station === undefined
				? STRANGERS
				: `station ${station}`;
		const count = (this.#counts.get(account) ?? 0) + 1;
		this.#counts.set(account, count);
		const isCrowded = this.#shown >= SHOWN_PER_MINUTE;
		const most = MOST_PER_MINUTE[account] ?? (isCrowded ? 1 : PER_STATION_AND_MINUTE);
		if (count > most) {
			this.#hidden.set(account, (this.#hidden.get(account) ?? 0) + 1);
			return;
		}
		if (station !== undefined) this.#shown++;
		this.#log(line, isOwnFault ? { level: "error", ...fields } : { ...fields, station });
	}

	/** A minute is over: logs what was not shown and whose it was, and begins anew. */
	turn(): void {
		const hidden = [...this.#hidden];
		if (hidden.length > 0) {
			const all = hidden.reduce((sum, [, count]) => sum + count, 0);
			const listed = hidden
				.slice(0, ACCOUNTS_LISTED)
				.map(([account, count]) => `${count} of ${account}`);
			this.#log(`and ${all} more within a minute: ${listed.join(", ")}`);
		}
		this.#counts.clear();
		this.#hidden.clear();
		this.#shown = 0;
	}
}
