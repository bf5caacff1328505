/**
 * `npm run bench -- herd [--seed N]`: ten thousand stations lose their collector in the same second;
 * it is back after 30 s and takes a hundred sessions a second, the rest are turned away. The
 * schedule is the station's own; sessions are instants here.
 */
import { SeededRandom, seedOf } from "../../src/core/random.js";
import { UplinkSchedule } from "../../src/firmware/uplink/schedule.js";
import { numberAmong } from "../support/engines/number-options.js";

const STATIONS = 10_000;
const SESSIONS_PER_SECOND = 100;
const BACK_AFTER_SECONDS = 30;
/** A refused attempt's radio time: link, name, a refused connection. */
const REFUSED_MILLISECONDS = 3000;
const HOURS_MAX = 8;

interface Herd {
	readonly attempts: number;
	readonly refused: number;
	readonly peakPerSecond: number;
	readonly drained99Seconds: number;
}

export async function run(args: string[]): Promise<boolean> {
	const seed = numberAmong(args, "seed", 1, [0, 0xffff_ffff]);
	console.log(`seed ${seed}`);
	const fixed = drain((_station, nowSeconds) => nowSeconds + 60);
	const schedules = Array.from({ length: STATIONS }, (_, index) => scheduleOf(index, seed));
	const ours = drain((station, nowSeconds) => {
		const schedule = schedules[station];
		if (schedule === undefined) throw new Error("no such station");
		const nowMilliseconds = nowSeconds * 1000;
		schedule.failed({ radioMilliseconds: REFUSED_MILLISECONDS, nowMilliseconds });
		return schedule.nextAttemptMilliseconds / 1000;
	});
	print("a fixed retry after 60 s", fixed);
	print("ours", ours);
	const { attempts, refused, drained99Seconds } = ours;
	console.log(JSON.stringify({ attempts, refused, drained99Seconds, seed }));
	return attempts <= 12_000 && drained99Seconds <= 300;
}

function scheduleOf(index: number, seed: number): UplinkSchedule {
	return new UplinkSchedule({
		random: new SeededRandom(seedOf(seed, `station-${index}`)),
		station: `s${index}`,
		nowMilliseconds: 0,
		uploadIntervalSeconds: 3600,
		linkMillisecondsMax: 30_000,
	});
}

/** `retry`: when the station comes again after it was turned away now, seconds. */
function drain(retry: (station: number, nowSeconds: number) => number): Herd {
	/** Stations that come in this second. */
	const arrivals = new Map<number, number[]>();
	const plan = (station: number, nowSeconds: number): void => {
		const second = Math.max(Math.floor(retry(station, nowSeconds)), nowSeconds + 1);
		const list = arrivals.get(second);
		if (list === undefined) arrivals.set(second, [station]);
		else list.push(station);
	};
	for (let station = 0; station < STATIONS; station++) plan(station, 0);
	let attempts = 0;
	let refused = 0;
	let peakPerSecond = 0;
	let drained = 0;
	let drained99Seconds = Number.POSITIVE_INFINITY;
	for (let second = 0; second < HOURS_MAX * 3600 && drained < STATIONS; second++) {
		const list = arrivals.get(second) ?? [];
		arrivals.delete(second);
		attempts += list.length;
		peakPerSecond = Math.max(peakPerSecond, list.length);
		const taken = second < BACK_AFTER_SECONDS ? 0 : Math.min(list.length, SESSIONS_PER_SECOND);
		drained += taken;
		refused += list.length - taken;
		if (drained >= 0.99 * STATIONS) drained99Seconds = Math.min(drained99Seconds, second);
		for (const station of list.slice(taken)) plan(station, second);
	}
	return { attempts, refused, peakPerSecond, drained99Seconds };
}

function print(name: string, herd: Herd): void {
	const { attempts, refused, peakPerSecond, drained99Seconds } = herd;
	console.log(
		`${name}: ${attempts} attempts, ${refused} refused, at most ${peakPerSecond} a second, ` +
			`99 % drained after ${drained99Seconds} s`,
	);
}
