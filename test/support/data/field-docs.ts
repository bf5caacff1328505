/** What documents say of the configuration's fields, from the table's rows and the comments above them. */
import { hexOf } from "../../../src/core/bytes.js";
import {
	CONFIGURATION_FIELDS,
	type FieldRow,
	type FieldTable,
} from "../../../src/firmware/config/configuration-fields.js";
import { sources } from "../sources.js";
import { tableOf } from "./markdown.js";

/** What each station has to be told of its own: of a station that does not exist. */
const EXAMPLE = {
	station: "bor-1",
	id: 2,
	collectorHost: "collector.example.org",
	collectorPort: 443,
	// The generator of P-256.
	collectorPublicKey: "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
} as const;

/** A file for the collector: every field, with its default where it has one. */
export function configurationExample(): string {
	const values: Readonly<Record<string, unknown>> = {
		...Object.fromEntries(
			Object.entries<FieldRow>(CONFIGURATION_FIELDS).map(([name, { start }]) => [name, start]),
		),
		...EXAMPLE,
	};
	const lines = Object.keys(CONFIGURATION_FIELDS).map((name) => {
		const value = values[name];
		return `${name}=${value instanceof Uint8Array ? hexOf(value) : String(value)}\n`;
	});
	return `\`\`\`\n${lines.join("")}\`\`\`\n`;
}

/** The comment above each row of the source. */
export function fieldComments(): ReadonlyMap<string, string> {
	const [source] = sources("src/firmware/config").filter(({ path }) =>
		path.endsWith("configuration-fields.ts"),
	);
	const rows = (source?.text ?? "").matchAll(/\t\/\*\* (.*) \*\/\n\t(\w+): \{\s*kind/g);
	return new Map([...rows].map(([, comment = "", name = ""]) => [name, comment]));
}

/** A row for each field. */
export function fieldTable(
	table: FieldTable = CONFIGURATION_FIELDS,
	comments: ReadonlyMap<string, string> = fieldComments(),
): string {
	const rows = Object.entries(table).map(([name, row]) => [
		`\`${name}\``,
		valuesText(row),
		row.start === undefined ? "" : `\`${String(row.start)}\``.replace("``", "empty"),
		String(row.since ?? 1),
		comments.get(name) ?? "",
	]);
	return tableOf([["field", "values", "default", "form", "what it is for"], ...rows]);
}

function valuesText({ kind, range: [low, high] = [0, 0] }: FieldRow): string {
	switch (kind) {
		case "number":
			return `${low} to ${high}`;
		case "numbers":
			return `numbers, ${low} to ${high}, commas between`;
		case "host":
			return `host name, ${low} to ${high} characters`;
		case "bytes":
			return `${2 * high} hexadecimal digits, small letters`;
		case "text":
			return `${low} to ${high} bytes`;
		case "station":
			return "name";
		default:
			return kind.map((choice) => `\`${choice}\``).join(", ");
	}
}
