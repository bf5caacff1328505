/** Options of a benchmark or campaign that are whole numbers: `--name N`, each at most once. */
import { wholeNumberOf } from "../../../src/host/whole-number.js";
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
		const usage = usageOf(defaults, bounds);
		if (!Object.hasOwn(defaults, name)) throw new UsageError(`${args[index]} ${text}\n${usage}`);
		const { least = 0, most = NUMBER_MAX } = bounds?.[name] ?? {};
		options[name] = wholeNumber(`--${name}`, text, [least, most], usage);
	}
	return options;
}

/** A whole number of digits alone; `usage` comes after what is wrong. Throws UsageError. */
export function wholeNumber(
	name: string,
	text: string,
	[least, most]: readonly [least: number, most: number],
	usage: string,
): number {
	const value = wholeNumberOf(text, least, most);
	if (value !== undefined) return value;
	throw new UsageError(`${name} ${text}: use a whole number from ${least} to ${most}\n${usage}`);
}

/** What follows `--name` among switches and words of a bench's own; `other` where it is not there. Throws UsageError. */
export function numberAmong(
	args: readonly string[],
	name: string,
	other: number,
	range: readonly [least: number, most: number],
): number {
	const at = args.indexOf(`--${name}`);
	if (at < 0) return other;
	return wholeNumber(`--${name}`, args[at + 1] ?? "", range, `[--${name} ${range.join("..")}]`);
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
