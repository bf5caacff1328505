import { strict as assert } from "node:assert";
import { EzoEc } from "../../../sim/chips/ezo-ec.js";
import { EZO_FIRMWARE, type EzoBoard, type EzoFirmware } from "../../../sim/chips/ezo-firmware.js";
import { EzoPh } from "../../../sim/chips/ezo-ph.js";
import { EzoRtd } from "../../../sim/chips/ezo-rtd.js";
import { asciiBytes } from "../../../src/core/bytes.js";
import type { I2C } from "../../../src/firmware/ports.js";
import { ChipBench, hex, readAnswer } from "../../support/bench/chip-bench.js";

const PRINTED: EzoFirmware = { ...EZO_FIRMWARE["2.16"], timing: "datasheet" };

function plugPh(firmware: EzoFirmware = PRINTED, board: EzoBoard = "usual") {
	const bench = new ChipBench();
	const world = { pH: 9.56, celsius: 25, milliamperes: 0 };
	const { clock, random } = bench;
	const chip = new EzoPh({
		clock,
		random,
		firmware,
		board,
		quantity: () => world.pH,
		waterCelsius: () => world.celsius,
		onCurrent: (milliamperes) => {
			world.milliamperes = milliamperes;
		},
	});
	const peer = bench.plug(chip);
	return { bench, chip, peer, world, ask: (command: string) => bench.ask(peer, command) };
}

function plugEc(firmware: EzoFirmware = PRINTED, cellConstant = 1) {
	const bench = new ChipBench();
	const world = { microsiemens: 1413, milliamperes: 0 };
	const { clock, random } = bench;
	const chip = new EzoEc({
		clock,
		random,
		firmware,
		cellConstant,
		quantity: () => world.microsiemens,
		onCurrent: (milliamperes) => {
			world.milliamperes = milliamperes;
		},
	});
	const peer = bench.plug(chip);
	return { bench, chip, peer, world, ask: (command: string) => bench.ask(peer, command) };
}

function plugRtd(firmware: EzoFirmware = PRINTED) {
	const bench = new ChipBench();
	const world = { celsius: 22.362, isOpen: false };
	const { clock, random } = bench;
	const chip = new EzoRtd({
		clock,
		random,
		firmware,
		quantity: () => world.celsius,
		isOpen: () => world.isOpen,
	});
	const peer = bench.plug(chip);
	return { bench, chip, peer, world, ask: (command: string) => bench.ask(peer, command) };
}

function send(peer: I2C, command: string): void {
	peer.write(asciiBytes(command));
}

