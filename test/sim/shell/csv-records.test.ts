import { strict as assert } from "node:assert";
import { type CsvRecord, CsvRecords } from "../../../sim/shell/csv-records.js";

/** The fields of each record, with the lines where the first begins, of a text that comes in pieces. */
function recordsOf(...pieces: string[]): (readonly [line: number | undefined, ...string[]])[] {
	return allOf(...pieces).map(({ fields, lines }) => [lines[0], ...fields]);
}

function allOf(...pieces: string[]): CsvRecord[] {
	const csv = new CsvRecords();
	return pieces.flatMap((piece, at) => [...csv.read(piece, at + 1 === pieces.length)]);
}

describe("the records of a table's text", () => {
	it("end with LF, CR or both, in one file too, and count lines as an editor does", () => {
		assert.deepEqual(recordsOf("a,b\r1,2\n\n3,4\r\n \t\r\r5,6"), [
			[1, "a", "b"],
			[2, "1", "2"],
			[4, "3", "4"],
			[7, "5", "6"],
		]);
	});

	it("are set apart by semicolons where the header has no comma outside quotes", () => {
		assert.deepEqual(recordsOf('"a, b";c\r1,5;2'), [
			[1, "a, b", "c"],
			[2, "1,5", "2"],
		]);
		assert.deepEqual(recordsOf("a,b;c\n1,2;3")[1], [2, "1", "2;3"]);
	});

	it("hold line ends, separators and quotes in quotes, and know where each field begins", () => {
		const [, record] = allOf('a,b,c\n 1,"x, ""y""\r\nz" ,3\n');
		assert.deepEqual(record?.fields, ["1", 'x, "y"\r\nz', "3"]);
		assert.deepEqual(record?.lines, [2, 2, 3]);
		assert.deepEqual(record?.faults, []);
	});

	it("are the same wherever the pieces of the text end", () => {
		const text = 'a;"b\r\n;";c\r\n\r\n"1 ""2""";; 3\r4;"5"6;7\r\n8;"9;10\n\n11';
		const whole = allOf(text).map(({ fields, lines, faults }) => ({ fields, lines, faults }));
		assert.equal(whole.length, 4);
		for (let first = 0; first <= text.length; first++) {
			for (let second = first; second <= text.length; second++) {
				const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
				assert.deepEqual(
					allOf(...pieces).map(({ fields, lines, faults }) => ({ fields, lines, faults })),
					whole,
					JSON.stringify(pieces),
				);
			}
		}
	});

	it("tell a quote that is never closed where it opens, and end there", () => {
		const records = allOf('a,b\n1,2\n3,"4\n5,6\n7,8\n');
		assert.equal(records.length, 3);
		assert.deepEqual(records[2]?.faults, [
			{
				line: 3,
				column: 2,
				what: "the quote that opens here is not closed; close it, or leave it out",
			},
		]);
		assert.equal(records[2]?.isLast, true);
	});

	it("end with a record that is too long, without reading on, wherever its pieces end", () => {
		for (const begin of ["x", '"x']) {
			const csv = new CsvRecords();
			const found = [...csv.read(`a,b\n1,2\n3,${begin}`, false)];
			let count = 0;
			while (found.at(-1)?.isLast !== true && count < 100) {
				count++;
				found.push(...csv.read("1234567890".repeat(100), false));
			}
			assert.equal(count, 66, begin);
			const [fault] = found.at(-1)?.faults ?? [];
			assert.deepEqual([fault?.line, fault?.column], [3, 2]);
			assert.match(fault?.what ?? "", /65536 characters/);
		}
	});

	it("continue after quotes that are wrong within a line", () => {
		const records = allOf('a,b,c\n1,2"3,4\n5,"6"7,8\n"9,10,11\n"12",13,14\n15,16,17\n');
		assert.deepEqual(
			records.map(({ faults }) => faults.map(({ line, column }) => `${line}:${column}`)),
			[[], ["2:2"], ["3:2"], ["4:1"], []],
		);
		assert.match(records[3]?.faults[0]?.what ?? "", /after the quote that closes it in line 5/);
		assert.deepEqual(records[4]?.fields, ["15", "16", "17"]);
	});
});
