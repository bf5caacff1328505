/** Campaigns against the collector take minutes: who asks how one is called begins none. */
import { strict as assert } from "node:assert";
import { run as runAlarms } from "../campaign/alarms.js";
import { run as runKill } from "../campaign/kill.js";
import { run as runReaders } from "../campaign/readers.js";
import { run as runSiege } from "../campaign/siege.js";
import { UsageError } from "../support/engines/dispatch.js";

describe("a campaign against the collector", () => {
	for (const [name, run] of [
		["alarms", runAlarms],
		["kill", runKill],
		["readers", runReaders],
		["siege", runSiege],
	] as const) {
		for (const args of [["--help"], ["--patiense", "3"], ["--seed"], ["fast"]]) {
			it(`begins nothing for "${name} ${args.join(" ")}", and says what there is`, async () => {
				await assert.rejects(
					run(args),
					(error) =>
						error instanceof UsageError &&
						error.message.startsWith(`usage: npm run campaign -- ${name} [`),
				);
			});
		}
	}
});
