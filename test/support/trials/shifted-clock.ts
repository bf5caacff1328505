/**
 * Loaded before a program (`node --import`): SIGUSR2 puts its clocks 61 seconds forward, all but its timers. So a trial
 * need not wait for what a program remembers for a minute.
 */
import { performance } from "node:perf_hooks";

const STEP_MILLISECONDS = 61_000;
let shiftMilliseconds = 0;

const RealDate = Date;
const realNow = Date.now.bind(Date);
const realUptime = performance.now.bind(performance);
const realHrtime = process.hrtime.bigint.bind(process.hrtime);

class ShiftedDate extends RealDate {
	constructor(...parts: readonly unknown[]) {
		super(...((parts.length === 0 ? [ShiftedDate.now()] : parts) as [number]));
	}

	static override now(): number {
		return realNow() + shiftMilliseconds;
	}
}

globalThis.Date = ShiftedDate as DateConstructor;
performance.now = () => realUptime() + shiftMilliseconds;
process.hrtime.bigint = () => realHrtime() + BigInt(shiftMilliseconds) * 1_000_000n;
process.on("SIGUSR2", () => {
	shiftMilliseconds += STEP_MILLISECONDS;
	process.stderr.write(`clock shifted by ${shiftMilliseconds} ms\n`);
});
