/**
 * The traps that datasheets and the field know of these parts, one line each, and the title of the test
 * that walks into it. A trap without a test is found here, and so is a test that lost its title.
 */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import { PROJECT, sources } from "../support/sources.js";

const TRAPS: Readonly<Record<string, RegExp>> = {
	// Atlas EZO: one answer, once, when it is ready.
	"status 254": /polls a busy circuit \(254\)/,
	"status 255": /sends a command again whose answer is gone \(255\)/,
	"status 2": /reports a refusal \(2\)/,
	"another status": /takes any other status for a fault of the bus/,
	"answer consumed by the first read": /because the first read consumes the answer/,
	"an answer longer than the buffer": /an answer without an end, longer than a frame/,
	"a new command to a busy circuit": /waits for the answer of an abandoned command/,
	"slower than the datasheet": /takes 1656 ms/,
	"prefixes by firmware": /upper-case prefixes of old firmware and a comma after the question mark/,
	"RT by firmware": /sets the temperature by T on firmware before 2\.12/,
	"four-value EC boards": /silences the other three quantities of a four-value board/,
	"EC outputs all off": /switches conductivity on where all outputs are off/,
	"compensating twice": /compensation is held at 25 degrees/,
	"EC of 0.00 out of the water": /reads 0\.00 with status 1 out of the water/,
	"-1023 from an open RTD": /knows -1023 with status 1 for an open RTD/,
	"-1023 in other scales": /takes -1023 of an open RTD for absent, whatever scale/,
	"other scales": /puts a circuit that was left in Fahrenheit or Kelvin back to Celsius/,
	"an open RTD ruins the pH": /never lets an open RTD ruin the pH/,
	"mid clears": /a calibration at mid has cleared the two others/,
	"never calibrated": /flags circuits without calibration/,
	"the temperature is forgotten": /sends the temperature again with every reading/,
	"stuck at 7.00": /suspects a pH of 7\.00 without noise/,
	"clamped at the scale's end": /flags a pH at the end of the scale/,
	"sleep and the lost waking command": /wakes by a command that may be lost/,
	"no answer to Sleep": /sleeps without reading an answer, once/,
	"empty write hangs a sleeping bus": /empty write to a sleeping circuit has hung/,
	"never written by us": /never writes nothing: that hangs the bus/,
	"asleep on a rail left on": /wakes circuits that were left asleep on a rail/,
	"bit 7 of a stretched clock": /takes a byte with bit 7 set, the mark of a stretched clock/,
	"coupling of the circuits": /does not reach the pH, because it sleeps while that is measured/,
	"another circuit at the address": /refuses a circuit of another kind at its address/,
	// DS18B20.
	"85.0 degC": /takes 85\.0 degC and 25\.0 degC that were measured/,
	"power-on temperature": /that lost power and came back with/,
	"all-zero scratchpad": /takes an all-zero scratchpad for a shorted wire/,
	"all-ones scratchpad": /takes all ones and no presence for an absent part/,
	"fewer bits of resolution": /only the bits of its resolution/,
	"scratchpad bits": /refuses any single flipped bit, and a part of another family/,
	// ADS1115 and what hangs on it.
	"stale conversion": /never takes a conversion register that may be stale/,
	"another channel's conversion": /does not hand one channel's conversion to another/,
	"negative codes": /reads small negative codes of a grounded input as such, not as 4 V/,
	"clipping before the fault level": /says clipped where the converter ends before the fault level/,
	"clipping at the supply": /calls both ends of the scale clipped, and whatever reaches the supply/,
	"all ones and all zeros": /notices a chip that was reset or reads all ones or zeros/,
	"conversion without end": /gives up on a conversion that never ends/,
	"NE 43": /has the states of NAMUR NE 43/,
	"a loop that starts slowly": /reports a loop that is slower to start than it is given/,
	"roll-over": /suspects what follows saturation until it has been small: optics roll over/,
	"folded parabola": /does not trust the folded side of the parabola below 2\.56 V/,
	"folded parabola, derived": /do not fold back beyond the vertex of a falling signal's parabola/,
	"divided before the curve": /the divider is taken back before any curve/,
	"a curve for each range": /take no curve of another range/,
	"a cut cable as clear water":
		/calls an output of nothing a cut cable, not the cleanest of all rivers/,
	"bubbles in most of a burst": /flag the burst when they are most of it/,
	// INA226.
	"calibration lost in a brown-out": /needs no calibration register, which a brown-out would clear/,
	"addresses that others use": /refuses another part in the crowded addresses around 0x40/,
	"beyond the part's range": /has no number beyond 36 V/,
	// DS3231.
	OSF: /has no time when the oscillator had stopped \(OSF\)/,
	"bad BCD": /refuses bad BCD and dates that do not exist/,
	"century bit": /keeps a good date whose century bit alone is set/,
	"12-hour mode": /reads the hour in 12-hour mode/,
	"carry between two reads": /lets the second change between two readings/,
	"date before OSF": /writes all time registers in one transaction, then clears OSF/,
	EOSC: /starts an oscillator that was switched off on battery/,
	// The buses.
	"no answer": /calls a probe absent that does not answer on a free bus/,
	"stuck SDA: nine clocks": /frees a stuck bus by clocks and records that/,
	"stuck SDA: the rail": /cycles the rail when the clocks do not help/,
	"stuck SDA: failed, and on":
		/marks every probe of a bus that stays stuck, cycles the rail once, and continues/,
	"clock held low": /frees a clock line that is held low by the rail alone/,
	"stretched clock": /reads again after a clock that was stretched beyond what the master bears/,
	"corrupt byte": /believes no number after a corrupt byte, whichever byte of whichever read/,
	"corrupt command": /believes no number after a corrupt command/,
	"two readings that agree":
		/reads until two in a row agree, so that a corrupt digit is not believed/,
	"unpowered circuits clamp the bus": /is dead while unpowered circuits clamp it/,
};

describe("the traps of the parts", () => {
	const titles = sources("test")
		.filter(({ path }) => !path.startsWith("test/structure/"))
		.flatMap(({ code }) =>
			[...code.matchAll(/\bit\(\s*(["`])(.*?)\1/g)].map(([, , title]) => title ?? ""),
		);

	it("each have a test whose title says so", () => {
		assert.ok(titles.length > 300, `only ${titles.length} titles found`);
		const missing = Object.entries(TRAPS)
			.filter(([, title]) => !titles.some((each) => title.test(each)))
			.map(([trap]) => trap);
		assert.deepEqual(missing, []);
	});
});

describe("the scenarios", () => {
	it("stand in docs/SIMULATOR.md, all of them and no other", () => {
		const paper = readFileSync(join(PROJECT, "docs/SIMULATOR.md"), "utf8");
		const section = paper.split("\nScenarios:\n")[1]?.split("\nFor example")[0] ?? "";
		const named = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name);
		assert.deepEqual(named.sort(), Object.keys(SCENARIOS).sort());
	});
});
