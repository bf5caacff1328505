/**
 * `npm run bench -- xs [--wakes N]`: what a wake, an upload of a day and a recovery cost on XS, and
 * whether anything stays. Station and simulated board share the engine's heap, so the figures
 * are upper bounds of the station's. Last line JSON.
 *
 * `computations` are XS byte codes. `bytesAllocated` are slots at the 32 bytes that they have on 64 bits;
 * chunks (strings, buffers) cannot be seen from outside the worker. `liveSlotsAboveBaseline` is the most
 * that was alive after a collection at any event, above the sleeping station. `byteCodeBytes` needs the
 * SDK's xsc and is null without.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Rehearsal } from "../../sim/station/rehearsal.js";
import { numberAmong } from "../support/engines/number-options.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { openRehearsal, send } from "../support/engines/xs-host.js";
import { flattenModules } from "../support/engines/xs-modules.js";
import { PROJECT } from "../support/sources.js";

const SLOT_BYTES = 32;
const DAY_SECONDS = 86_400;
const INTERVAL_SECONDS = 300;
const WAKES = 10_000;
/** A run of this many wakes fills what is filled once. */
const WARM_UP_WAKES = 300;
/** Slots; a growing list of one slot per wake would show thousands. */
const GROWTH_SLOTS_MAX = 100;
const IDLE_ROUNDS = 9;
const WAKES_PER_ROUND = 500;
const SEED = 5;

interface Cost {
	readonly computations: number;
	readonly bytesAllocated: number;
	readonly liveSlotsAboveBaseline: number;
}

export async function run(args: string[]): Promise<boolean> {
	const wakes = numberAmong(args, "wakes", WAKES, [1, 1_000_000]);
	const found = findXsWorker();
	if ("missing" in found) {
		console.log(`SKIPPED: bench xs: ${found.missing}`);
		return false;
	}
	const folder = mkdtempSync(join(tmpdir(), "bistrina-xs-"));
	const entry = flattenModules("test/support/engines/xs-rehearsal.js", folder);
	const xs = new XsEngine(found.path);
	try {
		await xs.importModule(entry);
		const identicalToNode = await isIdentical(xs);
		const costs = await measureCosts(xs);
		const growth = await measureGrowth(xs, wakes);
		for (const [name, cost] of Object.entries(costs)) console.log(name, cost);
		console.log(
			JSON.stringify({
				engine: "XS of @agoric/xsnap 0.15.0",
				identicalToNode,
				...costs,
				growthWakes: wakes,
				growthOver10000Wakes: wakes === WAKES ? growth : null,
				growthSlots: growth,
				byteCodeBytes: byteCodeBytes(folder),
			}),
		);
		return identicalToNode && growth <= GROWTH_SLOTS_MAX;
	} finally {
		xs.close();
		rmSync(folder, { recursive: true });
	}
}

async function isIdentical(xs: XsEngine): Promise<boolean> {
	const options = { seed: SEED, scenario: "storm-pek", sectors: 16 };
	await openRehearsal(xs, options, false);
	await send(xs, { kind: "run", untilSeconds: DAY_SECONDS });
	const onXs = (await send(xs, { kind: "report" })).reply;
	const rehearsal = new Rehearsal(options);
	rehearsal.runUntil(DAY_SECONDS);
	return isDeepStrictEqual(onXs, rehearsal.report());
}

async function measureCosts(
	xs: XsEngine,
): Promise<{ wake: Cost; upload288: Cost; recovery: Cost }> {
	const options = {
		seed: SEED,
		scenario: "quiet-bor",
		sectors: 16,
		uploadIntervalSeconds: 7 * DAY_SECONDS,
	};
	await openRehearsal(xs, options, true);
	// 288 readings, the day's worth, none of them uploaded but those of the first minutes.
	const untilSeconds = 289 * INTERVAL_SECONDS;
	await send(xs, { kind: "run", untilSeconds });
	const wake = await costOf(xs, { kind: "run", untilSeconds: untilSeconds + INTERVAL_SECONDS });
	const upload288 = await costOf(xs, { kind: "press" });
	const recovery = await costOf(xs, { kind: "cut" });
	return { wake, upload288, recovery };
}

/** Starts something and follows it, event by event, until the station sleeps again. */
async function costOf(
	xs: XsEngine,
	start: { kind: "run"; untilSeconds: number } | { kind: "press" } | { kind: "cut" },
): Promise<Cost> {
	const baseline = (await xs.collect()).slots;
	if (start.kind !== "run") await send(xs, start);
	let computations = 0;
	let slotsAllocated = 0;
	let peak = 0;
	let hasBegun = false;
	for (;;) {
		const before = (await xs.collect()).slots;
		const { reply: isAsleep, usage } = await send(xs, { kind: "step" });
		computations += usage.computations;
		slotsAllocated += Math.max(usage.slots - before, 0);
		peak = Math.max(peak, (await xs.collect()).slots - baseline);
		if (isAsleep === false) hasBegun = true;
		else if (hasBegun) break;
	}
	return {
		computations,
		bytesAllocated: slotsAllocated * SLOT_BYTES,
		liveSlotsAboveBaseline: peak,
	};
}

/**
 * Live slots of the sleeping station after `wakes` more wakes, less those before. Commands and scripts
 * leave a few slots of their own in the engine; that is found out without a wake, and taken off.
 */
async function measureGrowth(xs: XsEngine, wakes: number): Promise<number> {
	await openRehearsal(xs, { seed: SEED, scenario: "quiet-bor", sectors: 16 }, false);
	const sleepingAfter = async (count: number): Promise<number> => {
		await send(xs, { kind: "run", untilSeconds: count * INTERVAL_SECONDS });
		await send(xs, { kind: "forget" });
		return (await xs.collect()).slots;
	};
	const idle = await sleepingAfter(WARM_UP_WAKES);
	for (let round = 0; round < IDLE_ROUNDS; round++) await sleepingAfter(WARM_UP_WAKES);
	const before = await sleepingAfter(WARM_UP_WAKES);
	const slotsPerRound = (before - idle) / (IDLE_ROUNDS + 1);
	let growth = 0;
	let rounds = 0;
	for (let done = 0; done < wakes; done += WAKES_PER_ROUND) {
		const until = Math.min(done + WAKES_PER_ROUND, wakes);
		const after = await sleepingAfter(WARM_UP_WAKES + until);
		growth = after - before - ++rounds * slotsPerRound;
		console.error(`${until} wakes: ${growth} slots more`);
	}
	return growth;
}

/** Byte code of everything that the board preloads but its own adapters. */
function byteCodeBytes(folder: string): number | null {
	const sdk = process.env["MODDABLE"];
	const compiler = join(sdk ?? "", "build/bin/lin/release/xsc");
	if (sdk === undefined || !existsSync(compiler)) return null;
	let bytes = 0;
	for (const room of ["src/core", "src/protocol", "src/firmware", "drivers"]) {
		const top = join(PROJECT, "build", room);
		for (const name of readdirSync(top, { recursive: true, encoding: "utf8" })) {
			if (!name.endsWith(".js") || /^(board\/|main\.js)/.test(name)) continue;
			execFileSync(compiler, ["-e", "-o", folder, "-r", "module", join(top, name)]);
			bytes += statSync(join(folder, "module.xsb")).size;
		}
	}
	return bytes;
}
