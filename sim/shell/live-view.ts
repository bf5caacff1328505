/**
 * The live view: in a terminal drawn a few times a second, never taller or wider than that is; into a
 * file or a pipe a plain line now and then. Talks on stderr.
 */
import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import { onStderr } from "../../src/host/colours.js";
import { CHANNEL_TABLE } from "../../src/protocol/audit/channel-columns.js";
import { CHANNEL_SET_1, valueFieldOf } from "../../src/protocol/record/channel-set.js";
import type { ChannelName } from "../../src/protocol/record/channels.js";
import type { DerivedReading, DerivedValue } from "../../src/protocol/record/derive.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";

export interface StationView {
	readonly name: string;
	readonly river: string;
	/** Newest reading as the public will see it, or undefined before the first. */
	readonly reading: DerivedReading | undefined;
	readonly readingUtcSeconds: number;
	readonly appended: number;
	/** Entries in flash that no acknowledgement has released yet. */
	readonly waiting: number;
	readonly acknowledgedUtcSeconds: number | undefined;
	readonly state: string;
	/** Of its technician's line, or undefined. */
	readonly line: string | undefined;
}

export interface WorldView {
	readonly utcSeconds: number;
	/** 0..1, or undefined when the run has no end. */
	readonly progress: number | undefined;
	readonly collector: string;
	readonly stations: readonly StationView[];
}

/** What the view needs of a terminal, a file or a pipe. */
export interface ViewStream extends NodeJS.WritableStream {
	readonly isTTY?: boolean;
	readonly columns?: number;
	readonly rows?: number;
}

/** What a terminal has room for. */
export interface Room {
	readonly columns: number;
	readonly rows: number;
}

const REFRESH_MILLISECONDS = 150;
/** Into a file or a pipe goes a line so seldom: a day is 3000 lines. */
const PLAIN_LINE_MILLISECONDS = 30_000;
const FIRST_PLAIN_LINE_MILLISECONDS = 2000;
/** Below a table, where there is no room for the flags themselves. */
const LEGEND = "?: flagged; bistrina --port LINE read names the flags";
const BAR_CELLS = 30;
/** The cursor stands on a line of its own below the view. */
const CURSOR_ROWS = 1;
/** A terminal that does not tell its size is one of these. */
const ROOM_DEFAULT: Room = Object.freeze({ columns: 80, rows: 24 });
const CLEAR_SCREEN = "\u001b[2J\u001b[H";

