/**
 * `npm run census`: how the code is built, counted from its own imports and text. The last line is
 * JSON. Exit 0; the structure test holds the limits.
 */
import { ENTRY_KINDS } from "../../src/protocol/record/entry-layouts.js";
import {
	cyclesOf,
	FILE_LINES_MAX,
	FUNCTION_LINES_MAX,
	linesOf,
	longFunctions,
	type NamedFact,
	namesOf,
	roomOf,
} from "../support/census.js";
import { CHANNEL_PATTERNS, COMMAND_PATTERNS, FIELD_PATTERNS } from "../support/data/facts.js";
import { sources } from "../support/sources.js";

const production = sources("src", "drivers", "sim");

const rooms = new Map<string, { files: number; lines: number }>();
for (const { path, text } of production) {
	const room = rooms.get(roomOf(path)) ?? { files: 0, lines: 0 };
	rooms.set(roomOf(path), { files: room.files + 1, lines: room.lines + linesOf(text) });
}
console.log("room                              files   lines");
for (const [room, { files, lines }] of [...rooms].sort(([a], [b]) => (a < b ? -1 : 1))) {
	console.log(`${room.padEnd(32)}${String(files).padStart(7)}${String(lines).padStart(8)}`);
}

const cycles = cyclesOf(production);
console.log(`\nimport cycles: ${cycles.length}`);
for (const cycle of cycles) console.log(`  ${cycle.join(" ")}`);

const longFiles = production
	.map(({ path, text }) => ({ path, lines: linesOf(text) }))
	.filter(({ lines }) => lines > FILE_LINES_MAX)
	.sort((a, b) => b.lines - a.lines);
console.log(`\nfiles of more than ${FILE_LINES_MAX} lines: ${longFiles.length}`);
for (const { path, lines } of longFiles) console.log(`  ${String(lines).padStart(4)} ${path}`);

const functions = longFunctions(production);
console.log(`\nfunctions of more than ${FUNCTION_LINES_MAX} lines: ${functions.length}`);
for (const { path, name, lines } of functions) {
	console.log(`  ${String(lines).padStart(4)} ${name} in ${path}`);
}

const channels = printFacts("channel", namesOf(production, CHANNEL_PATTERNS));
const fields = printFacts("configuration field", namesOf(production, FIELD_PATTERNS));
const commands = printFacts("console command", namesOf(production, COMMAND_PATTERNS));

console.log(
	JSON.stringify({
		rooms: rooms.size,
		files: production.length,
		entryKinds: Object.keys(ENTRY_KINDS).length,
		cycles: cycles.length,
		filesOverLimit: longFiles.length,
		functionsOverLimit: functions.length,
		filesNamingAChannel: channels,
		filesNamingAConfigurationField: fields,
		filesNamingACommand: commands,
	}),
);

/** Prints the facts with their files' count; the count of the one that most files name. */
function printFacts(what: string, facts: readonly NamedFact[]): number {
	console.log(`\nfiles that name a ${what}`);
	for (const { name, files } of facts.slice(0, 8)) {
		console.log(`  ${String(files.length).padStart(4)} ${name}`);
	}
	for (const path of facts[0]?.files ?? []) console.log(`         ${path}`);
	return facts[0]?.files.length ?? 0;
}
