/**
 * What enrolment refuses of a row of results, and how it says so: test/technician/enrolment.test.ts provokes each row
 * and compares its words, and docs/FLASHING.md shows them.
 */
import type { StationResult } from "../../../src/host/station-result.js";
import { tableOf } from "./markdown.js";

export interface EnrolRefusal {
	readonly what: string;
	/** Of the row of bor-1; `other` is bor-2's. */
	readonly change: (row: StationResult, other: StationResult) => Partial<StationResult>;
	readonly message: string;
}

const ASK_AGAIN = "ask the board again (bistrina --port PORT identity)";

export const ENROL_REFUSALS: readonly EnrolRefusal[] = [
	{
		what: "a key with a mistyped digit",
		change: ({ publicKey }) => ({
			publicKey: publicKey.slice(0, -1) + (publicKey.endsWith("0") ? "1" : "0"),
		}),
		message: `bor-1: its proof is another station's or another key's; ${ASK_AGAIN}`,
	},
	{
		what: "the key of another station",
		change: (_row, { publicKey }) => ({ publicKey }),
		message: `bor-1: its proof is another station's or another key's; ${ASK_AGAIN}`,
	},
	{
		what: "the proof of another station",
		change: (_row, { proof }) => ({ proof }),
		message: `bor-1: its proof is another station's or another key's; ${ASK_AGAIN}`,
	},
	{
		what: "another name than the one that was signed",
		change: () => ({ station: "bor-3" }),
		message: `bor-3: its proof is another station's or another key's; ${ASK_AGAIN}`,
	},
	{
		what: "the answer to another question",
		change: () => ({ nonce: "00".repeat(16) }),
		message: `bor-1: its proof answers another question; ${ASK_AGAIN}`,
	},
	{
		what: "a proof that its key did not sign",
		change: ({ proof }) => {
			const forged = Buffer.from(proof, "base64");
			forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
			return { proof: forged.toString("base64") };
		},
		message: `bor-1: its proof is not signed by its key; ${ASK_AGAIN}`,
	},
	{
		what: "a damaged proof",
		change: () => ({ proof: "AAAA" }),
		message: `bor-1: its proof is damaged; ${ASK_AGAIN}`,
	},
	{
		what: "a board that was told no name",
		change: () => ({ station: "untold" }),
		message: `untold: the board was not told its station; ${ASK_AGAIN}`,
	},
];

/** Of a good row, where another key is held and nobody decided. */
export const OTHER_KEY_MESSAGE =
	"bor-1 is enrolled with another key; if this board takes its place, say --by NAME --why REASON; else another " +
	"station has this name";

/** What the papers show. */
export function enrolRefusalTable(): string {
	return tableOf([
		["what", "how it is said"],
		...ENROL_REFUSALS.map(({ what, message }) => [what, message]),
		["a key in place of another, without who and why", OTHER_KEY_MESSAGE],
	]);
}
