import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { PowerCut } from "../../../sim/board/power-cut.js";
import { PowerCycle } from "../../../sim/board/power-cycle.js";
import { SimulatedSettings } from "../../../sim/board/settings.js";
import { asciiBytes } from "../../../src/core/bytes.js";
import { SeededRandom } from "../../../src/core/random.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
	timeHostOf,
} from "../../../src/firmware/config/configuration.js";
import {
	type ConfigurationEvent,
	ConfigurationManager,
	type ManagerState,
	TRIAL_BOOTS_MAX,
	TRIAL_MILLISECONDS_MAX,
} from "../../../src/firmware/config/configuration-manager.js";
import {
	parseCanonicalConfiguration,
	parseStoredConfiguration,
} from "../../../src/firmware/config/parse-configuration.js";

const PROVISIONED: StationConfiguration = {
	...DEFAULT_CONFIGURATION,
	station: "bor-1",
	collectorHost: "collector.example",
	collectorPort: 443,
	collectorPublicKey: new Uint8Array(33).fill(2),
};

const canonicalBytesOf = (fields: Partial<StationConfiguration>): Uint8Array =>
	asciiBytes(canonicalConfiguration({ ...PROVISIONED, ...fields }));

class Bench {
	readonly clock = new VirtualClock();
	readonly settings = new SimulatedSettings(new SeededRandom(1));
	/** Writes until power fails; the one that is 0 is torn. */
	writesLeft = Number.POSITIVE_INFINITY;
	milliseconds = 0;
	state: ManagerState | undefined;

	/** Powered up, or woken when the last wake left a state. */
	open(): ConfigurationManager {
		if (this.writesLeft < 0) throw new PowerCut("a boot without power");
		const powerCycle = new PowerCycle(this.clock);
		const bench = this;
		return new ConfigurationManager({
			provisioned: PROVISIONED,
			memory: this.settings.portOf(powerCycle, () => {
				if (this.writesLeft-- !== 0) return;
				// What is called afterwards does nothing more.
				powerCycle.end();
				throw new PowerCut("a write");
			}),
			clock: {
				get milliseconds() {
					return bench.milliseconds;
				},
			},
			state: this.state,
		});
	}

	boot(): ConfigurationManager {
		this.state = undefined;
		return this.open();
	}
}

/** As a station does that puts it all into its record. */
function allEvents(manager: ConfigurationManager): ConfigurationEvent[] {
	const all: ConfigurationEvent[] = [];
	for (let event = manager.next(); event !== undefined; event = manager.next()) {
		all.push(event);
		if (event.kind === "confirmed" || event.kind === "reverted") manager.markReported(event.id);
	}
	return all;
}

function offered(manager: ConfigurationManager, fields: Partial<StationConfiguration>) {
	manager.offer(canonicalBytesOf(fields));
	return allEvents(manager);
}

