/**
 * `npm run campaign -- uplink [--seed N] [--seeds N] [--days N]`: weeks of outages, access points that reboot, slower
 * networks, trials and power cuts, each seed judged by what docs/WIRE.md promises of the uplink.
 */
import { numberOptions } from "../support/engines/number-options.js";
import { runUplinkWeeks } from "../support/trials/uplink-weeks.js";

const DEFAULTS = { seed: 1, seeds: 50, days: 21 };

export async function run(args: string[]): Promise<boolean> {
	const {
		seed: first,
		seeds,
		days,
	} = numberOptions(args, DEFAULTS, {
		seeds: { least: 1, most: 100_000 },
		days: { least: 2, most: 60 },
	});
	console.log(`seeds ${first} to ${first + seeds - 1}, ${days} days each`);
	const sum = { attempts: 0, outages: 0, offers: 0, reverts: 0, violations: 0 };
	for (let seed = first; seed < first + seeds; seed++) {
		const weeks = await runUplinkWeeks(seed, days);
		for (const name of ["attempts", "outages", "offers", "reverts"] as const) {
			sum[name] += weeks[name];
		}
		sum.violations += weeks.violations.length;
		for (const violation of weeks.violations.slice(0, 3)) console.log(`seed ${seed}: ${violation}`);
	}
	console.log(JSON.stringify({ first, seeds, days, ...sum }));
	return sum.violations === 0;
}
