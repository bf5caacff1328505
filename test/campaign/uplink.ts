/**
 * `npm run campaign -- uplink [--seed N] [--seeds N] [--days N]`: weeks of outages, access points that reboot, slower
 * networks, trials and power cuts, each seed judged by what docs/WIRE.md promises of the uplink.
 */
import { UsageError } from "../support/engines/dispatch.js";
import { runUplinkWeeks } from "../support/trials/uplink-weeks.js";

export async function run(args: string[]): Promise<boolean> {
	const optionOf = (name: string, otherwise: number, most: number): number => {
		const value = args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise;
		if (Number.isInteger(value) && value >= 1 && value <= most) return value;
		throw new UsageError("usage: npm run campaign -- uplink [--seed N] [--seeds N] [--days 2..60]");
	};
	const first = optionOf("--seed", 1, 0xffffffff);
	const seeds = optionOf("--seeds", 50, 100_000);
	const days = optionOf("--days", 21, 60);
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
