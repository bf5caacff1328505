/** What the page does beyond what its HTML says. */
import { listen, showSummary } from "./live.js";
import { StationPage } from "./station-page.js";

const { language = "en", page } = document.body.dataset;
const answer = await fetch(`/v1/texts?lang=${language}`);
const texts = (await answer.json()) as Record<string, string>;

if (page === "station") await new StationPage(texts).begin();
if (page === "overview") {
	listen({
		station: undefined,
		texts,
		onStation: (summary) => {
			const row = document.querySelector(`tr[data-station="${CSS.escape(summary.station)}"]`);
			if (row === null) location.reload();
			else showSummary(row, summary, texts);
		},
		// Not all at once: a thousand pages would ask in the same second.
		onMany: () => setTimeout(() => location.reload(), 30_000 * Math.random()),
	});
}