describe("every EZO circuit", () => {
	it("answers a reading with status, text and NUL, and zeros after it", () => {
		const { bench, peer } = plugPh();
		send(peer, "R");
		bench.wait(900);
		assert.equal(hex(peer.read(10)), "01392e353630000000" + "00");
	});

	it("says 254 until the delay has passed, and polling does not disturb it", () => {
		const { bench, peer } = plugPh();
		send(peer, "R");
		for (let tries = 0; tries < 8; tries++) {
			assert.equal(hex(peer.read(3)), "fe0000");
			bench.wait(100);
		}
		bench.wait(100);
		assert.equal(readAnswer(peer), "1 9.560");
	});

	it("gives a response up to the first read, even of one byte, then says 255", () => {
		const { bench, peer } = plugPh();
		send(peer, "R");
		bench.wait(1000);
		assert.equal(hex(peer.read(1)), "01");
		assert.equal(hex(peer.read(3)), "ff0000");
	});

	it("says 255 when it was never asked, and 2 to what it does not understand", () => {
		const { bench, peer, ask } = plugPh();
		assert.equal(readAnswer(peer), "255");
		assert.equal(ask("BANANA"), "2");
		assert.equal(ask("T,warm"), "2");
		assert.equal(ask("R,1"), "2");
		assert.equal(bench.ask(peer, "x".repeat(41)), "2");
	});

	it("takes commands in either case, with NUL, CR or LF after them", () => {
		const { ask } = plugPh();
		for (const command of ["r", "R\0", "R\r", "R\r\n"]) assert.equal(ask(command), "1 9.560");
	});

	it("does not acknowledge before it has booted", () => {
		const { bench, chip, peer } = plugPh();
		chip.setPower(false);
		assert.throws(() => peer.read(1));
		chip.setPower(true);
		bench.wait(990);
		assert.throws(() => send(peer, "i"));
		bench.wait(20);
		send(peer, "i");
	});

	it("takes as long for a reading as its board, every time: the datasheet's 900 ms, or a slow board's", () => {
		for (const [board, expected] of [
			["usual", 900],
			["slow", 1656],
		] as const) {
			const { bench, peer } = plugPh(EZO_FIRMWARE["2.16"], board);
			for (let turn = 0; turn < 5; turn++) {
				send(peer, "R");
				bench.wait(expected - 1);
				assert.equal(readAnswer(peer), "254");
				bench.wait(1);
				assert.equal(readAnswer(peer), "1 9.560");
			}
			send(peer, "i");
			bench.wait(5);
			assert.equal(readAnswer(peer), "1 ?I,pH,2.16");
		}
	});

	it("can be late", () => {
		const { bench, chip, peer } = plugPh();
		chip.lateMilliseconds = 5000;
		send(peer, "R");
		bench.wait(5800);
		assert.equal(readAnswer(peer), "254");
		bench.wait(200);
		assert.equal(readAnswer(peer), "1 9.560");
	});

	it("drops what it was doing for a new command", () => {
		const { bench, peer } = plugPh();
		send(peer, "R");
		bench.wait(100);
		send(peer, "i");
		bench.wait(300);
		assert.equal(readAnswer(peer), "1 ?I,pH,2.16");
		bench.wait(2000);
		assert.equal(readAnswer(peer), "255");
	});

	it("prefixes its answers by the generation of its firmware", () => {
		const old = plugPh(EZO_FIRMWARE["2.10"]);
		assert.equal(old.ask("Status"), "1 ?STATUS,P,3.300");
		assert.equal(old.ask("Cal,?"), "1 ?CAL,0");
		assert.equal(old.ask("Plock,?"), "1 ?PLOCK,0");
		assert.equal(old.ask("Export,?"), "1 ?EXPORT,4,46");
		assert.equal(plugEc(EZO_FIRMWARE["2.10"]).ask("Export,?"), "1 ?EXPORT,10,120");
		assert.equal(plugRtd(EZO_FIRMWARE["2.10"]).ask("Export,?"), "1 ?EXPORT,2,20");
		assert.equal(old.ask("Name,?"), "1 ?NAME,");
		assert.equal(old.ask("T,?"), "1 ?T,25.0");
		// Late boards with capitals were seen, too: a row that is spread.
		const late = plugPh({ ...PRINTED, prefixes: "upper case" });
		assert.equal(late.ask("Cal,?"), "1 ?CAL,0");
		assert.equal(late.ask("Status"), "1 ?STATUS,P,3.30");
		assert.equal(plugPh().ask("Export,?"), "1 4,46");
		const fresh = plugPh();
		assert.equal(fresh.ask("Status"), "1 ?Status,P,3.30");
		assert.equal(fresh.ask("Cal,?"), "1 ?Cal,0");
		assert.equal(fresh.ask("L,?"), "1 ?L,1");
	});

	it("keeps its name, and refuses one that is too long", () => {
		const { bench, chip, ask } = plugPh();
		assert.equal(ask("Name,Bor_1"), "1");
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.equal(ask("Name,?"), "1 ?Name,Bor_1");
		assert.equal(ask("Name,seventeen_letters"), "2");
		assert.equal(ask("Name,"), "1");
		assert.equal(ask("Name,?"), "1 ?Name,");
	});

	it("restarts at a new address without an answer, and stays there over power", () => {
		const { bench, chip, peer } = plugPh();
		send(peer, "I2C,42");
		assert.throws(() => peer.read(1));
		bench.wait(2000);
		assert.throws(() => peer.read(1));
		const moved = bench.open(42);
		assert.equal(bench.ask(moved, "Status"), "1 ?Status,S,3.30");
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.equal(bench.ask(moved, "Status"), "1 ?Status,P,3.30");
	});

	it("leaves I2C for good at a baud rate, unless its protocol is locked", () => {
		const { bench, chip, peer, ask } = plugPh();
		assert.equal(ask("Plock,1"), "1");
		assert.equal(ask("Baud,9600"), "2");
		ask("Plock,0");
		send(peer, "Baud,9600");
		bench.wait(2000);
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.throws(() => peer.read(1));
	});

	it("forgets calibration and name at Factory, but not its address", () => {
		const { bench, peer, world, ask } = plugPh();
		world.pH = 7.1;
		ask("Cal,mid,7.00");
		ask("Name,x");
		send(peer, "Factory");
		bench.wait(2000);
		assert.equal(ask("Cal,?"), "1 ?Cal,0");
		assert.equal(ask("Name,?"), "1 ?Name,");
	});

	it("exports its calibration and takes it back, all of it or nothing", () => {
		const { bench, peer, world, ask } = plugPh();
		world.pH = 7.2;
		ask("Cal,mid,7.00");
		const strings: string[] = [];
		for (let index = 0; index < 4; index++) strings.push(ask("Export").slice(2));
		assert.equal(ask("Export"), "1 *DONE");
		assert.deepEqual(
			strings.map((text) => text.length),
			[12, 12, 12, 10],
		);
		assert.match(strings.join(""), /^[0-9A-F]{46}$/);
		ask("Cal,clear");
		const take = (texts: string[]): void => {
			for (const text of texts) {
				send(peer, `Import,${text}`);
				bench.wait(300);
			}
			assert.equal(peer.write(new Uint8Array(0)), 1, "restarts after the last");
			bench.wait(2000);
		};
		assert.equal(ask(`Import,${strings[3]}`), "2", "not as long as the first string");
		take([...strings.slice(0, 3), "0000000000"]);
		assert.equal(ask("Cal,?"), "1 ?Cal,0");
		take(strings);
		assert.equal(ask("Cal,?"), "1 ?Cal,1");
		assert.equal(ask("R"), "1 7.000");
	});

	it("comes back from plain data with all that outlives power", () => {
		const first = plugPh();
		first.world.pH = 7.2;
		first.ask("Cal,mid,7.00");
		first.ask("T,12.5");
		const saved = JSON.parse(JSON.stringify(first.chip.save()));
		const second = plugPh();
		second.chip.load(saved);
		second.world.pH = 7.2;
		assert.equal(second.ask("R"), "1 7.000");
		assert.equal(second.ask("T,?"), "1 ?T,25.00");
	});

	it("draws more current while it reads, little while it sleeps, none without power", () => {
		const { bench, chip, peer, world } = plugPh();
		assert.equal(world.milliamperes, 13.9);
		send(peer, "R");
		assert.equal(world.milliamperes, 14.5);
		bench.wait(901);
		assert.equal(world.milliamperes, 13.9);
		bench.ask(peer, "L,0");
		assert.equal(world.milliamperes, 13.3);
		send(peer, "Sleep");
		assert.equal(world.milliamperes, 0.995);
		chip.setPower(false);
		assert.equal(world.milliamperes, 0);
	});
});