export class LiveView {
	readonly #stream: ViewStream;
	readonly #now: () => number;
	/** Undefined: what is no terminal gets plain lines and no control characters. */
	readonly #draw: ReturnType<typeof createLogUpdate> | undefined;
	/** Undefined: nothing was shown yet. */
	#dueMilliseconds: number | undefined;
	#isResized = false;
	readonly #onResize = (): void => {
		this.#isResized = true;
		this.#dueMilliseconds = 0;
	};

	/** `now`: milliseconds of the wall. */
	constructor(stream: ViewStream, now: () => number = () => performance.now()) {
		this.#stream = stream;
		this.#now = now;
		// A terminal that says it has no columns, as a bare pty does, would be drawn on and show nothing.
		const isDrawn = stream.isTTY === true && stream.columns !== 0 && process.env["TERM"] !== "dumb";
		this.#draw = isDrawn ? createLogUpdate(stream) : undefined;
		if (isDrawn) stream.on("resize", this.#onResize);
	}

	/** Draws unless it has just drawn. */
	update(view: () => WorldView): void {
		const now = this.#now();
		this.#dueMilliseconds ??= this.#draw === undefined ? now + FIRST_PLAIN_LINE_MILLISECONDS : 0;
		if (now < this.#dueMilliseconds) return;
		this.#show(view());
		this.#dueMilliseconds =
			now + (this.#draw === undefined ? PLAIN_LINE_MILLISECONDS : REFRESH_MILLISECONDS);
	}

	/** A line that stays, above what is drawn. */
	print(line: string): void {
		if (this.#draw === undefined) this.#stream.write(`${line}\n`);
		else {
			this.#draw.persist(`${line}\n`);
			this.#dueMilliseconds = 0;
		}
	}

	/** Draws a last time and leaves it standing. */
	finish(view: WorldView): void {
		this.#show(view);
		this.#draw?.done();
		this.#stream.removeListener("resize", this.#onResize);
	}

	#show(view: WorldView): void {
		if (this.#draw === undefined) {
			this.#stream.write(`${plainLine(view)}\n`);
			return;
		}
		if (this.#isResized) {
			// Terminals differ in what they make of old lines that are too long now.
			this.#isResized = false;
			this.#draw.clear();
			this.#stream.write(CLEAR_SCREEN);
		}
		this.#draw(render(view, roomOf(this.#stream)));
	}
}

/**
 * The view as lines of text that fit: a block for each station, or where that is too much a table, or
 * where even that is too much the first of its rows and how many more there are.
 */
export function render(view: WorldView, room: Room): string {
	const rows = Math.max(room.rows - CURSOR_ROWS, 1);
	const head = [
		`${onStderr.bold("Bistrina")}  ${instant(view.utcSeconds)}  ${onStderr.dim(`collector ${view.collector}`)}`,
	];
	if (view.progress !== undefined) head.push(bar(view.progress));
	const blocks = [...head, ...view.stations.flatMap(block)];
	const lines = blocks.length <= rows ? blocks : [...head, ...table(view, rows - head.length)];
	return lines
		.slice(0, rows)
		.map((line) => cut(line, room.columns))
		.join("\n");
}

/** The view as one line for a file. */
export function plainLine(view: WorldView): string {
	const sum = (countOf: (station: StationView) => number): number =>
		view.stations.reduce((total, station) => total + countOf(station), 0);
	const progress = view.progress === undefined ? "" : `, ${percent(view.progress)}`;
	const count = view.stations.length;
	return (
		`${instant(view.utcSeconds)}${progress}: ${count} station${count === 1 ? "" : "s"}, ` +
		`${sum(({ appended }) => appended)} entries, ${sum(({ waiting }) => waiting)} waiting in flash`
	);
}

function roomOf({ columns, rows }: ViewStream): Room {
	// Some terminals say 0 for what they do not know.
	return { columns: columns || ROOM_DEFAULT.columns, rows: rows || ROOM_DEFAULT.rows };
}

function block(station: StationView): string[] {
	const { acknowledgedUtcSeconds } = station;
	return [
		"",
		`${onStderr.bold(station.name)}  ${onStderr.dim(station.river)}  ${station.state}  ${onStderr.dim(station.line ?? "")}`.trimEnd(),
		reading(station),
		...doubts(station),
		`  ${station.appended} entries, ${station.waiting} waiting in flash, ${
			acknowledgedUtcSeconds === undefined
				? "none acknowledged in this run"
				: `acknowledged ${instant(acknowledgedUtcSeconds)}`
		}`,
	];
}

/** A row for each station under a header, not more than `rowsMax` lines. */
function table(view: WorldView, rowsMax: number): string[] {
	const columns = CHANNEL_TABLE.filter(isFittedIn(view.stations));
	const [header, ...rows] = aligned([
		["station", "state", ...columns.map(({ view }) => view.head), "entries", "waiting", "line"],
		...view.stations.map((station) => {
			const { reading: derived } = station;
			return [
				station.name,
				station.state,
				...columns.map(({ name, view, hasUnit }) => {
					if (derived === undefined) return "";
					const text = number(derived[name], view.decimals);
					return hasUnit ? `${text} ${derived[name].unit}`.trimEnd() : text;
				}),
				String(station.appended),
				String(station.waiting),
				/:\d+$/.exec(station.line ?? "")?.[0] ?? "",
			];
		}),
	]);
	const isDoubtful = view.stations.some((station) => doubts(station).length > 0);
	const legend = isDoubtful ? [onStderr.dim(LEGEND)] : [];
	const lines = [onStderr.dim(header ?? ""), ...rows, ...legend];
	if (lines.length <= rowsMax) return lines;
	// The line that says so takes the place of one more.
	const shown = Math.max(rowsMax - 1, 1);
	return [...lines.slice(0, shown), onStderr.dim(`and ${lines.length - shown} more`)];
}

/** A channel that stations may do without takes room only where one of them has it. */
function isFittedIn(stations: readonly StationView[]) {
	return ({ name }: { readonly name: ChannelName }): boolean =>
		valueFieldOf(CHANNEL_SET_1, name) !== undefined ||
		stations.some(({ reading: derived }) => (derived?.[name].unit ?? "") !== "");
}

/** Columns as wide as their widest cell: words to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
	const widthOf = (text: string): number => stripVTControlCharacters(text).length;
	const widths = (rows[0] ?? []).map((_, column) =>
		Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
	);
	return rows.map((row) =>
		row
			.map((text, column) => {
				const padding = " ".repeat((widths[column] ?? 0) - widthOf(text));
				return column < 2 ? text + padding : padding + text;
			})
			.join("  ")
			.trimEnd(),
	);
}

/** Not longer than a row: a line that wraps takes two. Where it must be cut it loses its colours. */
function cut(line: string, columns: number): string {
	const plain = stripVTControlCharacters(line);
	if (plain.length <= columns) return line;
	return `${plain.slice(0, Math.max(columns - 3, 0))}...`.slice(0, columns);
}

function reading(station: StationView): string {
	const derived = station.reading;
	if (derived === undefined) return onStderr.dim("  no reading yet");
	const values = CHANNEL_TABLE.filter(isFittedIn([station])).map(({ name, view, hasUnit }) => {
		const text = view.line.replace("#", number(derived[name], view.decimals));
		return hasUnit ? `${text} ${derived[name].unit}` : text;
	});
	return `  ${values.join("  ")}  ${onStderr.dim(instant(station.readingUtcSeconds).slice(11))}`;
}

/** What the question marks mean: the flags of each channel that has one. */
function doubts({ reading: derived }: StationView): string[] {
	if (derived === undefined) return [];
	const doubtful = CHANNEL_TABLE.flatMap(({ name, words: [word] }) => {
		const names = flagNames(derived[name].flags);
		return names.length === 0 ? [] : [`${word} ${names.join(" ")}`];
	});
	return doubtful.length === 0 ? [] : [onStderr.yellow(`  ?: ${doubtful.join(", ")}`)];
}

function flagNames(flags: number): string[] {
	return Object.entries(CHANNEL_FLAGS).flatMap(([name, bit]) =>
		(flags & bit) === 0 ? [] : [name],
	);
}

function number(derived: DerivedValue, decimals: number): string {
	if (derived.value === undefined) return onStderr.red("-");
	const text = derived.value.toFixed(decimals);
	return derived.flags === 0 ? text : onStderr.yellow(`${text}?`);
}

function bar(progress: number): string {
	const part = Math.min(Math.max(progress, 0), 1);
	const cells = Math.floor(part * BAR_CELLS);
	return `${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)} ${percent(progress)}`;
}

function percent(progress: number): string {
	return `${Math.floor(Math.min(Math.max(progress, 0), 1) * 100)} %`;
}

/** 2026-10-01 12:00:00 UTC */
export function instant(utcSeconds: number): string {
	return `${new Date(utcSeconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
