/**
 * Wrong stations for the swarm, made by rewriting the built text of the right one into a folder of their
 * own: the shipped code has no switch. A mutant whose text is not found any more is an error, not a pass.
 */
import type { runSwarmSeed } from "../../swarm/swarm.js";
import { type Rewrite, withRewritten } from "../engines/rewritten-build.js";

export interface SwarmMutant {
	readonly name: string;
	/** The eye that must see it, and what it calls it. */
	readonly eye: string;
	readonly finding: string;
	/** What must befall the station for it to show. */
	readonly disturbances: readonly string[];
	/** File below build/src, exact text, and what stands there instead. */
	readonly rewrites: readonly Rewrite[];
}

export const SWARM_MUTANTS: readonly SwarmMutant[] = [
	{
		name: "pairs the collector's time with an uptime of 17 s before",
		eye: "times",
		finding: "time entry",
		disturbances: [],
		rewrites: [
			[
				"firmware/station/offered-time.js",
				"atUptimeSeconds: recorder.stamp().uptimeSeconds,",
				"atUptimeSeconds: Math.max(recorder.stamp().uptimeSeconds - 17, 0),",
			],
		],
	},
	{
		name: "trusts the board's clock fifty times too much",
		eye: "times",
		finding: "resolved time",
		disturbances: ["clock-rate", "rtc-dies"],
		rewrites: [
			[
				"protocol/record/time-resolver.js",
				"const OWN_CLOCK_MILLISECONDS_PER_SECOND = 53;",
				"const OWN_CLOCK_MILLISECONDS_PER_SECOND = 1;",
			],
		],
	},
	{
		name: "derives conductivity from a temperature that is out of range",
		eye: "derived",
		finding: "derived value",
		disturbances: ["ill-probes"],
		rewrites: [
			[
				"protocol/record/derive.js",
				"if ((temperature.flags & temperatureOfConductivity.refused) !== 0) {",
				"if (raw.value < 0) {",
			],
		],
	},
	{
		name: "takes a boundary that was met a second before for one that is due",
		eye: "cadence",
		finding: "readings due",
		disturbances: ["clock-rate"],
		rewrites: [
			[
				"firmware/station/schedule.js",
				"const served = Math.floor((lastUtcSeconds + early) / intervalSeconds);",
				"const served = Math.floor((lastUtcSeconds - 3) / intervalSeconds);",
			],
		],
	},
	{
		name: "sleeps with the loop on",
		eye: "sleeps",
		finding: "asleep with power",
		disturbances: [],
		rewrites: [
			["firmware/measure/probe-session.js", "this.#board.loopRail.off();", ""],
			["firmware/station/station.js", "loopRail.off();", ""],
		],
	},
	{
		name: "does not tell that the technician has left",
		eye: "events",
		finding: "event",
		disturbances: ["technician"],
		rewrites: [["firmware/station/cycle.js", 'recorder.event("service", 0, "");', ""]],
	},
	{
		name: "forgets with the power what it has claimed",
		eye: "claims",
		finding: "claim",
		disturbances: ["power-cuts"],
		rewrites: [
			[
				"firmware/station/event-controller.js",
				"if (sequence !== pending.sequence)",
				"if (sequence < 0)",
			],
		],
	},
	{
		name: "does not try again for a day after a failure",
		eye: "uplink",
		finding: "silent uplink",
		disturbances: ["access-point-reboots"],
		rewrites: [
			[
				"firmware/uplink/schedule.js",
				"this.#retry(cost, asked + this.#uniform(asked / 2));",
				"this.#retry(cost, asked + this.#uniform(asked / 2)); this.#nextAttemptMilliseconds += 86400000;",
			],
		],
	},
	{
		name: "stays awake between readings",
		eye: "energy",
		finding: "energy",
		disturbances: [],
		rewrites: [
			[
				"firmware/station/cycle.js",
				"const SLEEP_MILLISECONDS_MIN = 500;",
				"const SLEEP_MILLISECONDS_MIN = 250000;",
			],
		],
	},
];

type Run = typeof runSwarmSeed;

/** Builds a mutant, lets `use` have its swarm, and removes it. */
export async function withSwarmMutant<Result>(
	rewrites: SwarmMutant["rewrites"],
	use: (run: Run) => Promise<Result>,
): Promise<Result> {
	const ofBuild = rewrites.map(([file, ...texts]) => [`src/${file}`, ...texts] as const);
	return withRewritten(ofBuild, async (load) => {
		const module = (await load("test/swarm/swarm.js")) as { runSwarmSeed: Run };
		return use(module.runSwarmSeed);
	});
}
