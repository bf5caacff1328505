/** `record` and a file that is there already. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSha256 } from "../../src/core/sha256.js";
import { type ExportFormat, ExportWriter } from "../../src/protocol/audit/batch-archive.js";
import { writeRecordFile } from "../../src/technician/record-file.js";

/** As an envelope looks from outside: `content` stands for what is signed. */
function envelope(content: number): Uint8Array {
	return new Uint8Array([0xd2, 0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x41, content, 0x41, 7]);
}

function recording(station: string, contents: readonly number[], format: ExportFormat) {
	return async (write: (piece: Uint8Array) => void): Promise<number> => {
		const writer = new ExportWriter(format, station, createSha256());
		for (const content of contents) write(writer.item(envelope(content)));
		write(writer.end());
		return contents.length;
	};
}

describe("a record that is written", () => {
	let folder: string;
	let path: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-record-test-"));
		path = join(folder, "record");
	});

	afterEach(() => {
		rmSync(folder, { recursive: true });
	});

	for (const format of ["json-lines", "cbor-sequence"] as const) {
		it(`takes the place of one that it extends, and of no other (${format})`, async () => {
			const write = (station: string, contents: readonly number[]): Promise<number> =>
				writeRecordFile(path, station, recording(station, contents, format));
			assert.equal(await write("bor-1", [1, 2]), 2);
			assert.equal(await write("bor-1", [1, 2, 3]), 3);
			const extended = readFileSync(path);
			await assert.rejects(
				write("bor-1", [1, 3, 4]),
				/holds 1 batches of bor-1 that .* another name/,
			);
			await assert.rejects(write("pek-1", [1, 2, 3]), /no whole record of pek-1; choose another/);
			assert.deepEqual(readFileSync(path), extended);
			assert.deepEqual(readdirSync(folder), ["record"]);
		});
	}

	it("leaves every other file as it is, also when it breaks off itself", async () => {
		const writeOver = (): Promise<number> =>
			writeRecordFile(path, "bor-1", recording("bor-1", [1, 2], "json-lines"));
		for (const there of ["a thesis", "", '{"bistrinaJournal":1,"station":"bor-1","epoch":7}\n']) {
			writeFileSync(path, there);
			await assert.rejects(writeOver(), /is there already and is no whole record of bor-1; choose/);
			assert.equal(readFileSync(path, "utf8"), there);
		}
		rmSync(path);
		const overFolder = writeRecordFile(folder, "bor-1", recording("bor-1", [1], "json-lines"));
		await assert.rejects(overFolder, /: is no file; choose another name/);
		const breakingOff = async (write: (piece: Uint8Array) => void): Promise<number> => {
			write(envelope(1));
			throw new Error("the database is gone");
		};
		await assert.rejects(writeRecordFile(path, "bor-1", breakingOff), /the database is gone/);
		assert.deepEqual(readdirSync(folder), []);
	});
});
