/**
 * Odd days by the seed: a board's clock up to 5 % off in sleep, technicians, new intervals, crashes in the
 * middle of a measurement, power cuts, a flash that dies. The judges know the documents and the world.
 */

import { strict as assert } from "node:assert";
import { openWaterProbes } from "../../drivers/board-probes.js";
import { fraction, integerBelow, SeededRandom } from "../../src/core/random.js";
import { DerivationContext } from "../../src/protocol/record/derive.js";
import { IS_LONG, IS_WHOLE, whole } from "../support/depth.js";
import { START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { judgeDerived, type SeenDerivation } from "../support/judges/derived-judge.js";
import { openWatchedStation, type WatchedStation } from "../support/worlds/watched-station.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const SEEDS = IS_LONG ? 60 : IS_WHOLE ? 8 : 2;

/** `isDying`: its flash refuses from then on, and the record has nothing more to judge. */
async function playOddDays(seed: number, days: number, isDying: boolean): Promise<WatchedStation> {
	const random = new SeededRandom(seed);
	const bugs = { left: 0 };
	const supply = integerBelow(random, 4) === 0 ? "mains" : "battery";
	const intervals = [120, 300, 600, 900, 3600] as const;
	const pick = (): number => intervals[integerBelow(random, intervals.length)] ?? 300;
	const played = await openWatchedStation({
		seed,
		configuration: { supply, intervalSeconds: pick() },
		openProbes: (board, configuration) => {
			const probes = openWaterProbes(board, configuration);
			const sample = probes.temperature.sample.bind(probes.temperature);
			probes.temperature.sample = () => {
				if (bugs.left-- > 0) throw new TypeError("a bug");
				return sample();
			};
			return probes;
		},
	});
	const { station } = played;
	station.sleepClockPartsPerMillion = Math.round((2 * fraction(random) - 1) * 50_000);
	let id = 1;
	let deathSeconds = Number.POSITIVE_INFINITY;
	for (let hours = 3; hours < 24 * days - 8; hours += 4 + integerBelow(random, 4)) {
		const seconds = hours * HOUR + integerBelow(random, HOUR);
		const kind = integerBelow(random, 4);
		if (kind === 0) played.visit(seconds, seconds + 5 + integerBelow(random, 900), ["read"]);
		else if (kind === 1) {
			played.at(seconds, () => {
				bugs.left = 1 + integerBelow(random, 4);
			});
		} else if (kind === 2)
			played.at(seconds, () => station.cutPowerNow(1 + integerBelow(random, 900)));
		else {
			const intervalSeconds = pick();
			const offered = ++id;
			await played.playUntil(seconds);
			await played.offer({ id: offered, intervalSeconds, supply });
		}
	}
	if (isDying) {
		deathSeconds = (days - 0.25) * DAY;
		played.at(deathSeconds, () => {
			station.flash.refusesAll = true;
		});
	}
	await played.playUntil(days * DAY);
	return played;
}

function derivationsOf(played: WatchedStation): SeenDerivation[] {
	const context = new DerivationContext();
	return played.watch.entries.flatMap(({ entry, worldUtcSeconds }) => {
		context.observe(entry);
		const derived = context.derive(entry);
		if (derived === undefined) return [];
		const water = [60, 40, 20, 0].map((before) => played.waterAt(worldUtcSeconds - before));
		return [{ sequence: entry.sequence, derived, water }];
	});
}

describe("odd days", function () {
	this.timeout(IS_LONG ? 3_600_000 : 120_000);

	whole(
		"leave readings as due, events with their causes, rails off asleep, and values right or flagged",
		async () => {
			for (let seed = 1; seed <= SEEDS; seed++) {
				const played = await playOddDays(seed, 2, false);
				const found = [...played.judge(), ...judgeDerived(derivationsOf(played))];
				assert.deepEqual(found.slice(0, 5), [], `seed ${seed}`);
				assert.ok(played.readings().length > 40, `seed ${seed}`);
			}
		},
	);

	whole("do not end with the flash: it continues measuring, and nothing crashes", async () => {
		const played = await playOddDays(1, 2, true);
		const before = played.measurements();
		const crashes = played.station.counters.crashes;
		await played.playUntil(2 * DAY + 6 * HOUR);
		assert.ok(played.station.utcSeconds > START_UTC_SECONDS);
		assert.ok(played.measurements() > before + 5, `${played.measurements() - before}`);
		assert.equal(played.station.counters.crashes, crashes);
	});
});
