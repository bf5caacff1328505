/** What documents say of the line's commands, from the table's rows. */
import { COMMANDS, type CommandRow } from "../../../src/protocol/line/commands.js";
import { tableOf } from "./markdown.js";

/** A row for each command. */
export function commandTable(commands: Readonly<Record<string, CommandRow>> = COMMANDS): string {
	const rows = Object.entries(commands).map(([name, row]) => [
		`\`${name}\``,
		Object.entries(row.takes ?? {})
			.map(argumentText)
			.join(", "),
		row.about,
		listed(row.parts),
		listed(row.answer),
		row.seconds === undefined ? "" : row.seconds.map((each) => each || "-").join(", "),
	]);
	return tableOf([
		["command", "arguments", "what it does", "parts", "answer", "station, program wait, s"],
		...rows,
	]);
}

function argumentText([name, limits]: [string, NonNullable<CommandRow["takes"]>[string]]): string {
	if (limits === "word") return `\`${name}=NAME\``;
	const [low, high, start] = limits;
	const otherwise = start === undefined ? "" : `, default ${start}`;
	return `\`${name}=\`${low} to ${high}${otherwise}`;
}

function listed(described = ""): string {
	return described === "" ? "" : `\`${described}\``;
}
