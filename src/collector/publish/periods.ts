/** Times in questions of readers: ISO in UTC, or a date. */
import { secondsOf } from "../../protocol/audit/schema.js";
import type { Period } from "./ordered-rows.js";

/** Undefined for what is no time. */
export function instantOf(text: string): number | undefined {
	if (/^\d{4}-\d\d-\d\d$/.test(text)) return secondsOf(`${text}T00:00:00Z`);
	return secondsOf(text);
}

/** The period that a query names, or what is wrong with it. */
export function periodOf(query: URLSearchParams): Period | { readonly problem: string } {
	const bounds: { from?: number; to?: number } = {};
	for (const name of ["from", "to"] as const) {
		const text = query.get(name);
		if (text === null || text === "") continue;
		const seconds = instantOf(text);
		if (seconds === undefined)
			return { problem: `${name} must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ` };
		bounds[name] = seconds;
	}
	const { from, to } = bounds;
	if (from !== undefined && to !== undefined && from >= to)
		return { problem: "from must be before to" };
	return bounds;
}
