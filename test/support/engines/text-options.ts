/** Options of a campaign as they were typed: what it does not know gets its usage, and begins nothing. */
import { parseArgs } from "node:util";
import { UsageError } from "./dispatch.js";

/** Of each name what follows `--name`, where it is there. Throws UsageError. */
export function textOptions<Name extends string>(
	args: readonly string[],
	names: readonly Name[],
	usage: string,
): Partial<Record<Name, string>> {
	const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
	try {
		return parseArgs({ args: [...args], options }).values as Partial<Record<Name, string>>;
	} catch {
		throw new UsageError(usage);
	}
}
