/** A board that is plugged in, noticed by the list of ports. */
import { strict as assert } from "node:assert";
import { PlugWatch } from "../../src/technician/plug-watch.js";

const BOARD = { path: "/dev/ttyUSB0", vendorId: "10c4" };
const SECOND = { path: "/dev/ttyUSB1", vendorId: "1a86" };
const MODEM = { path: "/dev/ttyACM0", vendorId: "2341" };
const PLAIN = { path: "/dev/ttyS0" };

/** Looks of the list one after the other; the last one stays. */
function watchOver(looks: (readonly object[])[], path?: string) {
	let poll = 0;
	const list = async () => (looks[Math.min(poll, looks.length - 1)] ?? []) as never;
	const pause = async (): Promise<void> => {
		poll++;
		if (poll > looks.length + 3) throw new Error("nothing came");
	};
	return new PlugWatch({ list, pause, path });
}

describe("the watch for boards that are plugged in", () => {
	it("takes one that is there already, and after it waits until it is gone and another one came", async () => {
		const watch = watchOver([[BOARD], [BOARD], [BOARD], [], [], [BOARD], [BOARD]]);
		assert.equal(await watch.next(), "/dev/ttyUSB0");
		assert.equal(await watch.next(), "/dev/ttyUSB0");
		await assert.rejects(watch.next(), /nothing came/);
	});

	it("takes a second port while the first board is still plugged in", async () => {
		const watch = watchOver([[BOARD], [BOARD], [BOARD, SECOND], [BOARD, SECOND]]);
		assert.equal(await watch.next(), "/dev/ttyUSB0");
		assert.equal(await watch.next(), "/dev/ttyUSB1");
		await assert.rejects(watch.next(), /nothing came/);
	});

	it("waits for a port to stay: one that is seen once and gone is no board", async () => {
		const watch = watchOver([[], [BOARD], [], [BOARD], [BOARD]]);
		assert.equal(await watch.next(), "/dev/ttyUSB0");
	});

	it("takes no other device for a board, but the port that it was told", async () => {
		const looks = [
			[MODEM, PLAIN],
			[MODEM, PLAIN],
			[MODEM, PLAIN, BOARD],
		];
		await assert.rejects(watchOver(looks.slice(0, 2)).next(), /nothing came/);
		assert.equal(await watchOver(looks).next(), "/dev/ttyUSB0");
		assert.equal(await watchOver(looks, "/dev/ttyS0").next(), "/dev/ttyS0");
	});
});
