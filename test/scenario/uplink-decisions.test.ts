/** What the station decides about its uplink after odd days: nothing strands it, and no good news is lost. */

import { strict as assert } from "node:assert";
import { DEFAULT_NETWORK_TIMES, type NetworkTimes } from "../../sim/network/wire.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { EVENT_CODES, type EventCode } from "../../src/protocol/record/events.js";
import { directProbesOf } from "../support/bench/direct-water.js";
import { IS_WHOLE, whole } from "../support/depth.js";
import {
	type BareCollector,
	openBareCollector,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Of bor-1 within a day, seconds after it was powered up. */
const DAILY_SLOT = 65_084;

interface Recorded {
	readonly atSeconds: number;
	readonly code: number;
	readonly detail: number;
	readonly configurationId: number;
}

class Played {
	/** Seconds after the start, of each rise of the cursor. */
	readonly acknowledgedAt: number[] = [];
	readonly recorded: Recorded[] = [];
	/** Seconds after the start at which the radio was switched on. */
	readonly attemptedAt: number[] = [];
	inForce = 0;
	readonly #collector: BareCollector;
	readonly station: SimulatedStation;

	private constructor(station: SimulatedStation, collector: BareCollector) {
		this.station = station;
		this.#collector = collector;
	}

	static async open(options: {
		name?: string;
		uploadIntervalSeconds?: number;
		link?: NetworkTimes["link"];
	}): Promise<Played> {
		const { name = "bor-1", link } = options;
		const river = SCENARIOS["quiet-bor"]?.(1, START_UTC_SECONDS);
		assert.ok(river !== undefined);
		const clock = {
			get utcSeconds() {
				return station.utcSeconds;
			},
		};
		const collector = await openBareCollector(clock, name);
		const station: SimulatedStation = bareStation({
			name,
			river,
			configuration: { uploadIntervalSeconds: options.uploadIntervalSeconds ?? HOUR },
			collectorPublicKey: collector.publicKey,
			openProbes: directProbesOf(river, () => station),
			endpoint: collector.endpoint,
			witness: {
				appended: (canonicalBytes) => {
					const entry = decodeEntry(canonicalBytes);
					played.inForce = entry.configurationId;
					if (entry.kind !== "event") return;
					const { code, detail, configurationId } = entry;
					played.recorded.push({ atSeconds: played.seconds, code, detail, configurationId });
				},
				acknowledged: () => played.acknowledgedAt.push(played.seconds),
			},
		});
		if (link !== undefined) {
			Object.assign(station.network, { times: { ...DEFAULT_NETWORK_TIMES, link } });
		}
		const { connect } = station.network.link;
		station.network.link.connect = (onChanged) => {
			played.attemptedAt.push(played.seconds);
			connect(onChanged);
		};
		const played = new Played(station, collector);
		return played;
	}

	get seconds(): number {
		return this.station.utcSeconds - START_UTC_SECONDS;
	}

	async until(seconds: number): Promise<void> {
		while (this.seconds < seconds) await stepStation(this.station);
	}

	async offer(fields: Partial<StationConfiguration>): Promise<void> {
		const text = canonicalConfiguration({
			...DEFAULT_CONFIGURATION,
			station: this.station.name,
			collectorHost: "collector.bistrina.invalid",
			collectorPort: 443,
			collectorPublicKey: this.#collector.publicKey,
			...fields,
		});
		await this.#collector.offers.set(text, "a test");
	}

	events(code: EventCode): { detail: number; atSeconds: number }[] {
		return this.recorded
			.filter((event) => event.code === EVENT_CODES[code])
			.map(({ detail, atSeconds }) => ({ detail, atSeconds }));
	}
}

describe("the uplink's decisions", () => {
	whole(
		"uploads at the next daily slot at the latest after an access point was silent for five minutes",
		async () => {
			const days = IS_WHOLE ? 10 : 2;
			const played = await Played.open({ uploadIntervalSeconds: DAY });
			await played.until(days * DAY + DAILY_SLOT - 60);
			const before = played.acknowledgedAt.length;
			assert.ok(before >= days);
			played.station.network.rebootAccessPoint(300_000);
			await played.until((days + 5) * DAY);
			const after = played.acknowledgedAt[before] ?? Number.POSITIVE_INFINITY;
			const silentHours = (after - (days * DAY + DAILY_SLOT)) / HOUR;
			assert.ok(silentHours <= 24.1, `silent for ${silentHours} h`);
			// And every slot from there on.
			assert.ok(played.acknowledgedAt.length >= before + 4);
		},
	);

	it("fails no configuration because an access point is silent for forty seconds", async () => {
		const played = await Played.open({ uploadIntervalSeconds: DAY });
		await played.offer({ id: 2, intervalSeconds: 900, uploadIntervalSeconds: DAY });
		while (played.inForce !== 2) await stepStation(played.station);
		played.station.network.rebootAccessPoint(40_000);
		await played.until(played.seconds + 7 * HOUR);
		assert.deepEqual(
			played.events("configuration-confirmed").map(({ detail }) => detail),
			[2],
		);
		assert.deepEqual(played.events("configuration-reverted"), []);
	});

	for (const uploadIntervalSeconds of [HOUR, DAY, 7 * DAY]) {
		it(`asks fifteen times in six hours of trial, with an upload every ${uploadIntervalSeconds / HOUR} hours`, async () => {
			const played = await Played.open({ uploadIntervalSeconds });
			await played.offer({ id: 2, uploadIntervalSeconds });
			while (played.inForce !== 2) await stepStation(played.station);
			const beganSeconds = played.seconds;
			played.station.network.rebootAccessPoint((6 * HOUR + 60) * 1000);
			await played.until(beganSeconds + 7 * HOUR);
			const [reverted] = played.events("configuration-reverted");
			assert.ok(reverted !== undefined);
			assert.ok(reverted.atSeconds >= beganSeconds + 6 * HOUR - 1);
			const attempts = played.attemptedAt.filter(
				(at) => at >= beganSeconds && at <= reverted.atSeconds,
			);
			assert.ok(attempts.length >= 15, `${attempts.length} attempts`);
			// What the trial has cost is no debt of the configuration that is in force again.
			await played.until(reverted.atSeconds + HOUR);
			assert.ok((played.acknowledgedAt.at(-1) ?? 0) > reverted.atSeconds);
		});
	}

	it("confirms a configuration whose upload ends while the water is measured", async () => {
		const played = await Played.open({ uploadIntervalSeconds: DAY, link: [8000, 8000] });
		await played.until(HOUR);
		await played.offer({ id: 2, uploadIntervalSeconds: DAY });
		await played.until(2 * DAY);
		assert.deepEqual(played.events("configuration-reverted"), []);
		const [confirmed, ...more] = played.events("configuration-confirmed");
		assert.deepEqual(more, []);
		assert.equal(confirmed?.detail, 2);
		// Acknowledged at 65 105 s, within the measurement that began at 65 100.
		assert.ok(confirmed.atSeconds < 65_130, `${confirmed.atSeconds}`);
	});

	it("takes up an offer whose session ends while the water is measured, hour after hour", async () => {
		// Its slot is second 298 of 300.
		const played = await Played.open({ name: "bor-945" });
		await played.until(HOUR);
		await played.offer({ id: 2, intervalSeconds: 300 });
		await played.until(3 * HOUR);
		assert.equal(played.inForce, 2);
		assert.deepEqual(
			played.events("configuration-confirmed").map(({ detail }) => detail),
			[2],
		);
	});

	it("leaves a configuration that was given up, although the settings refuse to say so", async () => {
		const played = await Played.open({});
		await played.offer({ id: 2, collectorPublicKey: new Uint8Array(33).fill(3) });
		while (played.inForce !== 2) await stepStation(played.station);
		played.station.settings.isBroken = true;
		await played.until(played.seconds + 6.5 * HOUR);
		assert.equal(played.inForce, 1);
		await played.until(3 * DAY);
		assert.equal(played.inForce, 1);
		assert.deepEqual(
			played.events("configuration-reverted").map(({ detail }) => detail),
			[2],
		);
		const since = played.acknowledgedAt.filter((at) => at > DAY).length;
		assert.ok(since >= 47, `${since} uploads in two days`);
	});
});
