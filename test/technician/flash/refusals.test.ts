/** What is refused is refused in the words that docs/FLASHING.md shows, and before a byte of flash was changed. */
import { strict as assert } from "node:assert";
import { SerialPortMock } from "serialport";
import { layoutOf } from "../../../sim/shell/chip/simulated-bundle.js";
import type { FlashError } from "../../../src/technician/flash/loader-session.js";
import {
	encodePartitionTable,
	type Partition,
	readPartitionTable,
	TABLE_OFFSET,
} from "../../../src/technician/flash/partition-table.js";
import { benchChip, flashed, mockPort } from "../../support/bench/chip-line.js";
import { bundleOf, bundleRefusal } from "../../support/bench/plain-bundle.js";
import { BOARD_REFUSALS, BUNDLE_REFUSALS } from "../../support/data/flash-refusals.js";
import { sample } from "../../support/depth.js";

const TABLES: Readonly<Record<"4m" | "8m" | "moved-key", readonly Partition[]>> = {
	"4m": layoutOf(4),
	"8m": layoutOf(8),
	"moved-key": [{ label: "nvs", type: 1, subtype: 2, offset: 0x30000, size: 0x6000 }],
};

describe("what flashing refuses", function () {
	this.timeout(60_000);

	afterEach(() => SerialPortMock.binding.reset());

	for (const { what, change, message } of BUNDLE_REFUSALS) {
		it(`refuses a bundle with ${what}, before a port is opened`, async () => {
			assert.equal(await bundleRefusal(change), message);
		});
	}

	for (const { what, layer, board, bundle, message } of sample(BOARD_REFUSALS, 5)) {
		it(`refuses ${what}, with nothing written`, async () => {
			const { table, isMute = false, ...options } = board;
			const bench = benchChip(options);
			if (table !== undefined) {
				bench.flash.bytes.set(encodePartitionTable(TABLES[table]), TABLE_OFFSET);
			}
			const before = Buffer.from(bench.flash.bytes);
			const port = await mockPort(bench);
			if (isMute) bench.chip.onBytes = undefined;
			const written = await bundleOf(bundle);
			await assert.rejects(flashed(port, written), (error: FlashError) => {
				assert.equal(error.message, `${port.name}: ${message}`);
				assert.equal(error.layer, layer);
				return true;
			});
			assert.ok(before.equals(Buffer.from(bench.flash.bytes)));
			await port.close();
		});
	}

	it("names the piece that the flash does not hold, and tries it twice", async () => {
		const bench = benchChip();
		const written = await bundleOf();
		bench.flash.bytes.fill(0, 0x20000, 0x30000);
		// Sectors that no erase reaches: NOR only clears bits, and what is written there is not what is read.
		bench.flash.failSector(0x25, "silent");
		const port = await mockPort(bench);
		await assert.rejects(flashed(port, written), (error: FlashError) => {
			assert.equal(
				error.message,
				`${port.name}: flash differs at 0x20000 from what was written there, twice; try ` +
					"--flash-baud 115200, then suspect the flash chip or its supply",
			);
			assert.equal(error.layer, "flash");
			return true;
		});
		await port.close();
	});

	it("takes no silence of what was written for a success", async () => {
		const bench = benchChip({ boot: () => undefined });
		const port = await mockPort(bench);
		await assert.rejects(
			flashed(port, await bundleOf(), { startMilliseconds: 1500 }),
			(error: FlashError) => {
				assert.equal(error.layer, "start");
				assert.match(
					error.message,
					/all is written, and the station does not start: it last said "rst:0x1/,
				);
				return true;
			},
		);
		await port.close();
	});

	it("reads a table with the MD5 of its entries and one without", () => {
		const plain = encodePartitionTable(layoutOf(8));
		assert.deepEqual(readPartitionTable(plain, "board"), layoutOf(8));
		assert.equal(layoutOf(8).length, 6);
	});
});
