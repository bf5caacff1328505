/** A board that was told who it is, and is waited for. */
import { strict as assert } from "node:assert";
import { type ConsoleClient, LineError } from "../../src/technician/client.js";
import { provision, restarted } from "../../src/technician/provision.js";

/** Answers of `status`, one after the other; an error is one that does not come. */
function clientOf(given: readonly (string | Error)[]) {
	const asked: string[] = [];
	let index = 0;
	const client = {
		greet: async () => {
			asked.push("version");
		},
		request: async (command: string) => {
			asked.push(command);
			const answer = given[Math.min(index++, given.length - 1)] ?? "";
			if (answer instanceof Error) throw answer;
			return { parts: [new Map([["configuration", answer]])], fields: new Map() };
		},
	} as unknown as ConsoleClient;
	return { client, asked };
}

describe("a board that restarts with what it was told", () => {
	it("is asked again where the question fell into its restart", async () => {
		const { client, asked } = clientOf(["1", new LineError("no answer to status within 5 s"), "2"]);
		await restarted(client, 2);
		assert.deepEqual(asked, ["version", "status", "version", "status", "version", "status"]);
	});

	it("is not asked again for anything but silence", async () => {
		const { client, asked } = clientOf([new Error("a bug")]);
		await assert.rejects(restarted(client, 2), /a bug/);
		assert.deepEqual(asked, ["version", "status"]);
	});
});

describe("a board that is a station already", () => {
	for (const wanted of ["bor-7", ""]) {
		it(`is told no other name (${wanted === "" ? "none" : wanted}), and nothing is begun`, async () => {
			const asked: string[] = [];
			const client = {
				request: async (command: string) => {
					asked.push(command);
					return { parts: [], fields: new Map(Object.entries({ station: "bor-1", epoch: "1" })) };
				},
			} as unknown as ConsoleClient;
			const fields = new Map([["station", wanted]]);
			const provisioned = provision({ client, fields, review: async () => true });
			await assert.rejects(provisioned, /this board is bor-1, .* nothing; mend the file/s);
			assert.deepEqual(asked, ["identity"]);
		});
	}
});
