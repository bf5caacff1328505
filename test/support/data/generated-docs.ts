/** Every block of a document that comes from a table of the code. */
import { commandTable } from "./command-docs.js";
import { enrolRefusalTable } from "./enrol-refusals.js";
import { configurationExample, fieldTable } from "./field-docs.js";
import { refusalTable } from "./flash-refusals.js";
import { eventTable, flagTable, numberTable } from "./record-docs.js";
import { roomTable } from "./rooms.js";
import { visitDisturbanceTable } from "./visit-disturbances.js";

export interface GeneratedBlock {
	/** Path within the project. */
	readonly document: string;
	readonly name: string;
	readonly text: () => string;
}

export const GENERATED_BLOCKS: readonly GeneratedBlock[] = Object.freeze([
	{ document: "docs/ARCHITECTURE.md", name: "rooms", text: roomTable },
	{ document: "docs/COLLECTOR.md", name: "configuration-example", text: configurationExample },
	{ document: "docs/COLLECTOR.md", name: "configuration-fields", text: () => fieldTable() },
	{ document: "docs/CONSOLE.md", name: "commands", text: () => commandTable() },
	{ document: "docs/FLASHING.md", name: "enrol-refusals", text: enrolRefusalTable },
	{ document: "docs/FLASHING.md", name: "flash-refusals", text: refusalTable },
	{ document: "docs/FORMAT.md", name: "event-codes", text: eventTable },
	{ document: "docs/FORMAT.md", name: "flags", text: flagTable },
	{ document: "docs/FORMAT.md", name: "numbers", text: numberTable },
	{ document: "docs/VISIT.md", name: "visit-disturbances", text: visitDisturbanceTable },
]);
