/** A configuration on its way: from the operator through the acknowledgement into the record, and back. */
import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import { UplinkSchedule } from "../../src/firmware/uplink/schedule.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES, type EventCode } from "../../src/protocol/record/events.js";
import { IS_WHOLE } from "../support/depth.js";
import {
	type BareCollector,
	keyedHashKeyOf,
	openBareCollector,
	serviceStation,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";

const HOUR = 3600;

interface Played {
	readonly station: SimulatedStation;
	readonly collector: BareCollector;
	readonly returned: Uint8Array[];
	readonly interrupted: Uint8Array[];
	entries(): Entry[];
	events(code: EventCode): { detail: number; text: string }[];
	playUntil(utcSeconds: number): Promise<void>;
	/** Presses the service button until everything is acknowledged. */
	settle(): Promise<void>;
	/** Id of the configuration that the newest entry was made under. */
	inForce(): number;
	/** As an operator writes it. */
	offer(fields: Partial<StationConfiguration>): Promise<void>;
}

async function play(name = "bor-1"): Promise<Played> {
	const returned: Uint8Array[] = [];
	const interrupted: Uint8Array[] = [];
	const at: { attempt: Uint8Array | undefined; cursor: number } = { attempt: undefined, cursor: 0 };
	const collector = await openBareCollector(
		{
			get utcSeconds() {
				return station.utcSeconds;
			},
		},
		name,
	);
	const station: SimulatedStation = bareStation({
		name,
		sectors: 32,
		collectorPublicKey: keyedHashKeyOf("collector").publicKey,
		endpoint: collector.endpoint,
		witness: {
			attempted: (canonicalBytes) => {
				if (at.attempt !== undefined) interrupted.push(at.attempt);
				at.attempt = canonicalBytes;
			},
			appended: (canonicalBytes) => {
				at.attempt = undefined;
				returned.push(canonicalBytes);
			},
			acknowledged: (cursor) => {
				at.cursor = cursor;
			},
		},
	});
	const entries = (): Entry[] => returned.map((canonicalBytes) => decodeEntry(canonicalBytes));
	return {
		station,
		collector,
		returned,
		interrupted,
		entries,
		events: (code) =>
			entries().flatMap((entry) =>
				entry.kind === "event" && entry.code === EVENT_CODES[code]
					? [{ detail: entry.detail, text: entry.text }]
					: [],
			),
		playUntil: async (utcSeconds) => {
			while (station.utcSeconds < utcSeconds) await stepStation(station);
		},
		settle: async () => {
			while (!station.isAsleep || station.network.outstanding > 0) await stepStation(station);
			for (let press = 0; press < 20; press++) {
				if (at.cursor >= (entries().at(-1)?.sequence ?? 0)) return;
				await serviceStation(station);
			}
			assert.fail(`acknowledged ${at.cursor} of ${entries().at(-1)?.sequence}`);
		},
		inForce: () => entries().at(-1)?.configurationId ?? 0,
		offer: async (fields) => {
			const text = canonicalConfiguration({
				...DEFAULT_CONFIGURATION,
				station: name,
				collectorHost: "collector.bistrina.invalid",
				collectorPort: 443,
				collectorPublicKey: collector.publicKey,
				...fields,
			});
			await collector.offers.set(text, "a test");
		},
	};
}

function assertDelivered({ collector, returned, interrupted }: Played): void {
	const outcome = judgeDelivery(returned, interrupted, collector.store.rowsOf("bor-1"));
	assert.deepEqual([outcome.missing, outcome.foreign], [0, 0]);
	assert.deepEqual(collector.store.evidence, []);
}

function isWritten(hex: string | null | undefined): boolean {
	return typeof hex === "string";
}

describe("a configuration from the collector", () => {
	it("is in force from the acknowledgement on, with its id in every reading, and proves itself", async () => {
		const played = await play();
		await played.playUntil(START_UTC_SECONDS + 2 * HOUR);
		await played.offer({ id: 2, intervalSeconds: 60, turbidityUnit: "NTU" });
		await played.playUntil(START_UTC_SECONDS + 5 * HOUR);
		await played.settle();
		const entries = played.entries();
		const at = entries.findIndex(
			(entry) => entry.kind === "configuration" && entry.definedId === 2,
		);
		assert.ok(at > 0);
		const [before, after] = [entries.slice(0, at), entries.slice(at)];
		assert.ok(before.every(({ configurationId }) => configurationId === 1));
		assert.ok(after.every(({ configurationId }) => configurationId === 2));
		const defined = after[0];
		assert.ok(defined?.kind === "configuration" && defined.turbidityUnit === 1);
		assert.equal(defined.intervalSeconds, 60);
		assert.ok(after.filter(({ kind }) => kind === "reading").length > 100, "a reading a minute");
		assert.deepEqual(played.events("configuration-confirmed"), [{ detail: 2, text: "" }]);
		assert.deepEqual(played.collector.lines, [
			"bor-1 configuration 2 is in force, on trial",
			"bor-1 configuration-confirmed 2",
		]);
		// A deep-sleep wake is no boot, and the key and the epoch are what they were.
		assert.equal(entries.filter(({ kind }) => kind === "boot").length, 1);
		assert.equal(new Set(entries.map(({ epoch }) => epoch)).size, 1);
		assert.equal(entries.filter(({ kind }) => kind === "epoch").length, 1);
		assertDelivered(played);
	});

	it("gives way to the last good one when it leads nowhere, and the record tells of both", async () => {
		const played = await play();
		await played.playUntil(START_UTC_SECONDS + 2 * HOUR);
		// The acknowledgements of the collector at hand are not those of this key.
		await played.offer({ id: 2, collectorPublicKey: keyedHashKeyOf("stranger").publicKey });
		await played.playUntil(START_UTC_SECONDS + 6 * HOUR);
		assert.equal(played.inForce(), 2);
		assert.deepEqual(played.events("configuration-reverted"), []);
		await played.playUntil(START_UTC_SECONDS + 12 * HOUR);
		await played.settle();
		assert.equal(played.inForce(), 1);
		assert.deepEqual(played.events("configuration-reverted"), [
			{ detail: 2, text: "no upload was acknowledged" },
		]);
		const defined = played
			.entries()
			.flatMap((entry) => (entry.kind === "configuration" ? [entry.definedId] : []));
		assert.deepEqual(defined, [1, 2, 1]);
		assert.ok(
			played.collector.lines.includes("bor-1 configuration-reverted 2: no upload was acknowledged"),
		);
		// Its number is spent; the next one is taken.
		await played.offer({ id: 3, uploadIntervalSeconds: 1800 });
		await played.playUntil(START_UTC_SECONDS + 15 * HOUR);
		await played.settle();
		assert.equal(played.inForce(), 3);
		assertDelivered(played);
	});

	it("is given up although the station is reset again and again under it", async () => {
		const played = await play();
		await played.playUntil(START_UTC_SECONDS + HOUR);
		await played.offer({ id: 2, collectorPublicKey: keyedHashKeyOf("stranger").publicKey });
		await played.playUntil(START_UTC_SECONDS + 3 * HOUR);
		for (let cut = 0; cut < 5; cut++) {
			assert.equal(played.inForce(), cut <= 3 ? 2 : 1, `cut ${cut}`);
			played.station.cutPowerNow(60);
			await played.playUntil(played.station.utcSeconds + 900);
		}
		assert.deepEqual(played.events("configuration-reverted"), [
			{ detail: 2, text: "3 boots and no upload" },
		]);
		await played.playUntil(played.station.utcSeconds + 3 * HOUR);
		await played.settle();
		assertDelivered(played);
	});

	it("is refused and reported once where it is none for this station, and changes nothing", async () => {
		const played = await play();
		await played.playUntil(START_UTC_SECONDS + HOUR);
		await played.offer({ id: 2, intervalSeconds: 5 });
		await played.playUntil(START_UTC_SECONDS + 6 * HOUR);
		await played.settle();
		assert.deepEqual(played.events("configuration-refused"), [
			{ detail: 2, text: "intervalSeconds is 5; use a whole number" },
		]);
		assert.ok(played.entries().every(({ configurationId }) => configurationId === 1));
		// Neither of the two places of configurations was written.
		assert.deepEqual(played.station.settings.save().slice(0, 2).filter(isWritten), []);
		assertDelivered(played);
	});

	it("survives a power cut at any operation while it is taken up and proves itself", async () => {
		const random = new SeededRandom(11);
		const inForce = new Set<number>();
		for (let round = 0; round < (IS_WHOLE ? 40 : 10); round++) {
			const played = await play();
			await played.playUntil(START_UTC_SECONDS + HOUR);
			await played.offer({ id: 2, intervalSeconds: 600 });
			played.station.pressServiceButton();
			while (played.station.isAsleep) await stepStation(played.station);
			const before = played.station.counters.powerCuts;
			// A wake with two sessions is about 250 operations.
			played.station.cutPowerAfter(1 + integerBelow(random, 250), 30);
			while (!played.station.isAsleep) await stepStation(played.station);
			await played.playUntil(played.station.utcSeconds + 600);
			inForce.add(played.inForce());
			await serviceStation(played.station);
			await played.settle();
			assert.ok(played.station.counters.powerCuts <= before + 1);
			assert.equal(played.inForce(), 2, `round ${round}`);
			assert.equal(played.events("configuration-reverted").length, 0, `round ${round}`);
			assertDelivered(played);
		}
		assert.deepEqual([...inForce].sort(), [1, 2]);
	});

	it("is taken up and confirmed by a station whose slot lies two seconds before its readings", async () => {
		const slotOf = (station: string): number => {
			const schedule = new UplinkSchedule({
				random: new SeededRandom(1),
				station,
				nowMilliseconds: 0,
				uploadIntervalSeconds: 3600,
				linkMillisecondsMax: 30_000,
			});
			schedule.acknowledged(0, 3000, 0, false);
			return (schedule.nextAttemptMilliseconds / 1000) % 300;
		};
		const names = Array.from({ length: 2000 }, (_, index) => `bor-${index}`);
		const name = names.find((each) => slotOf(each) >= 297 && slotOf(each) <= 299);
		assert.ok(name !== undefined);
		const played = await play(name);
		await played.playUntil(START_UTC_SECONDS + 4 * HOUR);
		await played.offer({ id: 2 });
		await played.playUntil(START_UTC_SECONDS + 8 * HOUR);
		assert.equal(played.inForce(), 2);
		assert.equal(played.events("configuration-confirmed").length, 1);
		assert.deepEqual(played.events("configuration-reverted"), []);
	});

	it("survives an access point that is silent for forty seconds and one that reboots", async () => {
		for (const silentSeconds of [40, 300]) {
			const played = await play("bor-3");
			await played.playUntil(START_UTC_SECONDS + 5 * HOUR);
			await played.offer({ id: 2 });
			while (played.inForce() !== 2) await stepStation(played.station);
			played.station.network.faults = { "link-silent": 1 };
			await played.playUntil(played.station.utcSeconds + silentSeconds);
			played.station.network.faults = {};
			await played.playUntil(played.station.utcSeconds + 6 * HOUR);
			assert.equal(played.inForce(), 2);
			assert.equal(played.events("configuration-confirmed").length, 1);
			assert.deepEqual(played.events("configuration-reverted"), []);
		}
	});
});
