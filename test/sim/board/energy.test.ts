import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { EnergyAccount } from "../../../sim/board/energy.js";

const HOUR_MICROSECONDS = 3_600_000_000;

describe("the account of energy", () => {
	it("integrates each part's current over the world's clock", () => {
		const clock = new VirtualClock();
		const account = new EnergyAccount(clock, 3.3);
		account.setMilliamperes("probes", 50);
		account.setMilliamperes("sleep", 0.01);
		clock.advanceTo(HOUR_MICROSECONDS);
		account.setMilliamperes("probes", 0);
		clock.advanceTo(10 * HOUR_MICROSECONDS);
		const energies = account.milliwattHoursByPart();
		assert.deepEqual([...energies.keys()], ["probes", "sleep"]);
		assert.ok(Math.abs(energies.get("probes")! - 165) < 1e-9);
		assert.ok(Math.abs(energies.get("sleep")! - 0.33) < 1e-9);
		assert.ok(Math.abs(account.totalMilliwattHours() - 165.33) < 1e-9);
	});

	it("continues where a saved account stopped", () => {
		const clock = new VirtualClock();
		const account = new EnergyAccount(clock, 5);
		account.setMilliamperes("radio", 100);
		clock.advanceTo(HOUR_MICROSECONDS);
		const saved = JSON.parse(JSON.stringify(account.save()));
		const later = new EnergyAccount(new VirtualClock(7 * HOUR_MICROSECONDS), 5);
		later.load(saved);
		assert.equal(later.milliwattHoursByPart().get("radio"), 500);
		assert.equal(later.milliamperesOf("radio"), 100);
	});
});