describe("a sleeping EZO circuit", () => {
	it("loses the command that wakes it, and says 255", () => {
		const { bench, peer, ask } = plugPh();
		send(peer, "Sleep");
		bench.wait(60_000);
		send(peer, "R");
		bench.wait(2000);
		assert.equal(readAnswer(peer), "255");
		assert.equal(ask("R"), "1 9.560");
	});

	it("carries out the command that wakes it on boards that do", () => {
		const { peer, ask } = plugPh({ ...PRINTED, wakeConsumesCommand: false });
		send(peer, "Sleep");
		assert.equal(ask("R"), "1 9.560");
	});

	it("is woken by a read, and then draws the current of standby", () => {
		const { peer, world } = plugPh();
		send(peer, "Sleep");
		assert.equal(readAnswer(peer), "255");
		assert.equal(world.milliamperes, 13.9);
	});

	it("hangs the bus at an empty write until its power goes", () => {
		const { bench, peer } = plugPh();
		send(peer, "Sleep");
		assert.equal(peer.write(new Uint8Array(0)), 1);
		assert.throws(() => send(peer, "R"));
		assert.equal(bench.bus.recovery.clear(), false);
		bench.bus.setPower(false);
		assert.equal(bench.bus.recovery.clear(), true);
		bench.bus.setPower(true);
		bench.wait(2000);
		assert.equal(bench.ask(peer, "R"), "1 9.560");
	});

	it("takes an empty write well while it is awake", () => {
		const { peer, ask } = plugPh();
		assert.equal(peer.write(new Uint8Array(0)), undefined);
		assert.equal(ask("R"), "1 9.560");
	});

	it("keeps the temperature over sleep or not, by its generation", () => {
		for (const sleepKeepsTemperature of [true, false]) {
			const { peer, ask } = plugPh({ ...PRINTED, sleepKeepsTemperature });
			ask("T,10");
			send(peer, "Sleep");
			ask("i");
			assert.equal(ask("T,?"), sleepKeepsTemperature ? "1 ?T,10.00" : "1 ?T,25.00");
		}
	});
});

