import { strict as assert } from "node:assert";
import { openNamedStation } from "../../../sim/shell/station-line.js";
import { clientOf } from "../../support/collectors/station-client.js";

async function statusOf(name: string): Promise<Map<string, string>> {
	const station = await openNamedStation(name);
	const client = await clientOf(station);
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
		const failing = await statusOf("quiet-bor,1,offline");
		assert.equal(failing.get("cursor"), "0");
		assert.ok(Number(failing.get("uploadFailures")) > 0);
		assert.notEqual(failing.get("lastUpload"), "good");
		const fresh = await statusOf("brownouts-bor@30m,1,offline");
		assert.equal(fresh.get("uploadFailures"), "0");
		assert.equal(fresh.get("lastUpload"), "none");
	});

	it("tells how strong the radio's signal was in the session of this wake", async () => {
		const station = await openNamedStation("");
		const client = await clientOf(station);
		const rssi = async (): Promise<string | undefined> => {
			const { parts } = await client.request("status");
			return parts.flatMap((part) => part.get("rssiDecibelMilliwatts") ?? [])[0];
		};
		assert.equal(await rssi(), "none");
		await client.request("upload");
		assert.equal(await rssi(), "-67");
		await client.close();
	});
});
