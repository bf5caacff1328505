/** What the events of the record are after a loss of power: what its claims say, whatever its readings would claim. */
import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import { EntryRecorder } from "../../../src/firmware/station/entry-recorder.js";
import { EventController } from "../../../src/firmware/station/event-controller.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { AlarmBody, Entry, EntryBody } from "../../../src/protocol/record/entry-layouts.js";
import { runTask } from "../../support/bench/run-task.js";
import { acidAt, QUIET_WATER, type Water } from "../../support/data/event-readings.js";
import { fieldsOfNamed } from "../../support/data/named-reading.js";

const DAY = 86_400;

/** A record in memory, and a station that puts readings of made-up water into it. */
class Bench {
	readonly entries: Entry[] = [];
	/** Claims that the journal refuses. */
	refuses: (claim: AlarmBody) => boolean = () => false;
	configuration: StationConfiguration = {
		...DEFAULT_CONFIGURATION,
		station: "bor-1",
		conductivityLaw: "linear",
		alphaPerMillionPerDegree: 0,
		collectorHost: "collector.bistrina.invalid",
		collectorPort: 443,
		collectorPublicKey: new Uint8Array(33),
	};
	now = 0;
	/** Sequences up to here are acknowledged. */
	cursor = 0xfffffff;
	/** When a session out of turn was asked for. */
	readonly asked: number[] = [];
	#boot = 0;
	#journal: { onAppended?: (entry: Entry) => void } & Record<string, unknown> = {};
	#bench: EventController | undefined;

	constructor() {
		this.boot();
	}

	/** Power is back: of all before only the record is left. */
	boot(): this {
		const { entries } = this;
		const bench = this;
		this.#boot++;
		this.#journal = {
			firstSequenceHeld: 1,
			get cursor() {
				return bench.cursor;
			},
			get nextSequence() {
				return entries.length + 1;
			},
			read: (
				first: number,
				count: number,
				visit: (sequence: number, bytes: Uint8Array) => void,
			) => {
				for (const entry of entries.slice(first - 1, first - 1 + count)) {
					visit(entry.sequence, encodeEntry(entry));
				}
			},
		};
		const recorder = new EntryRecorder({
			clock: { milliseconds: 0 },
			time: { utcSeconds: undefined, timeQuality: 0 },
			boot: this.#boot,
			bootMilliseconds: 0,
			configurationId: () => 0,
			stationFlags: () => 0,
			log: () => {},
			append: (draft) => {
				if (draft.kind === "alarm" && bench.refuses(draft)) {
					throw new StationError("flash-failed", "refused");
				}
				return { sequence: bench.append(draft) };
			},
		});
		this.#bench = new EventController({
			journal: this.#journal as never,
			recorder,
			manager: {
				get configuration() {
					return bench.configuration as never;
				},
			},
			standing: () => [],
			state: undefined,
			board: {
				clock: {
					get milliseconds() {
						return 1000 * bench.now;
					},
				},
				watchdog: { feed: () => {} },
			} as never,
			onUrgent: () => bench.asked.push(bench.now),
		});
		if (entries.length > 0) {
			const boot = { resetReason: 0, wakeCause: 0, crashCode: 0, firmwareVersion: 1, wakeCount: 0 };
			this.append({ kind: "boot", ...boot });
		}
		return this;
	}

	append(body: EntryBody, boot = this.#boot): number {
		const sequence = this.entries.length + 1;
		const entry = {
			...body,
			channelSet: body.kind === "reading" ? 1 : 0,
			timeQuality: 2,
			epoch: 1,
			sequence,
			boot,
			uptimeSeconds: this.now,
			utcSeconds: 1_800_000_000 + this.now,
			configurationId: 1,
			stationFlags: 0,
		} as Entry;
		this.entries.push(entry);
		this.#journal.onAppended?.(entry);
		return sequence;
	}

	run(seconds: number, waterAt: (seconds: number) => Water): this {
		const begin = this.now;
		while (this.now < begin + seconds) {
			const pace = this.#bench?.intervalSeconds ?? 0;
			this.now += pace === 0 ? 300 : pace;
			this.read(waterAt(this.now - begin));
		}
		return this;
	}

	/** A reading, and what the station says to it; power may fail in between. */
	read({ pH, celsius, conductivity, turbidity }: Water, isCut = false): void {
		const milli = (value: number | undefined) =>
			value === undefined ? undefined : Math.round(value * 1000);
		this.append({
			kind: "reading",
			fields: fieldsOfNamed({
				pHMilli: milli(pH),
				pHFlags: 0,
				pHCalibration: 0,
				temperatureMillidegrees: milli(celsius),
				temperatureFlags: 0,
				temperatureCalibration: 0,
				conductivityHundredths:
					conductivity === undefined ? undefined : Math.round(conductivity * 100),
				conductivityFlags: 0,
				conductivityCalibration: 0,
				// 4-20 mA over 150 ohm, -50 to 1550 FNU.
				turbidityMicrovolts: Math.round(((turbidity ?? 0) + 50) * 1500 + 600_000),
				turbiditySpreadSteps: 0,
				turbidityRange: 0,
				turbidityFlags: 0,
				turbidityCalibration: 0,
				batteryMillivolts: 12_500,
				batteryFlags: 0,
			}),
		});
		if (!isCut && this.#bench !== undefined) runTask(this.#bench.settle(), { milliseconds: 0 });
	}

	get output(): string {
		return this.entries
			.flatMap((entry) => (entry.kind === "alarm" ? [`${entry.code}/${entry.phase}`] : []))
			.join(" ");
	}

	get claims(): (Entry & AlarmBody)[] {
		return this.entries.filter((entry) => entry.kind === "alarm");
	}
}