describe("the EZO-pH circuit", () => {
	it("reads the water's pH only when it knows the temperature", () => {
		const { world, ask } = plugPh();
		world.celsius = 5;
		world.pH = 8.5;
		assert.equal(ask("R"), "1 8.399");
		assert.equal(ask("T,5"), "1");
		assert.equal(ask("T,?"), "1 ?T,5.00");
		assert.equal(ask("R"), "1 8.500");
		world.pH = 7;
		assert.equal(ask("RT,25"), "1 7.000");
	});

	it("forgets the temperature with the power, but not the calibration", () => {
		const { bench, chip, world, ask } = plugPh();
		ask("T,5");
		world.pH = 7.25;
		ask("Cal,mid,7.00");
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.equal(ask("T,?"), "1 ?T,25.00");
		assert.equal(ask("Cal,?"), "1 ?Cal,1");
		assert.equal(ask("R"), "1 7.000");
	});

	it("does not know RT before its newer firmware", () => {
		assert.equal(plugPh(EZO_FIRMWARE["2.10"]).ask("RT,19.5"), "2");
	});

	it("is calibrated at three points, and mid clears the other two", () => {
		const { world, ask } = plugPh();
		// An electrode of 95 % slope, 10 mV off.
		const show = (pH: number): void => {
			world.pH = 7 + 0.95 * (pH - 7) - 10 / 59.157;
		};
		assert.equal(ask("Slope,?"), "1 ?Slope,100,100,0");
		show(7);
		assert.equal(ask("Cal,mid,7.00"), "1");
		assert.equal(ask("Slope,?"), "1 ?Slope,100.0,100.0,10.00");
		show(4);
		assert.equal(ask("Cal,low,4.00"), "1");
		assert.equal(ask("Cal,?"), "1 ?Cal,2");
		show(10);
		assert.equal(ask("Cal,high,10.00"), "1");
		assert.equal(ask("Cal,?"), "1 ?Cal,3");
		assert.equal(ask("Slope,?"), "1 ?Slope,95.0,95.0,10.00");
		show(5.5);
		assert.equal(ask("R"), "1 5.500");
		show(8.5);
		assert.equal(ask("R"), "1 8.500");
		show(7);
		ask("Cal,mid,7.00");
		assert.equal(ask("Cal,?"), "1 ?Cal,1");
		assert.equal(ask("Slope,?"), "1 ?Slope,100.0,100.0,10.00");
	});

	it("refuses low before mid, or takes it, by its generation", () => {
		assert.equal(plugPh().ask("Cal,low,4.00"), "2");
		const lax = plugPh({ ...PRINTED, calibrationOrder: "lax" });
		lax.world.pH = 4.1;
		assert.equal(lax.ask("Cal,low,4.00"), "1");
		assert.equal(lax.ask("R"), "1 4.000");
	});

	it("accepts a buffer in any liquid: nothing but the reader's sense prevents that", () => {
		const { world, ask } = plugPh();
		world.pH = 8;
		assert.equal(ask("Cal,mid,7"), "1");
		assert.equal(ask("R"), "1 7.000");
	});

	it("loses the point that it was storing when its power fails", () => {
		const { bench, chip, peer, world, ask } = plugPh();
		world.pH = 7.25;
		send(peer, "Cal,mid,7.00");
		bench.wait(500);
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.equal(ask("Cal,?"), "1 ?Cal,0");
	});

	it("leaves the offset out of its slopes on the oldest boards", () => {
		assert.equal(plugPh(EZO_FIRMWARE["1.98"]).ask("Slope,?"), "1 ?SLOPE,100,100");
	});

	it("stops at 0 and 14, or beyond them on the extended scale", () => {
		const { world, ask } = plugPh();
		world.pH = -0.5;
		assert.equal(ask("R"), "1 0.000");
		assert.equal(ask("pHext,1"), "1");
		assert.equal(ask("pHext,?"), "1 ?pHext,1");
		assert.equal(ask("R"), "1 -0.500");
		world.pH = 20;
		assert.equal(ask("R"), "1 15.600");
	});
});

