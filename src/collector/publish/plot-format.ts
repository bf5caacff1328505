/** What a plot is, between this collector and its page: docs/PUBLISHING.md, section 4. Types alone, for the page has no Node. */

export type Shown = "derived" | "raw" | "corrected";

/** Unix seconds from the last reading before it to the first after it, and why: a word of the vocabulary after `gap-`. */
export type Hole = readonly [from: number, to: number, reason: string];

export interface PlotChannel {
	readonly decimals: number;
	/** Steps of the last decimal, each as its difference from the one before that is there. */
	readonly least: readonly (number | null)[];
	/** Greatest less least; left out where every reading is sent. */
	readonly spread?: readonly (number | null)[];
	/** Values in the column; left out likewise. */
	readonly counts?: readonly number[];
	/** A digit for each: the worst QARTOD flag, 0 none. */
	readonly judged: string;
	/** Names of flags, and which of them occur where: [place in `flagTexts`, from, to] of runs of columns. */
	readonly flagTexts: readonly string[];
	readonly flagRuns: readonly (readonly [number, number, number])[];
	/** Of every reading: raw and corrected steps, grades and statuses by runs. */
	readonly raw?: readonly (number | null)[];
	readonly corrected?: readonly (number | null)[];
	readonly grades?: Runs;
	readonly statuses?: Runs;
}

export interface Runs {
	readonly texts: readonly string[];
	readonly runs: readonly (readonly [number, number, number])[];
}

export interface Plot {
	readonly from: number;
	readonly to: number;
	readonly shown: Shown;
	readonly readings: number;
	/** Seconds of a column; 0: every reading is there, at `times`. */
	readonly columnSeconds: number;
	/** Columns. */
	readonly columns: number;
	/** Where nobody measured: from, to, and the word for why. */
	readonly holes: readonly Hole[];
	/** Seconds since `from`, each as the difference from the one before; only of readings. */
	readonly times?: readonly number[];
	/** Half width of what is believed of each time, seconds, by runs; only of readings. */
	readonly doubts?: Runs;
	readonly channels: Readonly<Record<string, PlotChannel>>;
}