describe("the configuration in force", () => {
	it("is a new one on trial at once, and for good after an upload under it", () => {
		const bench = new Bench();
		const manager = bench.boot();
		assert.equal(manager.configuration.id, 1);
		assert.deepEqual(offered(manager, { id: 2, intervalSeconds: 900 }), [
			{ kind: "taken-up", id: 2 },
		]);
		assert.equal(manager.configuration.intervalSeconds, 900);
		manager.acknowledged();
		assert.deepEqual(allEvents(manager), [{ kind: "confirmed", id: 2 }]);
		assert.equal(manager.trialEndsMilliseconds, undefined);
		for (let boot = 0; boot <= TRIAL_BOOTS_MAX; boot++) {
			const later = bench.boot();
			assert.equal(later.configuration.intervalSeconds, 900);
			assert.deepEqual(allEvents(later), []);
		}
	});

	it("stays given up from wake to wake while the settings refuse to note it, and is noted when they take it", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		bench.settings.isBroken = true;
		bench.milliseconds += TRIAL_MILLISECONDS_MAX;
		assert.equal(allEvents(manager)[0]?.kind, "reverted");
		bench.state = manager.save();
		for (let wake = 0; wake < 864; wake++) {
			const later = bench.open();
			assert.equal(later.configuration.id, 1, `wake ${wake}`);
			assert.deepEqual(allEvents(later), []);
			bench.state = later.save();
		}
		bench.settings.isBroken = false;
		const repaired = bench.open();
		repaired.acknowledged();
		assert.equal(repaired.save().settledId, 0);
		assert.equal(bench.boot().configuration.id, 1);
	});

	it("stays confirmed from wake to wake while the settings refuse to note it", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		bench.settings.isBroken = true;
		manager.acknowledged();
		assert.equal(allEvents(manager)[0]?.kind, "confirmed");
		bench.state = manager.save();
		bench.milliseconds += 2 * TRIAL_MILLISECONDS_MAX;
		const later = bench.open();
		assert.equal(later.configuration.id, 2);
		assert.equal(later.trialEndsMilliseconds, undefined);
		assert.deepEqual(allEvents(later), []);
	});

	it("stays in force under a firmware that has learned one more field, and one that has one less", () => {
		const bench = new Bench();
		const { timeHost, ...older } = PROVISIONED;
		assert.equal(timeHost, "pool.ntp.org");
		const canonicalBytes = canonicalConfiguration({ ...older, id: 2, intervalSeconds: 900 });
		assert.doesNotMatch(canonicalBytes, /timeHost/);
		const manager = bench.boot();
		manager.offer(asciiBytes(canonicalBytes));
		assert.deepEqual(allEvents(manager), [{ kind: "taken-up", id: 2 }]);
		manager.acknowledged();
		allEvents(manager);
		const { configuration } = bench.boot();
		assert.equal(configuration.intervalSeconds, 900);
		assert.equal(timeHostOf(configuration), "pool.ntp.org");
		// Its hash is that of what the operator set, whatever this firmware knows beside.
		assert.equal(canonicalConfiguration(configuration), canonicalBytes);
		const newer = `${canonicalConfiguration({ ...PROVISIONED, id: 3 })}zoom=7\n`;
		assert.throws(() => parseCanonicalConfiguration(asciiBytes(newer)), /not the canonical form/);
		assert.equal(parseStoredConfiguration(asciiBytes(newer)).id, 3);
	});

	it("tells a verdict again at each boot until the record has it", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		manager.acknowledged();
		// Power fails before the event is written.
		assert.deepEqual(manager.next(), { kind: "confirmed", id: 2 });
		assert.deepEqual(bench.boot().next(), { kind: "confirmed", id: 2 });
		const later = bench.boot();
		assert.deepEqual(allEvents(later), [{ kind: "confirmed", id: 2 }]);
		offered(later, { id: 3 });
		bench.milliseconds += TRIAL_MILLISECONDS_MAX;
		assert.deepEqual(later.next()?.kind, "reverted");
		const reverted = { kind: "reverted", id: 3, text: "before this boot" } as const;
		assert.deepEqual(bench.boot().next(), reverted);
		assert.deepEqual(allEvents(bench.boot()), [reverted]);
		assert.deepEqual(allEvents(bench.boot()), []);
		assert.equal(bench.boot().configuration.id, 2);
	});

	it("does not change before the station has time for it", () => {
		const manager = new Bench().boot();
		manager.offer(canonicalBytesOf({ id: 2 }));
		assert.equal(manager.configuration.id, 1);
		manager.acknowledged();
		assert.deepEqual(allEvents(manager), [{ kind: "taken-up", id: 2 }]);
		assert.notEqual(manager.trialEndsMilliseconds, undefined);
	});

	it("goes back to the last good one when no upload is acknowledged in time", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2, collectorHost: "good.example" });
		manager.acknowledged();
		allEvents(manager);
		offered(manager, { id: 3, collectorHost: "nobody.example" });
		bench.milliseconds += TRIAL_MILLISECONDS_MAX - 1;
		assert.deepEqual(allEvents(manager), []);
		bench.state = manager.save();
		const woken = bench.open();
		assert.equal(woken.configuration.collectorHost, "nobody.example");
		bench.milliseconds += 1;
		assert.deepEqual(allEvents(woken), [
			{ kind: "reverted", id: 3, text: "no upload was acknowledged" },
		]);
		assert.equal(woken.configuration.collectorHost, "good.example");
		const later = bench.boot();
		assert.equal(later.configuration.collectorHost, "good.example");
		assert.deepEqual(offered(later, { id: 3, collectorHost: "nobody.example" }), [
			{ kind: "refused", id: 3, text: "not newer than 3" },
		]);
		assert.deepEqual(offered(later, { id: 4 }), [{ kind: "taken-up", id: 4 }]);
	});

	it("begins under one on trial three times, and not a fourth time", () => {
		const bench = new Bench();
		offered(bench.boot(), { id: 2 });
		for (let boot = 1; boot <= TRIAL_BOOTS_MAX; boot++) {
			assert.equal(bench.boot().configuration.id, 2, `boot ${boot}`);
		}
		const manager = bench.boot();
		// In force before anything else of the station is made.
		assert.equal(manager.configuration.id, 1);
		assert.deepEqual(allEvents(manager), [
			{ kind: "reverted", id: 2, text: "3 boots and no upload" },
		]);
		assert.deepEqual(allEvents(bench.boot()), []);
	});

	it("refuses what is bad, foreign, oversized or older, once, and changes nothing", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 5 });
		manager.acknowledged();
		allEvents(manager);
		const { writes } = bench.settings;
		const refusals: readonly [Uint8Array, RegExp][] = [
			[canonicalBytesOf({ id: 6, station: "pek-1" }), /^for station pek-1$/],
			[canonicalBytesOf({ id: 4 }), /^not newer than 5$/],
			[canonicalBytesOf({ id: 5, intervalSeconds: 60 }), /^not newer than 5$/],
			[canonicalBytesOf({ id: 6, intervalSeconds: 3 }), /^intervalSeconds is 3/],
			[asciiBytes("id=6\n"), /is missing$/],
			[Uint8Array.of(0xff, 0xfe), /is not name=value$/],
			[new Uint8Array(1025).fill(0x61), /^1025 bytes; at most 1024$/],
			[
				asciiBytes(`${canonicalConfiguration({ ...PROVISIONED, id: 6 })}privateKey=00\n`),
				/canonical/,
			],
			[asciiBytes(`epoch=9\n${canonicalConfiguration({ ...PROVISIONED, id: 6 })}`), /canonical/],
		];
		for (const [bytes, text] of refusals) {
			manager.offer(bytes);
			const [event, ...rest] = allEvents(manager);
			assert.ok(event?.kind === "refused", `${text}: ${event?.kind}`);
			assert.match(event.text, text);
			assert.deepEqual(rest, []);
			// It is offered again at every upload.
			manager.offer(bytes);
			assert.deepEqual(allEvents(manager), []);
		}
		assert.equal(manager.configuration.id, 5);
		assert.equal(bench.settings.writes, writes);
		bench.state = manager.save();
		const woken = bench.open();
		woken.offer(refusals.at(-1)?.[0] ?? new Uint8Array(0));
		assert.deepEqual(allEvents(woken), []);
	});

	it("takes no notice of an offer of what is in force already", () => {
		const manager = new Bench().boot();
		assert.deepEqual(offered(manager, {}), []);
		offered(manager, { id: 2 });
		assert.deepEqual(offered(manager, { id: 2 }), []);
	});

	it("stays when a new one cannot be stored (settings-failed)", () => {
		const bench = new Bench();
		const manager = bench.boot();
		bench.settings.isBroken = true;
		assert.deepEqual(offered(manager, { id: 2 }), [
			{ kind: "refused", id: 2, text: "settings-failed" },
		]);
		assert.equal(manager.configuration.id, 1);
	});

	it("takes one that settings refused as soon as they take it, and reports the refusal once", () => {
		const bench = new Bench();
		const manager = bench.boot();
		bench.settings.isBroken = true;
		assert.equal(offered(manager, { id: 2 }).length, 1);
		assert.deepEqual(offered(manager, { id: 2 }), []);
		bench.settings.isBroken = false;
		assert.deepEqual(offered(manager, { id: 2 }), [{ kind: "taken-up", id: 2 }]);
	});

	it("is the confirmed one in the next wake, where settings refused the verdict and took that it was told", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		bench.settings.isBroken = true;
		manager.acknowledged();
		allEvents(manager);
		bench.settings.isBroken = false;
		manager.markReported(2);
		bench.state = manager.save();
		const woken = bench.open();
		assert.equal(woken.configuration.id, 2);
		woken.acknowledged();
		assert.equal(bench.boot().configuration.id, 2);
	});

	it("stores what was confirmed before its place is taken by the next on trial", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		bench.settings.isBroken = true;
		manager.acknowledged();
		allEvents(manager);
		bench.settings.isBroken = false;
		assert.deepEqual(offered(manager, { id: 3 }), [{ kind: "taken-up", id: 3 }]);
		for (let boot = 0; boot <= TRIAL_BOOTS_MAX; boot++) bench.boot();
		// The one on trial led nowhere, and the last good one is not the provisioned one.
		assert.equal(bench.boot().configuration.id, 2);
	});

	it("gives up a trial whose boots cannot be counted", () => {
		const bench = new Bench();
		offered(bench.boot(), { id: 2 });
		bench.settings.isBroken = true;
		const manager = bench.boot();
		assert.equal(manager.configuration.id, 1);
		assert.deepEqual(allEvents(manager), [{ kind: "reverted", id: 2, text: "settings-failed" }]);
	});

	it("is the one that is whole, and says so, when a place is corrupted", () => {
		const bench = new Bench();
		const manager = bench.boot();
		offered(manager, { id: 2 });
		manager.acknowledged();
		allEvents(manager);
		offered(manager, { id: 3 });
		bench.settings.corrupt(1);
		const second = bench.boot();
		assert.equal(second.configuration.id, 2);
		assert.deepEqual(allEvents(second), [{ kind: "damaged", bank: 1 }]);
	});

	it("is what was provisioned when that has the higher id", () => {
		const bench = new Bench();
		offered(bench.boot(), { id: 2 });
		const manager = new ConfigurationManager({
			provisioned: { ...PROVISIONED, id: 7, intervalSeconds: 60 },
			memory: bench.settings.portOf(new PowerCycle(bench.clock), () => {}),
			clock: { milliseconds: 0 },
			state: undefined,
		});
		assert.deepEqual([manager.configuration.id, manager.configuration.intervalSeconds], [7, 60]);
	});

	it("is a whole one, the last good or the one on trial, after a cut in any write", () => {
		let cuts = 0;
		for (let tear = 0; tear < 40; tear++) {
			for (let cut = 0; ; cut++) {
				const bench = new Bench();
				const random = new SeededRandom(1000 * tear + cut);
				const settings = new SimulatedSettings(random);
				Object.assign(bench, { settings });
				bench.writesLeft = cut;
				const before = live(bench);
				if (bench.writesLeft >= 0) break;
				cuts++;
				bench.writesLeft = Number.POSITIVE_INFINITY;
				const after = bench.boot();
				const { id } = after.configuration;
				assert.ok(before.possible.has(id), `cut ${cut}: ${id} after ${[...before.possible]}`);
				// And it continues: a later one is taken up and stays.
				allEvents(after);
				assert.deepEqual(offered(after, { id: 9 }), [{ kind: "taken-up", id: 9 }]);
				after.acknowledged();
				allEvents(after);
				assert.equal(bench.boot().configuration.id, 9);
			}
		}
		assert.equal(cuts, 40 * 8);
	});
});

/** Eight writes: 2 is tried, kept and told, 3 tried, counted, failed and told, 4 tried. What may be in force then. */
function live(bench: Bench): { possible: ReadonlySet<number> } {
	const state = { possible: new Set([1]) };
	// What a station without power continues to do counts for nothing.
	const about = (...ids: number[]): void => {
		if (bench.writesLeft >= 0) state.possible = new Set(ids);
	};
	try {
		const manager = bench.boot();
		about(1, 2);
		offered(manager, { id: 2 });
		manager.acknowledged();
		about(2);
		allEvents(manager);
		about(2, 3);
		offered(manager, { id: 3 });
		const second = bench.boot();
		bench.milliseconds += TRIAL_MILLISECONDS_MAX;
		allEvents(second);
		about(2, 4);
		offered(second, { id: 4 });
	} catch (error) {
		if (!(error instanceof PowerCut)) throw error;
	}
	return state;
}