describe("the EZO-EC circuit", () => {
	it("gives conductivity alone, or four values as older boards left the factory", () => {
		assert.equal(plugEc().ask("R"), "1 1413");
		const old = plugEc(EZO_FIRMWARE["1.98"]);
		assert.equal(old.ask("R"), "1 1413,763,0.70,1.000");
		assert.equal(old.ask("O,?"), "1 ?O,EC,TDS,S,SG");
		assert.equal(old.ask("O,TDS,0"), "1");
		old.ask("O,S,0");
		old.ask("O,SG,0");
		assert.equal(old.ask("R"), "1 1413");
		assert.equal(old.ask("O,?"), "1 ?O,EC");
	});

	it("lists its outputs as its generation does, and says when there are none", () => {
		const { ask } = plugEc();
		assert.equal(ask("O,?"), "1 ?,O,EC");
		ask("O,EC,0");
		assert.equal(ask("O,?"), "1 ?,O,No output");
		assert.equal(ask("O,NTU,1"), "2");
	});

	it("reads 0.00 with status 1 out of the water", () => {
		const { world, ask } = plugEc();
		world.microsiemens = 0;
		assert.equal(ask("R"), "1 0.00");
		world.microsiemens = 0.06;
		assert.equal(ask("R"), "1 0.00");
		world.microsiemens = 0.07;
		assert.equal(ask("R"), "1 0.07");
		const old = plugEc(EZO_FIRMWARE["1.98"]);
		old.world.microsiemens = 0;
		assert.equal(old.ask("R"), "1 0.00,0,0.00,1.000");
	});

	it("prints coarser steps as the value grows", () => {
		const { world, ask } = plugEc();
		const printed = (microsiemens: number): string => {
			world.microsiemens = microsiemens;
			return ask("R").slice(2);
		};
		assert.equal(printed(84.126), "84.13");
		assert.equal(printed(99.999), "100.0");
		assert.equal(printed(312.34), "312.3");
		assert.equal(printed(1413.6), "1414");
		assert.equal(printed(12884), "12880");
		assert.equal(printed(123_456), "123500");
	});

	it("reads raw conductivity at T 25, and refers it to 25 degC when told another T", () => {
		const { world, ask } = plugEc();
		world.microsiemens = 309.5;
		assert.equal(ask("R"), "1 309.5");
		ask("T,5");
		assert.equal(ask("R"), "1 499.2");
		assert.equal(ask("RT,25"), "1 309.5");
	});

	it("follows the cell constant that it is told", () => {
		const { ask } = plugEc(PRINTED, 0.1);
		assert.equal(ask("K,?"), "1 ?K,1.00");
		assert.equal(ask("R"), "1 14130");
		assert.equal(ask("K,0.1"), "1");
		assert.equal(ask("K,?"), "1 ?K,0.10");
		assert.equal(ask("R"), "1 1413");
		assert.equal(ask("K,11"), "2");
	});

	it("wants dry first, shows nothing at low, and jumps at high", () => {
		const { world, ask } = plugEc();
		assert.equal(ask("Cal,1413"), "2");
		world.microsiemens = 0.5;
		assert.equal(ask("Cal,dry"), "1");
		world.microsiemens = 12_000;
		assert.equal(ask("Cal,low,12880"), "1");
		assert.equal(ask("R"), "1 12000");
		world.microsiemens = 76_000;
		assert.equal(ask("Cal,high,80000"), "1");
		assert.equal(ask("Cal,?"), "1 ?Cal,2");
		assert.equal(ask("R"), "1 80000");
		world.microsiemens = 12_000;
		assert.equal(ask("R"), "1 12880");
	});

	it("is calibrated by one solution too, but not by one of nothing", () => {
		const { world, ask } = plugEc();
		world.microsiemens = 0;
		ask("Cal,dry");
		world.microsiemens = 1300;
		assert.equal(ask("Cal,0"), "2");
		assert.equal(ask("Cal,1413"), "1");
		assert.equal(ask("Cal,?"), "1 ?Cal,1");
		assert.equal(ask("R"), "1 1413");
		ask("Cal,clear");
		assert.equal(ask("Cal,?"), "1 ?Cal,0");
		assert.equal(ask("R"), "1 1300");
	});

	it("keeps the factor of dissolved solids", () => {
		const { ask } = plugEc();
		assert.equal(ask("TDS,?"), "1 ?TDS,0.54");
		ask("TDS,0.65");
		assert.equal(ask("TDS,?"), "1 ?TDS,0.65");
	});

	it("drives the water, and the supply, while it reads and not while it sleeps", () => {
		const { bench, chip, peer, world } = plugEc();
		assert.equal(chip.isMeasuring, false);
		send(peer, "R");
		assert.equal(chip.isMeasuring, true);
		assert.equal(world.milliamperes, 35);
		bench.wait(601);
		assert.equal(chip.isMeasuring, false);
		assert.equal(world.milliamperes, 16.9);
	});
});

