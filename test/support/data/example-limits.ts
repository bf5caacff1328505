/** The default policy of the Bor with limits of class II that somebody set: the defaults set none. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../sources.js";

export const EXAMPLE_LIMITS = Object.freeze([
	{ class: "II", quantity: "ph", low: 6.5, high: 8.5, reason: "An example of pH." },
	{ class: "II", quantity: "ec20", high: 1000, reason: "An example of conductivity." },
]);

/** As a file. */
export function policyWithLimits(): string {
	const policy = JSON.parse(readFileSync(join(PROJECT, "policies/bor.json"), "utf8"));
	return JSON.stringify({ ...policy, limits: EXAMPLE_LIMITS });
}