const quiet = (): Water => QUIET_WATER;
/** A day and more, a watch that became an alarm, and readings after its end. */
const past = (): Bench => new Bench().run(2 * DAY, quiet).run(4 * 3600, acidAt);

describe("the events of a record after a loss of power", () => {
	it("are what its claims say: what has ended is not changed or ended again", () => {
		const bench = past();
		assert.equal(bench.output, "1/1 2/2 2/3");
		bench.boot().run(DAY, quiet);
		assert.equal(bench.output, "1/1 2/2 2/3");
	});

	it("are what its claims say where the readings that are left would claim something else", () => {
		const bench = new Bench().run(2 * DAY, quiet).run(4 * 3600, acidAt);
		// A station with other thresholds claimed nothing of what came then.
		bench.configuration = {
			...bench.configuration,
			eventWatchPerMille: 2000,
			eventStrongPerMille: 9000,
		};
		bench.boot().run(4 * 3600, acidAt);
		assert.equal(bench.output, "1/1 2/2 2/3");
		bench.configuration = {
			...bench.configuration,
			eventWatchPerMille: 80,
			eventStrongPerMille: 350,
		};
		bench.boot().run(DAY, quiet);
		assert.equal(bench.output, "1/1 2/2 2/3");
	});

	it("continue where one has begun, and end", () => {
		const bench = new Bench().run(2 * DAY, quiet).run(1800, acidAt);
		assert.equal(bench.output, "1/1 2/2");
		bench.boot().run(2 * DAY, quiet);
		assert.equal(bench.output, "1/1 2/2 2/3");
		const [watch, acid, end] = bench.claims;
		assert.equal(acid?.beginSequence, watch?.sequence);
		assert.equal(end?.beginSequence, watch?.sequence);
	});

	it("get the claim that power cut off after its reading, before the reading of the boot is judged", () => {
		const bench = new Bench().run(2 * DAY, quiet);
		bench.run(300, acidAt);
		bench.now += 24;
		bench.read(acidAt(324), true);
		assert.equal(bench.output, "");
		const { length } = bench.entries;
		bench.boot();
		bench.now += 3600;
		bench.read(QUIET_WATER);
		assert.equal(bench.output, "1/1");
		assert.equal(bench.claims[0]?.readingSequence, length);
		bench.run(DAY, quiet);
		assert.equal(bench.output, "1/1 1/3");
	});

	it("get no claim of a reading days ago after which others came", () => {
		const bench = new Bench().run(2 * DAY, quiet);
		bench.refuses = () => true;
		bench.run(900, acidAt).boot();
		bench.run(3 * DAY, quiet);
		bench.refuses = () => false;
		bench.boot().run(DAY, quiet);
		assert.equal(bench.output, "");
	});

	it("keep what the record took of a reading when it refused the rest", () => {
		const storm = (): Water => ({ ...QUIET_WATER, conductivity: 300, turbidity: 80 });
		const bench = new Bench().run(2 * DAY, quiet).run(2 * 3600, storm);
		assert.equal(bench.output, "4/1");
		bench.refuses = ({ code }) => code === 4;
		bench.run(3600, quiet);
		assert.equal(bench.output, "4/1");
		bench.refuses = () => false;
		bench.run(DAY, quiet);
		assert.equal(bench.output, "4/1 4/3");
	});

	it("end where the configuration does not look for events any more", () => {
		const storm = (): Water => ({ ...QUIET_WATER, conductivity: 300, turbidity: 80 });
		const bench = new Bench().run(2 * DAY, quiet).run(2 * 3600, storm);
		bench.configuration = { ...bench.configuration, eventIntervalSeconds: 0 };
		bench.boot().run(3600, storm);
		assert.equal(bench.output, "4/1 4/3");
		const other = new Bench().run(2 * DAY, quiet).run(900, acidAt);
		other.configuration = { ...other.configuration, eventIntervalSeconds: 0 };
		other.boot().run(3600, quiet);
		assert.equal(other.output, "1/1 2/2 2/3");
	});

	it("end a storm after a day though conductivity is not measured any more", () => {
		const storm = (): Water => ({ ...QUIET_WATER, conductivity: 300, turbidity: 80 });
		const broken = (): Water => ({ ...QUIET_WATER, conductivity: undefined });
		const bench = new Bench()
			.run(2 * DAY, quiet)
			.run(2 * 3600, storm)
			.run(2 * DAY, broken);
		assert.equal(bench.output, "4/1 4/3");
	});
});

describe("what an alarm asks of the radio", () => {
	/** Minutes from the watch to each session that was asked for, while nobody acknowledges. */
	const minutesOf = ({ asked, claims }: Bench): number[] =>
		asked.map((at) => Math.round((at - (claims[0]?.uptimeSeconds ?? 0)) / 60));

	it("is a session at once, and none after its acknowledgement", () => {
		const bench = new Bench().run(2 * DAY, quiet);
		bench.cursor = 0;
		bench.run(320, acidAt);
		assert.equal(bench.output, "1/1");
		assert.deepEqual(minutesOf(bench), [0]);
		bench.cursor = 0xfffffff;
		bench.run(4 * 3600, acidAt);
		assert.equal(bench.asked.length, 1);
	});

	it("is eight sessions over an hour of a dead network, so that one that returns is met within 20 minutes", () => {
		const bench = new Bench().run(2 * DAY, quiet);
		bench.cursor = 0;
		bench.run(3 * 3600, acidAt);
		assert.equal(bench.output, "1/1 2/2 2/3");
		// The alarm asks at once, too, and so shortens what a watch alone would reach.
		assert.equal(bench.claims[1]?.secondsSinceBegin, 240);
		assert.deepEqual(minutesOf(bench), [0, 1, 3, 4, 11, 25, 45, 65]);
	});
});
