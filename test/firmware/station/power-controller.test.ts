/** What a station makes of its battery: charge, pace, silence, coulombs, and the days that are left. */
import { strict as assert } from "node:assert";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import { PowerController } from "../../../src/firmware/station/power-controller.js";

const HOUR = 3_600_000;

function controllerOf(changes: Partial<StationConfiguration>) {
	const clock = { milliseconds: 0 };
	const lines: string[] = [];
	const configuration = {
		...DEFAULT_CONFIGURATION,
		batteryChemistry: "lead-acid",
		...changes,
	} as StationConfiguration;
	const open = (state?: Uint8Array): PowerController =>
		new PowerController({
			clock,
			configuration: () => configuration,
			state,
			record: (level, text) => lines.push(`${level}: ${text}`),
		});
	let controller = open();
	/** Readings five minutes apart for so long, through deep sleep. */
	const run = (hours: number, millivolts: number, milliamperes?: number): PowerController => {
		for (let left = hours * 12; left > 0; left--) {
			controller = open(controller.save());
			controller.judge({ millivolts, milliamperes, celsius: 20, withTurbidity: true });
			clock.milliseconds += HOUR / 12;
		}
		return controller;
	};
	return { run, lines, clock };
}

describe("the power controller", () => {
	it("changes no pace of a battery of which nobody said what it is, nor on mains", () => {
		for (const changes of [{ batteryChemistry: "unstated" }, { supply: "mains" }] as const) {
			const { run, lines } = controllerOf(changes);
			const controller = run(2, 10_600);
			assert.equal(controller.level, undefined);
			assert.equal(controller.intervalSeconds, undefined);
			assert.equal(controller.uploadFactor, undefined);
			assert.equal(controller.isSilent, false);
			assert.equal(controller.answer["chargePerMille"], "unknown");
			assert.deepEqual(lines, []);
		}
	});

	it("stretches at once as the battery empties, falls silent below a tenth, and says each level", () => {
		const { run, lines } = controllerOf({ batteryMilliampereHours: 7000 });
		assert.equal(run(1, 12_700).intervalSeconds, 300);
		assert.equal(run(1, 12_100).intervalSeconds, 600);
		assert.equal(run(1, 11_800).uploadFactor, 6);
		const low = run(1, 11_600);
		assert.deepEqual([low.intervalSeconds, low.isSilent, low.isSparing], [3600, false, true]);
		const empty = run(1, 11_400);
		assert.deepEqual([empty.intervalSeconds, empty.isSilent], [21_600, true]);
		assert.deepEqual(
			lines.map((text) => text.slice(0, 2)),
			["1:", "2:", "3:", "4:"],
		);
		assert.ok(
			lines.every((text) => text.length <= 40),
			lines.join("\n"),
		);
		assert.equal(lines[0], "1: charge 50.5 %, 824 days without sun");
	});

	it("recovers when it has been well through a night, not by a panel's voltage of some hours", () => {
		const { run } = controllerOf({});
		assert.equal(run(20, 11_400).level, 4);
		// The sun of a day, the night after it, and so on.
		assert.equal(run(9, 13_600).level, 4);
		assert.equal(run(15, 11_450).level, 4);
		assert.equal(run(9, 13_800).level, 4);
		assert.equal(run(6, 12_400).level, 4);
		assert.equal(run(9, 12_400).level, 0);
	});

	it("knows no charge on the plateau of LiFePO4, and knows both its ends", () => {
		const { run } = controllerOf({ batteryChemistry: "lifepo4" });
		assert.equal(run(1, 13_100).charge, undefined);
		assert.equal(run(1, 13_100).level, 0);
		assert.equal(run(1, 12_600).charge, 162);
		assert.equal(run(1, 12_600).level, 3);
		assert.equal(run(1, 13_100).forecast, undefined);
	});

	it("counts coulombs where the gauge tells the current: nights drain, a panel fills", () => {
		const options = {
			batteryChemistry: "lifepo4",
			batteryGauge: "ina226",
			batteryMilliampereHours: 1000,
		} as const;
		const { run } = controllerOf(options);
		assert.equal(run(0.25, 13_400, 100).charge, 1000);
		// 588 mWh a day less uploads, of 12.8 V: 45 mAh.
		assert.equal(run(24, 13_200, 100).charge, 955);
		assert.equal(run(50, 13_200, 100).charge, 861);
		// The panel brings 20 mA for four hours: 80 mAh, counted after a night.
		const day = run(4, 13_200, 80);
		assert.ok((day.charge ?? 0) <= 861);
		assert.equal(run(20, 13_200, 100).charge, 896);
	});

	it("thins turbidity out as configured and as the battery asks, and not during an event", () => {
		const { run } = controllerOf({ turbidityEvery: 3 });
		const controller = run(1, 12_700);
		const taken = (isEvent: boolean): string =>
			Array.from({ length: 6 }, () => (controller.takesTurbidity(isEvent) ? "t" : "-")).join("");
		assert.equal(taken(false), "--t--t");
		assert.equal(taken(true), "tttttt");
		const low = controllerOf({}).run(1, 12_000);
		assert.equal(low.level, 1);
		assert.equal(low.takesTurbidity(false), false);
		assert.equal(low.takesTurbidity(false), true);
	});
});
