/** A board is written over every kind of port, by a cable that is pulled, and never where its key and readings are. */
import { strict as assert } from "node:assert";
import { SerialPort, SerialPortMock } from "serialport";
import { chipPort } from "../../../sim/shell/chip/chip-port.js";
import { serveRfc2217 } from "../../../sim/shell/chip/rfc2217-server.js";
import { textOfNotice } from "../../../src/host/messages/notice.js";
import type { ControlledPort } from "../../../src/technician/controlled-port.js";
import type { Bundle } from "../../../src/technician/flash/bundle.js";
import { eraseBoard } from "../../../src/technician/flash/erase-board.js";
import { flashBoard } from "../../../src/technician/flash/flash-board.js";
import type { FlashError } from "../../../src/technician/flash/loader-session.js";
import { openControlledPort } from "../../../src/technician/ports.js";
import { openSerialPort, type SerialPortClass } from "../../../src/technician/serial-port.js";
import { benchChip, type ChipBench, flashed, mockPort } from "../../support/bench/chip-line.js";
import { bundleOf } from "../../support/bench/plain-bundle.js";
import { openPseudoTerminal } from "../../support/bench/pseudo-terminal.js";
import { IS_LONG, IS_WHOLE, whole } from "../../support/depth.js";

describe("flashing a board", function () {
	this.timeout(120_000);
	let bundle: Bundle;

	before(async () => {
		bundle = await bundleOf();
	});

	afterEach(() => SerialPortMock.binding.reset());

	const run = (port: ControlledPort, written: Bundle = bundle, startMilliseconds = 3000) =>
		flashed(port, written, { startMilliseconds });

	const requireWritten = ({ flash }: ChipBench): void => {
		for (const { path, offset, bytes } of bundle.parts) {
			const found = Buffer.from(flash.bytes.subarray(offset, offset + bytes.length));
			assert.ok(found.equals(Buffer.from(bytes)), `${path} differs`);
		}
	};

	for (const chunkBytes of [7, 1, 64]) {
		whole(
			`ends byte-identical and with the station's own version, in chunks of ${chunkBytes}`,
			async () => {
				const bench = benchChip();
				const port = await mockPort(bench, { chunkBytes });
				const report = await run(port);
				requireWritten(bench);
				assert.deepEqual(report, {
					mac: "24:0a:c4:11:22:33",
					writtenBytes: 175_664,
					skippedBytes: 8192,
					station: "bor-1",
					firmware: "0.1.0",
				});
				await port.close();
			},
		);
	}

	it("ends byte-identical over RFC 2217", async () => {
		const bench = benchChip();
		const server = await serveRfc2217(
			chipPort(bench.chip, "chip", async () => {}),
			0,
		);
		const port = await openControlledPort(server.address, 115_200);
		assert.equal((await run(port)).firmware, "0.1.0");
		requireWritten(bench);
		await port.close();
		await server.close();
	});

	whole(
		"ends byte-identical over a pseudo-terminal, where a person holds BOOT and presses reset",
		async () => {
			const bench = benchChip();
			const terminal = await openPseudoTerminal();
			terminal.onBytes = (bytes) => bench.chip.receive(bytes);
			bench.chip.onBytes = (bytes) => terminal.write(bytes);
			bench.chip.isBootHeld = true;
			bench.chip.powerOn();
			const port = await openSerialPort(
				terminal.path,
				115_200,
				SerialPort as unknown as SerialPortClass,
			);
			assert.equal(port.hasControlLines, false);
			// A pseudo-terminal has no rate: what the chip speaks is what arrives.
			const setBaud = port.setBaud.bind(port);
			port.setBaud = async (baud) => {
				bench.chip.setBaud(baud);
				await setBaud(baud);
			};
			const report = await flashBoard({
				port,
				bundle,
				baud: 460_800,
				firstId: 1,
				onProgress: () => {},
				notify: ({ key }) => {
					if (key !== "press-reset") return;
					bench.chip.isBootHeld = false;
					bench.chip.hold(true);
					bench.chip.hold(false);
				},
			});
			assert.equal(report.firmware, "0.1.0");
			requireWritten(bench);
			await port.close();
			await terminal.close();
		},
	);

	for (const unknownAnswer of ["silence", "other"] as const) {
		whole(`reaches a chip that answers a command it lacks with ${unknownAnswer}`, async () => {
			const bench = benchChip({ unknownAnswer });
			const port = await mockPort(bench);
			assert.equal((await run(port)).firmware, "0.1.0");
			await port.close();
		});
	}

	it("says so within two seconds when the cable is pulled at any 32nd write, and the next run completes", async () => {
		const whole = benchChip();
		const counted = await mockPort(whole, {});
		let writes = 0;
		const write = counted.write.bind(counted);
		counted.write = (bytes) => {
			writes++;
			return write(bytes);
		};
		await run(counted);
		await counted.close();
		assert.ok(writes > 64, `only ${writes} writes`);
		// In a short run every third of them.
		const step = IS_LONG ? 4 : IS_WHOLE ? 32 : 96;
		for (let pullAtWrite = step; pullAtWrite < writes - 2; pullAtWrite += step) {
			const bench = benchChip();
			const torn = await mockPort(bench, { pullAtWrite });
			let pulledAt = 0;
			const lost = torn.write.bind(torn);
			torn.write = async (bytes) => {
				try {
					await lost(bytes);
				} catch (error) {
					pulledAt = performance.now();
					throw error;
				}
			};
			await assert.rejects(run(torn), (error: FlashError) => {
				assert.equal(error.layer, "cut-off", error.message);
				assert.match(error.message, /cut off .*the same command continues where it stopped$/);
				return true;
			});
			assert.ok(performance.now() - pulledAt < 2000, `${performance.now() - pulledAt} ms`);
			await torn.close();
			const again = await mockPort(bench);
			const report = await run(again);
			requireWritten(bench);
			assert.equal(report.firmware, "0.1.0");
			await again.close();
		}
	}).timeout(IS_LONG ? 900_000 : 60_000);

	it("writes after a cut only the pieces that differ, and nothing a third time", async () => {
		const bench = benchChip();
		const image = bundle.parts.at(-1);
		assert.ok(image !== undefined);
		// The first piece of the firmware came through before.
		bench.flash.bytes.set(image.bytes.subarray(0, 65_536), image.offset);
		const port = await mockPort(bench);
		assert.equal((await run(port)).skippedBytes, 65_536 + 8192);
		assert.equal((await run(port)).writtenBytes, 0);
		await port.close();
	});

	it("leaves every byte of the key's and the readings' partitions", async () => {
		const bench = benchChip();
		const kept = bundle.partitions.filter(({ label }) => ["nvs", "readings"].includes(label));
		assert.equal(kept.length, 2);
		for (const { offset, size } of kept) bench.flash.bytes.fill(0x5a, offset, offset + size);
		const port = await mockPort(bench);
		await run(port);
		await port.close();
		for (const { label, offset, size } of kept) {
			const found = bench.flash.bytes.subarray(offset, offset + size);
			assert.ok(
				found.every((byte) => byte === 0x5a),
				label,
			);
		}
	});

	it("erases all of a board only when its MAC was confirmed", async () => {
		const bench = benchChip();
		const port = await mockPort(bench);
		await run(port);
		const asked: string[] = [];
		const erase = (isMeant: boolean) =>
			eraseBoard({
				port,
				baud: 460_800,
				notify: () => {},
				confirm: async (mac, lost) => {
					asked.push(`${mac} would lose ${textOfNotice(lost)}`);
					return isMeant;
				},
			});
		assert.equal(await erase(false), undefined);
		requireWritten(bench);
		assert.equal(await erase(true), "24:0a:c4:11:22:33");
		assert.ok(bench.flash.bytes.every((byte) => byte === 0xff));
		await port.close();
		assert.match(
			asked[0] ?? "",
			/^24:0a:c4:11:22:33 would lose the station's private key.*2944 KiB/,
		);
	});
});
