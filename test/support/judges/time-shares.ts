/** Where a program's time goes: its own processor profile, added up by the rooms of this project. */
import { Session } from "node:inspector/promises";

/** Rooms by what a file's path from the project's root begins with; the first that fits. */
const ROOMS: readonly (readonly [start: string, room: string])[] = [
	["sim/chips/", "chips and buses"],
	["sim/i2c", "chips and buses"],
	["sim/probes/", "chips and buses"],
	["sim/river/", "chips and buses"],
	["sim/", "simulated board and network"],
	["drivers/", "drivers"],
	["src/firmware/measure/", "measuring"],
	["src/firmware/journal/", "journal"],
	["src/protocol/flash/", "journal"],
	["src/protocol/wire/", "batches and uplink"],
	["src/core/range-coder", "batches and uplink"],
	["src/firmware/uplink/", "batches and uplink"],
	["src/firmware/", "station"],
	["src/protocol/", "entries, chain, envelopes"],
	["src/collector/", "collector"],
	["src/core/sha256", "hashes"],
	["src/core/", "tasks, bytes, texts"],
	["test/", "the benchmark itself"],
];
const ROOT = new URL("../../../", import.meta.url).href;
const SAMPLE_MICROSECONDS = 500;

/** Runs `work`; parts of its time by room, 0..1, largest first. To be watched slows it down a little. */
export async function timeSharesOf(work: () => Promise<void>): Promise<[string, number][]> {
	const session = new Session();
	session.connect();
	try {
		await session.post("Profiler.enable");
		await session.post("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
		await session.post("Profiler.start");
		await work();
		const { profile } = await session.post("Profiler.stop");
		const rooms = new Map<number, string>();
		for (const { id, callFrame } of profile.nodes) rooms.set(id, roomOf(callFrame));
		const shares = new Map<string, number>();
		let all = 0;
		const { samples = [], timeDeltas = [] } = profile;
		for (const [index, id] of samples.entries()) {
			const room = rooms.get(id) ?? "Node and V8";
			if (room === "waiting") continue;
			const microseconds = timeDeltas[index] ?? 0;
			shares.set(room, (shares.get(room) ?? 0) + microseconds);
			all += microseconds;
		}
		return [...shares]
			.map(([room, microseconds]): [string, number] => [room, microseconds / all])
			.sort(([, a], [, b]) => b - a);
	} finally {
		session.disconnect();
	}
}

function roomOf(frame: { readonly functionName: string; readonly url: string }): string {
	if (frame.functionName === "(garbage collector)") return "garbage collector";
	if (frame.functionName === "(idle)") return "waiting";
	if (!frame.url.startsWith(ROOT) || frame.url.includes("/node_modules/")) return "Node and V8";
	const path = frame.url.slice(ROOT.length);
	return ROOMS.find(([start]) => path.startsWith(start))?.[1] ?? "Node and V8";
}
