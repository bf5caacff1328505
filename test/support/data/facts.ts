/** What a census looks for: patterns of each channel, configuration field and console command. */
import { DEFAULT_CONFIGURATION } from "../../../src/firmware/config/configuration.js";
import { COMMANDS } from "../../../src/protocol/line/commands.js";

export interface FactPattern {
	readonly name: string;
	readonly pattern: RegExp;
}

/** Any identifier or text that says the channel's name, whatever stands around it. */
export const CHANNEL_PATTERNS: readonly FactPattern[] = [
	{ name: "pH", pattern: /\bpH|[a-z]pH(?![a-z])|PH_|_PH\b|"ph"|\bphFlags/ },
	{ name: "temperature", pattern: /temperature/i },
	{ name: "conductivity", pattern: /conductivity/i },
	{ name: "turbidity", pattern: /turbidity/i },
	{ name: "battery", pattern: /battery/i },
];

export const FIELD_PATTERNS: readonly FactPattern[] = Object.keys(DEFAULT_CONFIGURATION)
	.map((name) => ({ name, pattern: new RegExp(`\\b${name}\\b`) }))
	.filter(({ name }) => name !== "id");

/** A command as the text that it is on the line; "read" is a word of every driver and proves nothing. */
export const COMMAND_PATTERNS: readonly FactPattern[] = Object.entries(COMMANDS)
	.filter(([name, row]) => name !== "read" && "seconds" in row)
	.map(([name]) => ({ name, pattern: new RegExp(`["\`]${name}["\` ]`) }));
