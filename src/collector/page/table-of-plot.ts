/** Every plot as a table, for who cannot or will not look at it. */
import type { DecodedChannel } from "./decoded-plot.js";
import { shownTime } from "./times.js";

const ROWS_MAX = 500;

export function fillTable(
	container: HTMLElement,
	channel: DecodedChannel,
	zone: string,
	texts: Readonly<Record<string, string>>,
): void {
	const translate = (key: string): string => texts[key] ?? key;
	const table = document.createElement("table");
	const head = table.createTHead().insertRow();
	const names = channel.isExact
		? ["time", "value", "judged", "flags", "grade", "status"]
		: ["time", "value", "judged", "flags"];
	for (const name of names) {
		const cell = document.createElement("th");
		cell.scope = "col";
		cell.textContent = translate(name);
		head.append(cell);
	}
	const body = table.createTBody();
	let count = 0;
	for (let at = channel.times.length - 1; at >= 0 && count < ROWS_MAX; at--) {
		const least = channel.least[at] ?? null;
		const judged = channel.judged[at] ?? 0;
		if (least === null && judged === 0) continue;
		count++;
		const row = body.insertRow();
		const time = document.createElement("th");
		time.scope = "row";
		time.textContent = shownTime(channel.times[at] ?? 0, { zone });
		row.append(time);
		const greatest = channel.greatest[at] ?? null;
		const value = least === null ? "–" : least.toFixed(channel.decimals);
		const range =
			greatest === null || greatest === least
				? value
				: `${value} … ${greatest.toFixed(channel.decimals)}`;
		const flags = (channel.flags[at] ?? "")
			.split(" ")
			.map((flag) => (flag === "" ? "" : translate(`flag-${flag}`)))
			.join("; ");
		const cells = [range, judged === 0 ? "" : translate(`judged-${judged}`), flags];
		if (channel.isExact) {
			const status = channel.statuses[at] ?? "";
			cells.push(channel.grades[at] ?? "", status === "" ? "" : translate(status));
		}
		for (const text of cells) row.insertCell().textContent = text;
	}
	const caption = table.createCaption();
	caption.textContent = translate("table-note").replace("{count}", String(count));
	container.replaceChildren(table);
}
