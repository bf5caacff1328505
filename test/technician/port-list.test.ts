/** Serial ports as Linux's kernel tells them, where there is no udev to ask. */
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelPorts } from "../../src/technician/port-list.js";

describe("the ports of a machine without udev", () => {
	let folder = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-tty-"));
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	it("are those of USB devices, with maker, product and serial number from where the kernel has them", () => {
		const device = join(folder, "devices/usb1/1-2");
		const port = join(device, "1-2:1.0/ttyUSB0");
		mkdirSync(port, { recursive: true });
		for (const [name, text] of [
			["idVendor", "10c4"],
			["idProduct", "ea60"],
			["serial", "0001"],
			["manufacturer", "Silicon Labs"],
		] as const) {
			writeFileSync(join(device, name), `${text}\n`);
		}
		mkdirSync(join(folder, "devices/pnp0/00:01"), { recursive: true });
		for (const [name, target] of [
			["ttyUSB0", port],
			["ttyS0", join(folder, "devices/pnp0/00:01")],
			["tty0", undefined],
		] as const) {
			mkdirSync(join(folder, "tty", name), { recursive: true });
			if (target !== undefined) symlinkSync(target, join(folder, "tty", name, "device"));
		}
		assert.deepEqual(kernelPorts(join(folder, "tty")), [
			{
				path: "/dev/ttyUSB0",
				vendorId: "10c4",
				productId: "ea60",
				serialNumber: "0001",
				manufacturer: "Silicon Labs",
			},
		]);
	});
});
