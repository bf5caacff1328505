/**
 * Files of recorded rivers as loggers and spreadsheets write them, each with what docs/RIVER.md says of it: the rows
 * that it holds, or the places of its faults. What a field means is drawn before it is written, without the reader.
 */
import { fraction, integerBelow, type RandomSource } from "../../../src/core/random.js";
import { drawTime, resolved, type TimeTruth, type ZoneDraw, zoneDraw } from "./river-times.js";

export interface RiverRow {
	readonly utcSeconds: number;
	/** pH, conductance, turbidity, temperature; NaN: none. */
	readonly values: readonly number[];
}

export interface RiverFile {
	readonly bytes: Buffer;
	readonly columns: Readonly<Record<string, string>>;
	readonly zone: string | null;
	readonly isSorted: boolean;
	/** `LINE:COLUMN` of each, in the order of rows. */
	readonly faults: readonly string[];
	/** In order of time, where there is no fault. */
	readonly rows: readonly RiverRow[];
}

/** What is written for a field: with its value, or a fault (undefined); `mark`: of its decimals. */
interface Cell {
	text: string;
	value?: number;
	isFault?: boolean;
	mark?: string | undefined;
	/** Bytes that no quoting and no blanks may touch. */
	raw?: Buffer;
	/** What comes after cannot be told. */
	endsFile?: boolean;
	/** The quotes of the row are wrong: nothing else of it is looked at. */
	endsRow?: boolean;
}

