/** Blocks of documents that are made from the code's tables, between two comments of Markdown. */

/** A table with columns as wide as their contents. */
export function tableOf(rows: readonly (readonly string[])[]): string {
	const [head = []] = rows;
	const widths = head.map((_, column) =>
		Math.max(...rows.map((row) => (row[column] ?? "").length)),
	);
	const line = (cells: readonly string[], filler: string): string =>
		`| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, filler)).join(" | ")} |\n`;
	const [first, ...rest] = rows.map((row) => line(row, " "));
	const rule = line([], "-");
	return `${first}${rule}${rest.join("")}`;
}

const END = "<!-- end -->";

/** The document with the block of that name replaced; throws where it has none. */
export function withBlock(document: string, name: string, block: string): string {
	const begin = `<!-- npm run docs: ${name} -->\n`;
	const at = document.indexOf(begin);
	const end = document.indexOf(END, at);
	if (at < 0 || end < 0) throw new Error(`no block ${name}`);
	return `${document.slice(0, at + begin.length)}${block}${document.slice(end)}`;
}

/** What stands in the block of that name. */
export function blockOf(document: string, name: string): string {
	const begin = `<!-- npm run docs: ${name} -->\n`;
	const at = document.indexOf(begin);
	if (at < 0) throw new Error(`no block ${name}`);
	return document.slice(at + begin.length, document.indexOf(END, at));
}
