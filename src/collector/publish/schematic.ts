/** The rivers, drawn: not to scale, only the order counts. Sources: docs/PUBLISHING.md, section 7. */
import { escapeMarkup } from "./markup.js";
import { RIVER_NODES } from "./river-nodes.js";
import type { StationSummary } from "./summary.js";
import { type Language, nameOfSite, textOf } from "./texts.js";

const LINES: readonly string[] = Object.freeze([
	"M40 70H590L710 110",
	"M400 150L480 70",
	"M40 230H660L710 190",
]);

/** Stations at their places, as links; each says in words how it fares. */
export function schematicOf(
	stations: readonly StationSummary[],
	language: Language,
	linkOf: (station: string) => string,
): string {
	const label = (key: string): string => escapeMarkup(textOf(language, key));
	const places = RIVER_NODES.map(({ id, x, y, isBelow }) => {
		const at = y + (isBelow === true ? 26 : -14);
		return `<circle class="place" cx="${x}" cy="${y}" r="4"/><text class="place-name" x="${x}" y="${at}">${label(`place-${id}`)}</text>`;
	});
	const sites = stations.flatMap((summary) => {
		const node = RIVER_NODES.find(({ id }) => id === summary.site.place);
		if (node === undefined) return [];
		const { station, site, alarms, lastHeard } = summary;
		const name = nameOfSite(language, site);
		const state = alarms.length > 0 ? "alarm" : lastHeard === null ? "silent" : "well";
		const { x, y } = node;
		const shape =
			state === "alarm"
				? `<path class="site ${state}" d="M${x} ${y - 13}l13 22h-26z"/>`
				: `<circle class="site ${state}" cx="${x}" cy="${y}" r="10"/>`;
		const at = y + (node.isBelow === true ? -18 : 30);
		return `<a href="${linkOf(station)}" aria-label="${escapeMarkup(`${station}: ${name}`)}">${shape}<text class="site-name" x="${x}" y="${at}">${escapeMarkup(station)}</text></a>`;
	});
	return [
		`<svg class="rivers" viewBox="-20 30 800 240" role="group" aria-label="${label("map-title")}">`,
		...LINES.map((line) => `<path class="river" d="${line}"/>`),
		'<path class="danube" d="M740 40Q690 150 740 265"/>',
		`<text class="place-name" x="752" y="156">${label("place-danube")}</text>`,
		...places,
		...sites,
		"</svg>",
	].join("");
}
