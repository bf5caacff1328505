/** What `bistrina ports` makes of what is plugged in. */
import { strict as assert } from "node:assert";
import { notice } from "../../src/host/messages/notice.js";
import { portRows } from "../../src/technician/list-ports.js";

const FREE = { refusal: () => undefined, holder: () => undefined };

describe("the list of ports", () => {
	it("names the serial chip, marks the only likely board, and leaves out ports that are not on USB", () => {
		const rows = portRows(
			[
				{ path: "/dev/ttyS0" },
				{ path: "/dev/ttyUSB0", vendorId: "10c4", productId: "ea60", serialNumber: "0001" },
				{ path: "/dev/ttyACM0", vendorId: "2341", productId: "0043", manufacturer: "Arduino" },
			],
			"en",
			FREE,
		);
		assert.deepEqual(rows, [
			{
				port: "/dev/ttyUSB0",
				chip: "Silicon Labs CP210x",
				usb: "10c4:ea60",
				serial: "0001",
				board: "likely",
				problem: null,
			},
			{
				port: "/dev/ttyACM0",
				chip: "Arduino",
				usb: "2341:0043",
				serial: null,
				board: null,
				problem: null,
			},
		]);
	});

	it("calls none of two likely boards the one, and shows other ports where nothing is on USB", () => {
		const two = ["/dev/ttyUSB0", "/dev/ttyUSB1"].map((path) => ({ path, vendorId: "1a86" }));
		assert.deepEqual(
			portRows(two, "en", FREE).map(({ board }) => board),
			["perhaps", "perhaps"],
		);
		assert.deepEqual(
			portRows([{ path: "/dev/ttyS0" }], "en", FREE).map(({ port, board }) => [port, board]),
			[["/dev/ttyS0", null]],
		);
	});

	it("says why a port cannot be opened: what the system says first, else who has it", () => {
		const access = {
			refusal: (path: string) =>
				path.endsWith("0") ? notice("port-forbidden", { group: "dialout" }) : undefined,
			holder: () => "picocom (process 4711)",
		};
		const rows = portRows(
			["/dev/ttyUSB0", "/dev/ttyUSB1"].map((path) => ({ path, vendorId: "0403" })),
			"en",
			access,
		);
		assert.deepEqual(
			rows.map(({ problem }) => problem),
			[
				"no permission: sudo usermod -aG dialout $USER, then log in again",
				"in use by picocom (process 4711)",
			],
		);
	});
});
