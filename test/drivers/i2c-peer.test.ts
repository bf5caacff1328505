import { strict as assert } from "node:assert";
import { I2CPeer } from "../../drivers/i2c-peer.js";
import { AssertionError } from "../../src/core/errors.js";
import { scriptedI2C } from "../support/bench/scripted-i2c.js";

function build() {
	const bus = scriptedI2C();
	const peer = new I2CPeer({
		sensor: bus.connection,
		address: 0x63,
		hz: 100_000,
		name: "the EZO-pH circuit",
	});
	return { bus, peer };
}

describe("a peer on the I2C bus", () => {
	it("never writes nothing: that hangs the bus of a sleeping EZO circuit", () => {
		const { bus, peer } = build();
		assert.throws(() => peer.write(new Uint8Array(0)), AssertionError);
		bus.assertConsumed();
	});

	it("names the part and its address when the bus fails, and keeps the SDK's error", () => {
		for (const kind of ["read", "write", "writeRead"] as const) {
			const { bus, peer } = build();
			bus.expect({ fails: kind });
			const one = new Uint8Array(1);
			const act = { read: () => peer.read(one), write: () => peer.write(one) };
			const writeRead = (): void => peer.writeRead(one, one);
			assert.throws({ ...act, writeRead }[kind], (error: unknown) => {
				const { code, message, cause } = error as Error & { code: string };
				assert.equal(code, "bus-failed");
				assert.equal(message, `the EZO-pH circuit at I2C address 0x63: ${kind} failed`);
				assert.equal((cause as Error).message, `${kind} failed`);
				return true;
			});
		}
	});

	it("lets what is no failure of the bus pass as it is", () => {
		const foreign = new RangeError("a power cut");
		class Cut {
			read(): never {
				throw foreign;
			}
		}
		const io = Cut as never;
		const options = { address: 1, hz: 100_000, name: "a part" };
		const peer = new I2CPeer({ ...options, sensor: { io, data: 21, clock: 22 } });
		assert.throws(() => peer.read(new Uint8Array(1)), foreign);
	});

	it("takes fewer bytes than were asked for a failure of the bus", () => {
		class Short {
			read(): number {
				return 1;
			}
		}
		const io = Short as never;
		const options = { address: 1, hz: 100_000, name: "a part" };
		const peer = new I2CPeer({ ...options, sensor: { io, data: 21, clock: 22 } });
		assert.throws(() => peer.read(new Uint8Array(2)), { code: "bus-failed" });
	});

	it("opens what the sensor option says above its own defaults", () => {
		const bus = scriptedI2C();
		const sensor = { ...bus.connection, address: 0x50, hz: 10_000 };
		assert.equal(new I2CPeer({ sensor, address: 0x63, hz: 100_000, name: "x" }).address, 0x50);
		assert.equal(bus.opened[0]?.hz, 10_000);
	});
});
