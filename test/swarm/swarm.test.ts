import { strict as assert } from "node:assert";
import type { RecordStore } from "../../src/collector/store/record-store.js";
import { startCommand } from "../support/collectors/command.js";
import { IS_LONG, IS_WHOLE, proof, whole } from "../support/depth.js";
import { runSwarmSeed } from "./swarm.js";

describe("the swarm", function () {
	this.timeout(IS_LONG ? 3_600_000 : 60_000);

	for (const [signer, seeds, days] of [
		["keyed-hash", IS_LONG ? 100 : IS_WHOLE ? 6 : 1, IS_LONG ? 14 : IS_WHOLE ? 3 : 2],
		["es256", IS_LONG ? 30 : 1, IS_LONG ? 14 : IS_WHOLE ? 2 : 1],
	] as const) {
		const isShort = signer === "keyed-hash";
		(isShort ? it : whole)(
			`loses, doubles and alters nothing in ${seeds} seeds of ${days} days with ${signer}`,
			async () => {
				let faults = 0;
				for (let seed = 1; seed <= seeds; seed++) {
					const result = await runSwarmSeed({ seed, days, signer });
					assert.deepEqual(
						result.violations,
						[],
						`replay: npm run swarm -- --seeds 1 --seed ${seed} --days ${days} --signer ${signer}`,
					);
					assert.ok(result.outcome.delivered > 0);
					for (const count of result.faults.values()) faults += count;
				}
				assert.ok(faults >= seeds, `only ${faults} faults struck`);
			},
		);
	}

	whole(
		"expects a reading each minute in an event whose first claim was cut off in its writing",
		async () => {
			// Flash has the claim, and the diary of what was appended does not.
			const seed = 1_711_867;
			const { violations } = await runSwarmSeed({ seed, days: 14, signer: "keyed-hash" });
			assert.deepEqual(violations, []);
		},
	);

	whole("asks for an option before it begins a long run", async () => {
		const swarm = startCommand("test/swarm/main.js", []);
		const timer = setTimeout(() => swarm.child.kill("SIGKILL"), 30_000);
		const { exitCode, stdout, stderr } = await swarm.finished;
		clearTimeout(timer);
		assert.equal(exitCode, 2, stdout);
		assert.equal(stdout, "");
		assert.match(stderr, /^usage: npm run swarm -- --seeds N /);
	});

	whole("gives the same result for the same seed", async () => {
		const options = { seed: 11, days: IS_WHOLE ? 2 : 1, signer: "keyed-hash" } as const;
		assert.deepEqual(await runSwarmSeed(options), await runSwarmSeed(options));
	});

	proof("finds a collector that stores one bit of one entry wrong", async () => {
		let writes = 0;
		const careless = (store: RecordStore): RecordStore => ({
			keysOf: (station) => store.keysOf(station),
			setKeys: (station, keys) => store.setKeys(station, keys),
			ownerOf: (station, epoch) => store.ownerOf(station, epoch),
			keepEvidence: (evidence, countMax) => store.keepEvidence(evidence, countMax),
			write: async (checked) => {
				writes++;
				if (writes !== 3) return store.write(checked);
				const entries = checked.batch.entries.map((canonicalBytes) => canonicalBytes.slice());
				const [first] = entries;
				if (first !== undefined) first[20] = (first[20] ?? 0) ^ 1;
				return store.write({ ...checked, batch: { ...checked.batch, entries } });
			},
		});
		const result = await runSwarmSeed({ seed: 1, days: 1, signer: "keyed-hash", plant: careless });
		// What comes after the entry that conflicts is refused with its batch.
		const missing = result.violations.find((each) =>
			/^delivery: [1-9]\d* entries missing$/.test(each),
		);
		assert.ok(missing !== undefined, result.violations.join());
		assert.ok(result.violations.includes("delivery: 1 foreign rows"), result.violations.join());
	});

	proof("finds a collector that acknowledges for ever what it never stored", async () => {
		let writes = 0;
		const forgetful = (store: RecordStore): RecordStore => ({
			keysOf: (station) => store.keysOf(station),
			setKeys: (station, keys) => store.setKeys(station, keys),
			ownerOf: (station, epoch) => store.ownerOf(station, epoch),
			keepEvidence: (evidence, countMax) => store.keepEvidence(evidence, countMax),
			write: async (checked) => {
				if (++writes < 3) return store.write(checked);
				const { first, entries } = checked.batch;
				const last = first + entries.length - 1;
				return { outcome: "stored", held: 0, floor: 1, rangeFirsts: [1], rangeLasts: [last] };
			},
		});
		const result = await runSwarmSeed({ seed: 1, days: 1, signer: "keyed-hash", plant: forgetful });
		assert.ok(
			result.violations.some((violation) => violation.endsWith("entries missing")),
			result.violations.join(),
		);
	});
});
