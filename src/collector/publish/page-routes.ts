/** Paths of the pages: the overview, a station, both without script, texts and files. */
import type { Assets } from "./assets.js";
import { json, type ReaderAnswer } from "./http.js";
import type { PageContext } from "./page-shell.js";
import { overviewPage, stationPage } from "./pages.js";
import { reportRoutes } from "./report/report-routes.js";
import { type Asked, absent, JSON_TYPE, LANGUAGE, type Route, STATION } from "./route.js";
import { sampleRoutes } from "./samples/sample-routes.js";
import { languageOf, textsOf } from "./texts.js";

const HTML_TYPE = "text/html; charset=utf-8";

/** Further pages included. */
export function allPageRoutes(assets: Assets, isSimulated: boolean): readonly Route[] {
	return [
		...pageRoutes(assets, isSimulated),
		...reportRoutes(assets, isSimulated),
		...sampleRoutes(assets, isSimulated),
	];
}

function pageRoutes(assets: Assets, isSimulated: boolean): readonly Route[] {
	const contextOf = ({ library, request }: Asked, isPlain: boolean): PageContext => ({
		library,
		assets,
		isPlain,
		isSimulated,
		language: languageOf(request.query.get("lang"), undefined, request.header("accept-language")),
	});
	const overview = (isPlain: boolean) => (asked: Asked) => overviewPage(contextOf(asked, isPlain));
	const station =
		(isPlain: boolean) =>
		(asked: Asked): ReaderAnswer => {
			const found = asked.library.find(asked.names.get("station") ?? "");
			if (found === undefined) return absent(asked);
			return stationPage(contextOf(asked, isPlain), found);
		};
	const page = (path: string, summary: string, answer: Route["answer"]): Route => ({
		path,
		summary,
		type: HTML_TYPE,
		parameters: path.includes("{station}") ? [STATION, LANGUAGE] : [LANGUAGE],
		answer,
	});
	return [
		page("/", "The overview.", overview(false)),
		page("/station/{station}", "A station with its plots.", station(false)),
		page("/status", "The overview without script.", overview(true)),
		page("/status/{station}", "A station without script.", station(true)),
		{
			path: "/v1/texts",
			summary: "All words of the page in one language.",
			type: JSON_TYPE,
			parameters: [LANGUAGE],
			answer: ({ request }: Asked) => {
				const language = languageOf(request.query.get("lang"), undefined, undefined);
				return json(textsOf(language), { tag: `${language}-${assets.digest}` });
			},
		},
		{
			path: "/assets/{digest}/{name}",
			summary: "Scripts and style of the page.",
			type: "text/css; charset=utf-8",
			parameters: [
				{ name: "digest", in: "path", description: "Of this version." },
				{ name: "name", in: "path", description: "Of the file." },
			],
			answer: ({ names }: Asked) =>
				assets.answer(names.get("digest") ?? "", names.get("name") ?? ""),
		},
	];
}
