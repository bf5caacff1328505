/** A station that mine water reaches: what it claims, at what pace it measures, and that no power cut loses or doubles it. */
import { strict as assert } from "node:assert";
import { FIRST_ACID_SECONDS } from "../../sim/river/acid-bor.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { AlarmBody, Entry } from "../../src/protocol/record/entry-layouts.js";
import { IS_LONG, IS_WHOLE, sample, whole } from "../support/depth.js";
import { openBareCollector, runStationUntil } from "../support/engines/bare-collector.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { runEventCut } from "../support/trials/event-cuts.js";

const HOUR = 3600;

interface Seen {
	readonly entry: Entry;
	/** Operations of the board when it was appended. */
	readonly operations: number;
	readonly utcSeconds: number;
}

function acidStation(configuration: Partial<StationConfiguration> = {}) {
	const seen: Seen[] = [];
	const river = SCENARIOS["acid-bor"]?.(1, START_UTC_SECONDS);
	assert.ok(river);
	const station: SimulatedStation = bareStation({
		river,
		configuration,
		sectors: 16,
		witness: {
			appended: (canonicalBytes) =>
				seen.push({
					entry: decodeEntry(canonicalBytes),
					operations: station.counters.operations,
					utcSeconds: station.utcSeconds,
				}),
			acknowledged: () => {},
		},
	});
	return { station, seen };
}

function claimsOf(seen: readonly Seen[]): (AlarmBody & Seen)[] {
	return seen.flatMap((each) => (each.entry.kind === "alarm" ? [{ ...each.entry, ...each }] : []));
}

const claimText = (seen: readonly Seen[]): string =>
	claimsOf(seen)
		.map(({ code, phase }) => `${code}/${phase}`)
		.join(" ");

describe("a station that mine water reaches", function () {
	this.timeout(IS_LONG ? 1_800_000 : 120_000);

	it("claims a watch, then an acid alarm, measures each minute, and rests on readings of its record", () => {
		const { station, seen } = acidStation();
		runUntil(station, START_UTC_SECONDS + FIRST_ACID_SECONDS + 2 * HOUR);
		assert.equal(claimText(seen), "1/1 2/2");
		const [watch, acid] = claimsOf(seen);
		assert.ok(watch && acid);
		const begin = START_UTC_SECONDS + FIRST_ACID_SECONDS;
		assert.ok(watch.utcSeconds - begin < 15 * 60, `watch after ${watch.utcSeconds - begin} s`);
		assert.ok(acid.utcSeconds - begin < 20 * 60, `alarm after ${acid.utcSeconds - begin} s`);
		assert.equal(acid.beginSequence, watch.entry.sequence);
		for (const claim of [watch, acid]) {
			const reading = seen.find(({ entry }) => entry.sequence === claim.readingSequence);
			assert.equal(reading?.entry.kind, "reading");
		}
		const readings = seen.flatMap(({ entry }) =>
			entry.kind === "reading" ? [entry.utcSeconds] : [],
		);
		const after = readings.filter((utc) => utc > acid.utcSeconds);
		const gaps = after.slice(1).map((utc, index) => utc - (after[index] ?? 0));
		assert.ok(gaps.length > 80);
		runUntil(station, START_UTC_SECONDS + FIRST_ACID_SECONDS + 36 * HOUR);
		const ends = claimsOf(seen).filter(({ phase, code }) => phase === 3 && code !== 4);
		assert.deepEqual(
			ends.slice(0, 1).map(({ beginSequence }) => beginSequence),
			[watch.entry.sequence],
		);
		assert.ok(
			gaps.every((gap) => gap >= 58 && gap <= 62),
			gaps.join(" "),
		);
	});

	it("tells the collector of a watch and of an alarm at once, and not at its next hour", async () => {
		const seconds: number[] = [];
		const seeds = sample([1, 2, 3, 4]);
		for (const seed of seeds) {
			const clock = {
				get utcSeconds() {
					return station.utcSeconds;
				},
			};
			const { publicKey, endpoint } = await openBareCollector(clock, "bor-1");
			const waiting = new Map<number, number>();
			const river = SCENARIOS["acid-bor"]?.(seed, START_UTC_SECONDS);
			assert.ok(river);
			const station: SimulatedStation = bareStation({
				seed,
				river,
				collectorPublicKey: publicKey,
				endpoint,
				witness: {
					appended: (canonicalBytes) => {
						const { kind, sequence } = decodeEntry(canonicalBytes);
						if (kind === "alarm") waiting.set(sequence, station.utcSeconds);
					},
					acknowledged: (cursor) => {
						for (const [sequence, utcSeconds] of waiting) {
							if (sequence > cursor) continue;
							seconds.push(station.utcSeconds - utcSeconds);
							waiting.delete(sequence);
						}
					},
				},
			});
			await runStationUntil(station, START_UTC_SECONDS + FIRST_ACID_SECONDS + HOUR);
			assert.equal(waiting.size, 0);
		}
		assert.equal(seconds.length, 2 * seeds.length);
		assert.ok(Math.max(...seconds) <= 30, seconds.map((each) => each.toFixed(1)).join(" "));
	});

	it("looks for none where the configuration says so", () => {
		const { station, seen } = acidStation({ eventIntervalSeconds: 0 });
		runUntil(station, START_UTC_SECONDS + FIRST_ACID_SECONDS + HOUR);
		assert.equal(claimText(seen), "");
	});

	whole(
		"loses no claim of a whole event and doubles none, whichever operation power fails at",
		() => {
			const seed = 7;
			const uncut = runEventCut({ seed });
			assert.equal(uncut.output, "1/1 2/2 2/3 4/1 4/3");
			assert.deepEqual(uncut.violations, []);
			// In a short run those beside each claim's append, in a whole one all about it.
			const [before, count] = IS_WHOLE ? [10, 16] : [1, 2];
			const near = uncut.operations.flatMap((at) =>
				Array.from({ length: count }, (_, index) => at - before + index),
			);
			const across: number[] = [];
			const [first = 0] = uncut.operations;
			const last = uncut.operations[uncut.operations.length - 1] ?? 0;
			for (let at = first - 200; at < last + 200; at += IS_LONG ? 1 : IS_WHOLE ? 401 : 4010)
				across.push(at);
			for (const at of new Set([...near, ...across])) {
				const { output, violations } = runEventCut({ seed, cuts: [at] });
				assert.equal(output, uncut.output, `cut in operation ${at}`);
				assert.deepEqual(violations, [], `cut in operation ${at}`);
			}
		},
	);
});
