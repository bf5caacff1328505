/**
 * A published table against the one that follows from the record: line by line, in step, neither in memory. What
 * does not follow is reported with its line and column.
 */
import { OperationalError } from "../host/errors.js";
import { type OutputFormat, printJson } from "../host/output.js";
import {
	csvHeader,
	csvLineOf,
	jsonLineOf,
	type PublishedRow,
	VALUE_COLUMNS,
} from "../protocol/audit/published-values.js";

/** A row has 700 characters. */
const LINE_CHARACTERS_MAX = 16_384;
const FINDINGS_MAX = 1000;
/** Of one column for people; the rest is counted. */
const FINDINGS_SHOWN = 3;
const EPOCH_AT = VALUE_COLUMNS.findIndex(({ name }) => name === "epoch");
const SEQUENCE_AT = VALUE_COLUMNS.findIndex(({ name }) => name === "sequence");
const DOCUMENT_COLUMNS: readonly string[] = ["policy", "corrections", "approvals"];

export interface ValueFinding {
	/** 1 is the first line of the file; where a row is missing, the line before which it belongs. */
	readonly line: number;
	/** A column, or `row` for a line that is not there or should not be. */
	readonly column: string;
	readonly text: string;
}

export interface ValuesVerdict {
	/** Rows that follow from the record. */
	readonly rows: number;
	readonly findings: readonly ValueFinding[];
	readonly findingCount: number;
	readonly countByColumn: Readonly<Record<string, number>>;
}

interface PublishedLine {
	readonly number: number;
	readonly text: string;
	/** Undefined: it names no entry. */
	readonly position: Position | undefined;
}

type Position = readonly [epoch: number, sequence: number];

export class ValuesCheck {
	readonly #lines: Generator<{ number: number; text: string }>;
	readonly #findings: ValueFinding[] = [];
	readonly #countByColumn = new Map<string, number>();
	#isJson = false;
	#current: PublishedLine | undefined;
	#next: PublishedLine | undefined;
	#lastPosition: Position | undefined;
	#lineCount = 0;
	#rows = 0;

	/** `pieces`: the file's bytes. Throws OperationalError for what is no table. */
	constructor(path: string, pieces: Iterable<Uint8Array>) {
		this.#lines = linesOf(path, pieces);
		const first = this.#lines.next();
		if (first.done === true) throw new OperationalError(`${path}: is empty`);
		this.#isJson = first.value.text.startsWith("{");
		if (this.#isJson) {
			this.#next = this.#lineOf(first.value);
		} else {
			this.#lineCount = 1;
			this.#checkHeader(path, first.value.text);
			this.#next = this.#read();
		}
		this.#step();
	}

