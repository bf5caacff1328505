/** Options of a benchmark or campaign that are whole numbers: `--name N`, each at most once. */
import { UsageError } from "./dispatch.js";

/** Where an option without bounds may lie. */
const NUMBER_MAX = 0xffff_ffff;

type Bounds<Name extends string> = Readonly<
	Partial<Record<Name, { readonly least?: number; readonly most?: number }>>
>;

/**
 * What was asked for, the rest as in `defaults`; without bounds 0 to 2^32 - 1. Throws UsageError for a name that has
 * no default, and for a number out of bounds.
 */
export function numberOptions<Name extends string>(
	args: readonly string[],
	defaults: Readonly<Record<Name, number>>,
	bounds?: Bounds<Name>,
): Record<Name, number> {
	const options: Record<Name, number> = { ...defaults };
	for (let index = 0; index < args.length; index += 2) {
		const name = (args[index] ?? "").replace(/^--/, "") as Name;
		const text = args[index + 1] ?? "";
		const value = Number(text);
		const { least = 0, most = NUMBER_MAX } = bounds?.[name] ?? {};
		const isGood = text !== "" && Number.isInteger(value) && value >= least && value <= most;
		if (!Object.hasOwn(defaults, name) || !isGood) {
			throw new UsageError(`${args[index]} ${text}\n${usageOf(defaults, bounds)}`);
		}
		options[name] = value;
	}
	return options;
}

function usageOf<Name extends string>(
	defaults: Readonly<Record<Name, number>>,
	bounds: Bounds<Name> | undefined,
): string {
	const each = (Object.keys(defaults) as Name[]).map((name) => {
		const { least = 0, most = NUMBER_MAX } = bounds?.[name] ?? {};
		return `[--${name} ${least}..${most}]`;
	});
	return `options: ${each.join(" ")}`;
}