describe("the EZO-RTD circuit", () => {
	it("reads with three decimals, below zero too", () => {
		const { world, ask } = plugRtd();
		assert.equal(ask("R"), "1 22.362");
		world.celsius = -0.0004;
		assert.equal(ask("R"), "1 0.000");
		world.celsius = -3.25;
		assert.equal(ask("R"), "1 -3.250");
	});

	it("reads -1023.000 with status 1 when its resistor is open", () => {
		const { world, ask } = plugRtd();
		world.isOpen = true;
		assert.equal(ask("R"), "1 -1023.000");
	});

	it("changes every later reading with its scale, over power too", () => {
		const { bench, chip, ask } = plugRtd();
		assert.equal(ask("S,?"), "1 ?S,c");
		ask("S,f");
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(2000);
		assert.equal(ask("S,?"), "1 ?S,f");
		assert.equal(ask("R"), "1 72.252");
		ask("S,k");
		assert.equal(ask("R"), "1 295.512");
	});

	it("has no T and no Slope", () => {
		const { ask } = plugRtd();
		assert.equal(ask("T,20"), "2");
		assert.equal(ask("Slope,?"), "2");
	});

	it("is calibrated at one point", () => {
		const { world, ask } = plugRtd();
		world.celsius = 99.4;
		assert.equal(ask("Cal,100.0"), "1");
		assert.equal(ask("Cal,?"), "1 ?Cal,1");
		world.celsius = 20;
		assert.equal(ask("R"), "1 20.600");
	});

	it("logs by itself and gives the readings back, oldest first", () => {
		const { bench, world, ask } = plugRtd();
		assert.equal(ask("D,?"), "1 ?D,0");
		ask("D,6");
		assert.equal(ask("D,?"), "1 ?D,6");
		bench.wait(60_000);
		world.celsius = 10;
		bench.wait(60_000);
		assert.equal(ask("D,0"), "1");
		assert.equal(ask("M,?"), "1 ?M,2");
		assert.equal(ask("M"), "1 1,22.362");
		assert.equal(ask("M"), "1 2,10.000");
		assert.equal(ask("M,all"), "1 22.362,10.000");
		ask("M,clear");
		assert.equal(ask("M,?"), "1 ?M,0");
		ask("D,1");
		bench.wait(600_000);
		assert.equal(ask("M,?"), "1 ?M,50");
	});
});
