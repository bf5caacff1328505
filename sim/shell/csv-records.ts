/**
 * A table's text as records of fields, piece by piece, as docs/RIVER.md says: LF, CR or both end a line; a field that
 * begins with a quote ends at the next one, and two of them within are one. Every field knows the line where it begins,
 * and what is wrong with its quotes is told at the one that opens.
 */

export type Delimiter = "," | ";";

export interface CsvFault {
	readonly line: number;
	/** Of the table, from 1: the how manyeth field. */
	readonly column: number;
	readonly what: string;
}

export interface CsvRecord {
	/** Without the blanks and the quotes around them. */
	readonly fields: readonly string[];
	/** Where each begins, from 1. */
	readonly lines: readonly number[];
	readonly faults: readonly CsvFault[];
	/** What is after it cannot be told apart: an open quote, or no end within the longest line. */
	readonly isLast: boolean;
}

/** A field of a table of readings is a number or a time; what continues for longer has lost a quote or a line end. */
const RECORD_CHARACTERS_MAX = 65_536;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = '"';
const LINE_ENDS = /\r\n|\n|\r/g;

/** Of one file. Keeps what is read of a record that has not ended, never more than a piece and the longest record. */
export class CsvRecords {
	#rest = "";
	#line = 1;
	#delimiter: Delimiter | undefined;

	/** As the header has it; undefined before that is whole. */
	get delimiter(): Delimiter | undefined {
		return this.#delimiter;
	}