	/** The next row that follows from the record. */
	take(row: PublishedRow): void {
		this.#rows++;
		const position: Position = [row.epoch, row.sequence];
		for (;;) {
			const line = this.#current;
			if (line === undefined) {
				this.#report(this.#lineCount + 1, "row", `reading ${positionText(position)} is missing`);
				return;
			}
			const order = line.position === undefined ? 0 : compared(line.position, position);
			if (order < 0 && this.#isAgain(line)) {
				this.#reportForeign(line);
				this.#step();
				continue;
			}
			if (order === 0 || !this.#isInOrder(line)) {
				// Out of its order its numbers are what was altered: it stands where this row should.
				this.#compare(line, row);
				this.#step();
				return;
			}
			if (order > 0) {
				this.#report(
					line.number,
					"row",
					`reading ${positionText(position)} is missing before this line`,
				);
				return;
			}
			this.#reportForeign(line);
			this.#step();
		}
	}

	finish(): ValuesVerdict {
		for (; this.#current !== undefined; this.#step()) this.#reportForeign(this.#current);
		return {
			rows: this.#rows,
			findings: this.#findings,
			findingCount: [...this.#countByColumn.values()].reduce((sum, count) => sum + count, 0),
			countByColumn: Object.fromEntries(this.#countByColumn),
		};
	}

	#checkHeader(path: string, text: string): void {
		const names = text.replace(/\r?\n$/, "").split(",");
		const known = VALUE_COLUMNS.filter(({ name }) => names.includes(name)).length;
		if (known < VALUE_COLUMNS.length / 2) {
			throw new OperationalError(
				`${path}: no table of \`bistrina values\`: its first line has ${known} of ${VALUE_COLUMNS.length} columns`,
			);
		}
		if (text === csvHeader()) return;
		const at = VALUE_COLUMNS.findIndex(({ name }, index) => names[index] !== name);
		const column = VALUE_COLUMNS[at]?.name ?? "row";
		this.#report(1, column, `the first line has ${shown(names[at])} there`);
	}

	/** Whether it names what the line before it names. */
	#isAgain({ position }: PublishedLine): boolean {
		const last = this.#lastPosition;
		return position !== undefined && last !== undefined && compared(position, last) === 0;
	}

	/** Whether its place lies between those of its neighbours. */
	#isInOrder({ position }: PublishedLine): boolean {
		if (position === undefined) return false;
		const last = this.#lastPosition;
		const next = this.#next?.position;
		return (
			(last === undefined || compared(last, position) < 0) &&
			(next === undefined || compared(position, next) < 0)
		);
	}

	#compare({ number, text }: PublishedLine, { cells }: PublishedRow): void {
		const follows = this.#isJson ? jsonLineOf(cells) : csvLineOf(cells);
		if (text === follows) return;
		const [is, should] = [text, follows].map((line) => this.#cellsOf(line));
		if (is === undefined || should === undefined || is.length !== should.length) {
			this.#report(number, "row", `is no row of ${VALUE_COLUMNS.length} cells`);
			return;
		}
		let found = 0;
		VALUE_COLUMNS.forEach(({ name }, at) => {
			if (is[at] === should[at]) return;
			found++;
			const hint = DOCUMENT_COLUMNS.includes(name) ? "; it was made with another document" : "";
			this.#report(number, name, `has ${shown(is[at])}, ${shown(should[at])} follows${hint}`);
		});
		if (found === 0) this.#report(number, "row", "is not spelled as its cells say");
	}

	#reportForeign(line: PublishedLine): void {
		const { number, position } = line;
		const what = position === undefined ? "names no reading" : `reading ${positionText(position)}`;
		const why =
			position === undefined
				? ""
				: this.#isAgain(line)
					? " comes again"
					: " does not follow from the record here";
		this.#report(number, "row", what + why);
	}

	#report(line: number, column: string, text: string): void {
		this.#countByColumn.set(column, (this.#countByColumn.get(column) ?? 0) + 1);
		if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ line, column, text });
	}

	/** On to the next line. */
	#step(): void {
		if (this.#current?.position !== undefined) this.#lastPosition = this.#current.position;
		this.#current = this.#next;
		this.#next = this.#current === undefined ? undefined : this.#read();
	}

	#read(): PublishedLine | undefined {
		const line = this.#lines.next();
		return line.done === true ? undefined : this.#lineOf(line.value);
	}

	#lineOf({ number, text }: { number: number; text: string }): PublishedLine {
		this.#lineCount = number;
		const cells = this.#cellsOf(text);
		const [epoch, sequence] = [cells?.[EPOCH_AT] ?? "", cells?.[SEQUENCE_AT] ?? ""];
		const isPosition = /^\d{1,10}$/.test(epoch) && /^\d{1,10}$/.test(sequence);
		return { number, text, position: isPosition ? [Number(epoch), Number(sequence)] : undefined };
	}

	/** Cells as they are spelled, or of JSON each "name":value. */
	#cellsOf(text: string): string[] | undefined {
		const line = text.replace(/\r?\n$/, "");
		if (!this.#isJson) return line.split(",");
		if (!line.startsWith("{") || !line.endsWith("}")) return undefined;
		const members = line.slice(1, -1).split(/,(?="[a-z0-9_]+":)/);
		return VALUE_COLUMNS.map(({ name }, at) => {
			const member = members[at] ?? "";
			const head = `"${name}":`;
			return member.startsWith(head) ? member.slice(head.length) : member;
		});
	}
}

/** Exit 0 when every line follows from the record, else 1. */
export function showValuesVerdict(
	{ rows, findings, findingCount, countByColumn }: ValuesVerdict,
	format: OutputFormat,
	print: (line: string) => void,
): number {
	if (format === "json" || format === "jsonl") {
		printJson({ doFollow: findingCount === 0, rows, findings, findingCount, countByColumn });
		return findingCount === 0 ? 0 : 1;
	}
	for (const [column, count] of Object.entries(countByColumn)) {
		const those = findings.filter((finding) => finding.column === column);
		for (const { line, text } of those.slice(0, FINDINGS_SHOWN))
			print(`line ${line}, ${column}: ${text}`);
		const more = count - Math.min(those.length, FINDINGS_SHOWN);
		if (more > 0) print(`and ${more} more of ${column}`);
	}
	print(
		findingCount === 0
			? `the table follows from the record: ${rows} rows`
			: `the table does NOT follow from the record: ${findingCount} findings in ${rows} rows`,
	);
	return findingCount === 0 ? 0 : 1;
}

function* linesOf(
	path: string,
	pieces: Iterable<Uint8Array>,
): Generator<{ number: number; text: string }> {
	let rest = "";
	let number = 0;
	for (const piece of pieces) {
		const lines = (rest + Buffer.from(piece).toString("latin1")).split("\n");
		rest = lines.pop() ?? "";
		const long = [...lines, rest].findIndex((line) => line.length > LINE_CHARACTERS_MAX);
		if (long >= 0) {
			throw new OperationalError(
				`${path}: line ${number + long + 1} is too long for a table of values`,
			);
		}
		for (const line of lines) yield { number: ++number, text: `${line}\n` };
	}
	if (rest !== "") yield { number: number + 1, text: rest };
}

function compared(a: Position, b: Position): number {
	return a[0] - b[0] || a[1] - b[1];
}

function positionText([epoch, sequence]: Position): string {
	return `${sequence} of epoch ${epoch}`;
}

function shown(cell: string | undefined): string {
	return cell === undefined || cell === "" ? "nothing" : cell.slice(0, 60);
}