const NAMES = ["ph", "ec25_us_cm", "turbidity_ntu", "temperature_c"] as const;
const LIMITS = [
	[0, 14],
	[0, 500_000],
	[-50, 10_000],
	[-5, 60],
] as const;
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
	time: ["Zeit", "Datum Uhrzeit", "TIMESTAMP"],
	ph: ["pH mean", "pH [-]"],
	ec25_us_cm: ["LF25 µS/cm", "Elektroprovodljivost"],
	turbidity_ntu: ["turbidity", "Trübung (FNU)"],
	temperature_c: ["Temp °C", "температура"],
};
const NONE = ["", "", "", "NA", "n/a", "NaN", "nan", "null", "NULL", "-", "  "];
const NO_NUMBERS = [
	...[
		"-9999",
		"-999.9",
		"1e9",
		"7.1.2",
		"7,1,2",
		"1.234,5",
		"1,234.5",
		"1 234",
		"1'234",
		"0x10",
		"--",
	],
	...[
		"7.1 pH",
		"<0.1",
		"> 4000",
		"Infinity",
		"1e999",
		"#N/A",
		"ERR",
		"\u22125",
		"1_0",
		"\u0667",
		"e5",
		".",
	],
];
const EXTRA_NAMES = ["Bemerkung", "depth (m)", "Q m³/s", "x", "x", ""];
const NOTES = [
	"",
	"ok",
	"čišćenje",
	"a, b; c",
	'he said "7"',
	"two\nlines",
	"\r\n",
	"cr\ralone",
	"#",
	"𝛀",
	"-9999",
];
const LINE_ENDS = [["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]];

export function drawRiverFile(random: RandomSource): RiverFile {
	return new Drawing(random).file();
}

class Drawing {
	readonly #random: RandomSource;
	readonly #delimiter: string;
	readonly #mark: string;
	readonly #lineEnds: readonly string[];
	readonly #quoteShare: number;
	readonly #faultShare: number;
	readonly #isSorted: boolean;
	readonly #zone: ZoneDraw;
	readonly #given: Record<string, string> = {};
	/** Index in NAMES, "time" or a note. */
	readonly #order: ("time" | "note" | number)[];
	readonly #parts: Buffer[] = [];
	readonly #faults: { readonly part: number; readonly column: number }[] = [];
	readonly #rows: RiverRow[] = [];
	#firstMark: string | undefined;
	#before = Number.NEGATIVE_INFINITY;
	#isEnded = false;
	/** After an open quote no other one may come. */
	#mayQuote = true;

	constructor(random: RandomSource) {
		this.#random = random;
		this.#delimiter = this.#pick([",", ";"]);
		this.#mark = this.#delimiter === ";" ? this.#pick([",", ",", "."]) : ".";
		this.#lineEnds = this.#pick(LINE_ENDS);
		this.#quoteShare = this.#pick([0, 0.1, 1]);
		this.#faultShare = this.#pick([0, 0, 0.002, 0.02]);
		this.#isSorted = this.#chance(0.3);
		this.#zone = zoneDraw(random);
		this.#order = this.#columns();
	}

	file(): RiverFile {
		if (this.#chance(0.3)) this.#parts.push(Buffer.from("\uFEFF"));
		this.#header();
		const times = this.#times();
		const structural = this.#chance(0.15) ? integerBelow(this.#random, times.length) : -1;
		for (const [row, utcSeconds] of times.entries()) {
			this.#row(utcSeconds, row === structural, row + 1 === times.length);
		}
		const sorted = this.#isSorted
			? this.#rows
					.map((row, at) => ({ row, at }))
					.sort((a, b) => a.row.utcSeconds - b.row.utcSeconds || a.at - b.at)
					.map(({ row }) => row)
					.filter((row, at, all) => row.utcSeconds !== all[at - 1]?.utcSeconds)
			: this.#rows;
		const lines = this.#lines();
		return {
			bytes: Buffer.concat(this.#parts),
			columns: this.#given,
			zone: this.#zone.option,
			isSorted: this.#isSorted,
			faults: this.#faults.map(({ part, column }) => `${lines[part]}:${column}`),
			rows: sorted,
		};
	}

	#columns(): ("time" | "note" | number)[] {
		const order: ("time" | "note" | number)[] = ["time"];
		for (const [index, name] of NAMES.entries()) {
			if (this.#chance(0.9)) order.push(index);
			else this.#given[name] = "";
		}
		for (let extra = integerBelow(this.#random, 4); extra > 0; extra--) order.push("note");
		if (order.length === 1) order.push("note");
		for (let at = order.length - 1; at > 0; at--) {
			const other = integerBelow(this.#random, at + 1);
			[order[at], order[other]] = [order[other] ?? "note", order[at] ?? "note"];
		}
		return order;
	}

	#header(): void {
		const names = this.#order.map((what): Cell => {
			if (what === "note") return { text: this.#pick(EXTRA_NAMES) };
			const ours = what === "time" ? what : (NAMES[what] ?? "");
			if (this.#chance(0.7)) return { text: this.#cased(ours) };
			const theirs = this.#pick(OTHER_NAMES[ours] ?? []);
			this.#given[ours] = theirs;
			return { text: this.#cased(theirs) };
		});
		this.#blankLines();
		this.#write(names, false);
	}

	/** True times of the rows, in the order of the file. */
	#times(): number[] {
		const count = this.#pick([1, 2, 5, 40, 40, 300]);
		const step = this.#pick([60, 600, 900, 3600]);
		const times: number[] = [];
		let utcSeconds = this.#zone.first(step);
		for (let row = 0; row < count; row++) {
			times.push(utcSeconds);
			utcSeconds += step * (this.#chance(0.03) ? 1 + integerBelow(this.#random, 40) : 1);
			if (this.#chance(0.02)) utcSeconds += this.#pick([1, 0.5, step / 2]);
		}
		if (this.#isSorted || this.#chance(0.05)) {
			for (let swaps = integerBelow(this.#random, 4); swaps > 0; swaps--) {
				const [one, other] = [integerBelow(this.#random, count), integerBelow(this.#random, count)];
				[times[one], times[other]] = [times[other] ?? 0, times[one] ?? 0];
			}
			if (this.#chance(0.3)) times.splice(integerBelow(this.#random, count), 0, times[0] ?? 0);
			if (this.#chance(0.1)) times.reverse();
		}
		return times;
	}

	#row(utcSeconds: number, isStructural: boolean, isLast: boolean): void {
		const time = drawTime(this.#random, utcSeconds, this.#zone, this.#fault());
		const values: number[] = NAMES.map(() => Number.NaN);
		const cells = this.#order.map((what): Cell => {
			if (what === "time") return { text: time.text };
			if (what === "note") return { text: this.#mayQuote ? this.#pick(NOTES) : "" };
			const cell = this.#value(what);
			values[what] = cell.value ?? Number.NaN;
			return cell;
		});
		if (this.#fault()) {
			if (this.#chance(0.5)) cells.push({ text: "" });
			else if (cells.length > 2) cells.pop();
		}
		if (isStructural) this.#spoil(cells);
		const parts = this.#write(cells, isLast && this.#chance(0.3));
		if (!this.#isEnded) this.#judge(cells, parts, time, values);
		this.#blankLines();
	}

	/** The faults of a row as the document has them, else the row. */
	#judge(
		cells: readonly Cell[],
		parts: readonly number[],
		time: TimeTruth,
		values: number[],
	): void {
		const add = (at: number): void => {
			this.#faults.push({ part: parts[at] ?? 0, column: at + 1 });
		};
		const spoilt = cells.findIndex(
			({ endsRow, endsFile }) => endsRow === true || endsFile === true,
		);
		if (spoilt >= 0) {
			add(spoilt);
			this.#isEnded = cells[spoilt]?.endsFile === true;
			return;
		}
		if (cells.length !== this.#order.length) {
			this.#faults.push({ part: parts[0] ?? 0, column: cells.length });
			return;
		}
		const timeAt = this.#order.indexOf("time");
		const utcSeconds = resolved(time, this.#before, this.#isSorted);
		if (utcSeconds === undefined) add(timeAt);
		else {
			if (!this.#isSorted && utcSeconds <= this.#before) add(timeAt);
			this.#before = utcSeconds;
			this.#rows.push({ utcSeconds, values });
		}
		for (const name of NAMES.keys()) {
			const at = this.#order.indexOf(name);
			const cell = cells[at];
			if (cell === undefined) continue;
			if (cell.isFault) add(at);
			else if (cell.mark !== undefined && this.#delimiter === ";") {
				this.#firstMark ??= cell.mark;
				if (cell.mark !== this.#firstMark) add(at);
			}
		}
	}

	#value(index: number): Cell {
		if (this.#fault()) {
			const text = this.#pick(NO_NUMBERS);
			if (this.#chance(0.8) || this.#delimiter === ",") return { text, isFault: true };
			const mark = this.#mark === "," ? "." : ",";
			return { text: `7${mark}125`, value: 7.125, mark };
		}
		if (this.#chance(0.05)) return { text: this.#pick(NONE), value: Number.NaN };
		const [low, high] = LIMITS[index] ?? [0, 0];
		const isLimit = this.#chance(0.02);
		const value = isLimit
			? this.#pick([low, high])
			: Number(
					(
						Math.max(low, -5) +
						fraction(this.#random) * (Math.min(high, 900) - Math.max(low, -5))
					).toFixed(this.#pick([0, 1, 3])),
				);
		const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
		const written = this.#pick([
			...[String(value), String(value), value.toFixed(4), value.toExponential()],
			...[
				value >= 0 ? `+${value}` : String(value),
				Number.isInteger(value) ? `${value}.` : String(value),
			],
			...[String(value).replace(/^0\./, "."), `${value}e0`, `${String(value)}E-00`],
			value
				.toExponential()
				.replace("e", "E")
				.replace(/[+-]?\d+$/, (all) => (exponent < 0 ? all : all.replace("+", ""))),
		]);
		const mark = written.includes(".") ? this.#mark : undefined;
		return { text: written.replace(".", this.#mark), value, mark };
	}

	/** One wrong quote, byte or length in a field of the row. */
	#spoil(cells: Cell[]): void {
		const at = integerBelow(this.#random, cells.length);
		const raw = (text: string, ...bytes: number[]): Buffer =>
			Buffer.concat([Buffer.from(text), Buffer.from(bytes)]);
		const kind = integerBelow(this.#random, 6);
		if (kind === 0) {
			this.#mayQuote = false;
			for (const cell of cells) if (/["\r\n,;]/.test(cell.text)) cell.text = "";
		}
		cells[at] = (
			[
				{ text: "", raw: raw('"7.1'), endsFile: true },
				{ text: "", raw: raw("7", 0xe8), endsFile: true },
				{ text: "", raw: raw("", 0xc3, 0x28), endsFile: true },
				{ text: "", raw: raw("x".repeat(70_000)), endsFile: true },
				{ text: "", raw: raw('7"1'), endsRow: true },
				{ text: "", raw: raw('"7"1'), endsRow: true },
			] as const
		)[kind] ?? { text: "" };
	}

	/** Writes a line; which parts of the file its fields are. */
	#write(cells: readonly Cell[], isWithoutEnd: boolean): number[] {
		const parts = cells.map((cell, at) => {
			if (at > 0) this.#parts.push(Buffer.from(this.#delimiter));
			if (cell.raw === undefined) this.#parts.push(Buffer.from(this.#pick(["", "", " ", "\t"])));
			return this.#parts.push(cell.raw ?? Buffer.from(this.#written(cell.text))) - 1;
		});
		if (!isWithoutEnd) this.#parts.push(Buffer.from(this.#pick(this.#lineEnds)));
		return parts;
	}

	/** The line on which each part begins. */
	#lines(): number[] {
		const lines: number[] = [];
		let line = 1;
		let last = "";
		for (const part of this.#parts) {
			lines.push(line);
			const text = part.toString("latin1");
			// The end of a line may be in two parts.
			const isJoined = last === "\r" && text.startsWith("\n");
			line += (text.match(/\r\n|\n|\r/g)?.length ?? 0) - (isJoined ? 1 : 0);
			last = text.at(-1) ?? last;
		}
		return lines;
	}

	#written(text: string): string {
		const needsQuotes = /["\r\n]/.test(text) || text.includes(this.#delimiter);
		if (this.#mayQuote && (needsQuotes || this.#chance(this.#quoteShare))) {
			return `"${text.replaceAll('"', '""')}"${this.#pick(["", " "])}`;
		}
		return `${text}${this.#pick(["", "", " "])}`;
	}

	#blankLines(): void {
		while (this.#chance(0.03))
			this.#parts.push(Buffer.from(`${this.#pick(["", " \t"])}${this.#pick(this.#lineEnds)}`));
	}

	#cased(name: string): string {
		return this.#pick([name, name, name.toUpperCase()]);
	}

	#fault(): boolean {
		return this.#chance(this.#faultShare);
	}

	#chance(share: number): boolean {
		return fraction(this.#random) < share;
	}

	#pick<Each>(of: readonly Each[]): Each {
		return of[integerBelow(this.#random, of.length)] as Each;
	}
}