	/** The records that end within `piece` of the text, and the last one if the text ends with it. */
	*read(piece: string, isEnd: boolean): Generator<CsvRecord> {
		const text = this.#rest + piece;
		const delimiter = this.#delimiter ?? delimiterOf(text, isEnd);
		this.#delimiter = delimiter;
		let at = 0;
		while (at < text.length && delimiter !== undefined) {
			const scan = new RecordScan(text, at, this.#line, delimiter, isEnd);
			scan.run();
			if (scan.isCutOff) break;
			at = scan.at;
			this.#line = scan.line;
			if (!scan.isBlank) yield scan;
			if (scan.isLast) return;
		}
		this.#rest = text.slice(at);
	}

	/** Where the last character is: its line and field. No line end, which may be half of one. */
	place(): { readonly line: number; readonly column: number } {
		const scan = new RecordScan(this.#rest, 0, this.#line, this.#delimiter ?? ",", true);
		scan.run();
		return { line: scan.line, column: scan.fields.length };
	}
}

/** One record of a text from a place on. */
class RecordScan implements CsvRecord {
	readonly #text: string;
	readonly #limit: number;
	readonly #delimiterCode: number;
	readonly #isEnd: boolean;
	readonly fields: string[] = [];
	readonly lines: number[] = [];
	readonly faults: CsvFault[] = [];
	/** After the record, where it is whole. */
	at: number;
	line: number;
	/** The text ends within it, and more of the text is to come. */
	isCutOff = false;
	isLast = false;
	/** A line of nothing but blanks. */
	isBlank = false;

	constructor(text: string, at: number, line: number, delimiter: Delimiter, isEnd: boolean) {
		this.#text = text;
		this.#limit = at + RECORD_CHARACTERS_MAX;
		this.#delimiterCode = delimiter.charCodeAt(0);
		this.#isEnd = isEnd;
		this.at = at;
		this.line = line;
	}

	run(): void {
		for (;;) {
			this.#skipBlanks();
			const line = this.line;
			const isQuoted = this.#text[this.at] === QUOTE;
			const field = isQuoted ? this.#quoted() : this.#plain();
			this.fields.push(field);
			this.lines.push(line);
			if (this.isCutOff || this.isLast) return;
			if (this.#text.charCodeAt(this.at) === this.#delimiterCode) {
				this.at++;
				continue;
			}
			this.isBlank = !isQuoted && field === "" && this.fields.length === 1;
			this.#skipLineEnd();
			return;
		}
	}

	#skipBlanks(): void {
		for (; this.at < this.#text.length; this.at++) {
			const code = this.#text.charCodeAt(this.at);
			if (code !== SPACE && code !== TAB) return;
		}
	}

	#plain(): string {
		const begin = this.at;
		this.#toFieldEnd(
			`a line of more than ${RECORD_CHARACTERS_MAX} characters; end every row's line`,
		);
		const field = this.#text.slice(begin, this.at).trim();
		if (field.includes(QUOTE) && this.faults.length === 0) {
			this.#fault(
				'a quote within a field; put the whole field in quotes, and write "" for a quote in it',
			);
		}
		return field;
	}

	#quoted(): string {
		const openLine = this.line;
		let field = "";
		this.at++;
		for (;;) {
			const quote = this.#text.indexOf(QUOTE, this.at);
			const end = quote < 0 ? this.#text.length : quote;
			if (end > this.#limit || (quote < 0 && this.#isEnd)) {
				const where =
					this.#isEnd && end <= this.#limit ? "" : ` within ${RECORD_CHARACTERS_MAX} characters`;
				this.#fault(`the quote that opens here is not closed${where}; close it, or leave it out`);
				this.isLast = true;
				this.#countLines(Math.min(end, this.#limit));
				return field;
			}
			// What follows the last quote of a piece says whether it closes.
			if (quote < 0 || (quote + 1 === this.#text.length && !this.#isEnd)) {
				this.isCutOff = true;
				return field;
			}
			field += this.#text.slice(this.at, quote);
			this.#countLines(quote);
			this.at = quote + 1;
			if (this.#text[this.at] !== QUOTE) break;
			field += QUOTE;
			this.at++;
		}
		const closeLine = this.line;
		const begin = this.at;
		this.#toFieldEnd(
			`a line of more than ${RECORD_CHARACTERS_MAX} characters; end every row's line`,
		);
		if (this.#text.slice(begin, this.at).trim() !== "" && !this.isCutOff) {
			const where = closeLine === openLine ? "" : ` in line ${closeLine}`;
			this.#fault(
				`the field continues after the quote that closes it${where}; close each quote that opens, and write "" for a quote within`,
				openLine,
			);
		}
		return field.trim();
	}

	/** To the delimiter, the line's end or the text's. */
	#toFieldEnd(tooLong: string): void {
		const text = this.#text;
		const delimiterCode = this.#delimiterCode;
		let at = this.at;
		for (; at < text.length; at++) {
			const code = text.charCodeAt(at);
			if (code === delimiterCode || code === LF || code === CR) break;
		}
		this.at = at;
		if (at > this.#limit) {
			this.#fault(tooLong);
			this.isLast = true;
		} else this.isCutOff = at === text.length && !this.#isEnd;
	}

	#skipLineEnd(): void {
		if (this.at === this.#text.length) return;
		const isCr = this.#text.charCodeAt(this.at) === CR;
		// Whether a LF belongs to it the next piece says.
		if (isCr && this.at + 1 === this.#text.length && !this.#isEnd) {
			this.isCutOff = true;
			return;
		}
		this.at += isCr && this.#text.charCodeAt(this.at + 1) === LF ? 2 : 1;
		this.line++;
	}

	#countLines(end: number): void {
		this.line += this.#text.slice(this.at, end).match(LINE_ENDS)?.length ?? 0;
	}

	#fault(what: string, line = this.line): void {
		this.faults.push({ line, column: this.fields.length + 1, what });
	}
}

/** Spreadsheets of half of Europe write `;` and decimal commas; the header's marks outside quotes say which it is. */
function delimiterOf(text: string, isEnd: boolean): Delimiter | undefined {
	let isQuoted = false;
	let hasSemicolon = false;
	let isBegun = false;
	for (const sign of text) {
		if (sign === QUOTE) isQuoted = !isQuoted;
		else if (isQuoted) continue;
		else if (sign === ",") return ",";
		else if (sign === ";") hasSemicolon = true;
		else if ((sign === "\n" || sign === "\r") && isBegun) return hasSemicolon ? ";" : ",";
		isBegun ||= sign.trim() !== "";
	}
	if (!isEnd && text.length <= RECORD_CHARACTERS_MAX) return undefined;
	return hasSemicolon ? ";" : ",";
}
