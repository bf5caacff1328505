/** The rooms of the house and their doors: what the structure test holds and ARCHITECTURE.md tells. */
import { tableOf } from "./markdown.js";

/** What of the protocol a station carries; an auditor's part stays on hosts. */
const CARRIED = ["record", "calibration", "wire", "flash", "line"].map(
	(room) => `src/protocol/${room}/`,
);

/** For each room the rooms that it may import from; longest prefix wins. */
export const MAY_IMPORT: readonly (readonly [room: string, allowed: readonly string[]])[] = [
	["src/core/", ["src/core/"]],
	// A record is told before anything that carries it: over the wire, in flash, on the line, to an auditor.
	["src/protocol/record/", ["src/core/", "src/protocol/record/"]],
	["src/protocol/calibration/", ["src/core/", "src/protocol/record/", "src/protocol/calibration/"]],
	["src/protocol/quality/", ["src/core/", "src/protocol/quality/"]],
	["src/protocol/line/", ["src/core/", "src/protocol/record/", "src/protocol/line/"]],
	["src/protocol/flash/", ["src/core/", "src/protocol/record/", "src/protocol/flash/"]],
	["src/protocol/wire/", ["src/core/", "src/protocol/record/", "src/protocol/wire/"]],
	["src/protocol/audit/", ["src/core/", "src/protocol/"]],
	["src/firmware/ports", ["src/core/"]],
	...["measure", "journal", "uplink", "console", "config", "events"].map(
		(room) =>
			[
				`src/firmware/${room}/`,
				["src/core/", ...CARRIED, "src/firmware/ports", `src/firmware/${room}/`],
			] as const,
	),
	// Calibrating measures, too, in its own way.
	[
		"src/firmware/calibration/",
		[
			"src/core/",
			...CARRIED,
			"src/firmware/ports",
			"src/firmware/measure/",
			"src/firmware/calibration/",
		],
	],
	["src/firmware/station/", ["src/core/", ...CARRIED, "src/firmware/"]],
	["src/firmware/main", [""]],
	["src/firmware/board/", [""]],
	[
		"drivers/",
		[
			"src/core/",
			"src/firmware/ports",
			"src/firmware/measure/",
			"src/firmware/config/",
			"drivers/",
		],
	],
	["src/host/", ["src/core/", "src/protocol/line/", "src/protocol/wire/", "src/host/"]],
	// The public page imports it, so it has no Node (rules.test.ts).
	["src/host/messages/", ["src/core/", "src/protocol/", "src/host/messages/"]],
	// It runs in a browser; what a plot is are types alone.
	["src/collector/page/", ["src/collector/page/", "src/collector/publish/plot-format"]],
	[
		"src/collector/publish/",
		["src/core/", "src/protocol/", "src/host/", "src/collector/store/", "src/collector/publish/"],
	],
	[
		"src/collector/alarms/",
		["src/core/", "src/protocol/", "src/host/", "src/collector/store/", "src/collector/alarms/"],
	],
	["src/collector/service/", ["src/core/", "src/protocol/", "src/host/", "src/collector/"]],
	[
		"src/collector/ledger/",
		["src/core/", "src/protocol/", "src/host/", "src/collector/ledger/", "src/collector/store/"],
	],
	[
		"src/collector/store/",
		["src/core/", "src/protocol/", "src/host/", "src/collector/ledger/", "src/collector/store/"],
	],
	["src/technician/", ["src/core/", "src/protocol/", "src/host/", "src/technician/"]],
	// What a board is told is judged by the station's own table before a board is plugged in.
	["src/technician/field-rules.ts", ["src/core/", "src/host/", "src/firmware/config/"]],
	// The program opens `sim:` and a collector's database, both only on demand.
	[
		"src/technician/command-line/",
		[
			"src/core/",
			"src/protocol/",
			"src/host/",
			"src/technician/",
			"src/collector/",
			"sim/shell/station-line",
		],
	],
	["sim/", [""]],
	["test/", [""]],
];

/** What a person reads of a room's doors: a row for each rule. */
export function roomTable(): string {
	const rows = MAY_IMPORT.map(([room, allowed]) => [
		`\`${room}\``,
		textOf(allowed.filter((each) => each !== room)),
	]);
	return tableOf([["room", "may import, besides itself"], ...rows]);
}

function textOf(allowed: readonly string[]): string {
	if (allowed.includes("")) return "anything";
	return allowed.length === 0 ? "nothing" : allowed.map((each) => `\`${each}\``).join(", ");
}
