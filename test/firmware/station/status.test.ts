import { strict as assert } from "node:assert";
import { openNamedStation } from "../../../sim/shell/station-line.js";
import { ConsoleClient } from "../../../src/technician/client.js";

async function statusOf(name: string): Promise<Map<string, string>> {
	const station = await openNamedStation(name);
	const line = {
		name: "sim:",
		write: (bytes: Uint8Array) => station.send(bytes),
		onBytes: undefined as ((bytes: Uint8Array) => void) | undefined,
		onLost: undefined,
		close: async () => station.detach(),
	};
	await station.attach((bytes) => line.onBytes?.(bytes));
	const client = new ConsoleClient(line, 1, () => {});
	await client.greet();
	const fields = new Map<string, string>();
	const keep = (part: ReadonlyMap<string, string>): void => {
		for (const [field, value] of part) fields.set(field, value);
	};
	const { fields: last } = await client.request("status", { onPart: keep });
	keep(last);
	await client.close();
	return fields;
}

describe("status", function () {
	this.timeout(60_000);

	it("calls no upload good that never was", async () => {
		// Nobody collects what these stations have.
		const failing = await statusOf("quiet-bor,1");
		assert.equal(failing.get("cursor"), "0");
		assert.ok(Number(failing.get("uploadFailures")) > 0);
		assert.notEqual(failing.get("lastUpload"), "good");
		const fresh = await statusOf("brownouts-bor,1");
		assert.equal(fresh.get("uploadFailures"), "0");
		assert.equal(fresh.get("lastUpload"), "none");
	});
});
