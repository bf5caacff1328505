/** From a path to its answer. */
import { json, type ReaderAnswer, type ReaderHandler, text } from "./http.js";
import type { Library } from "./library.js";
import { openApiOf } from "./openapi.js";
import type { Route } from "./route.js";
import { ROUTES } from "./routes.js";
import { SENSORTHINGS_ROUTES } from "./sensorthings/routes.js";
import type { Streams } from "./streams.js";

export interface RouterOptions {
	readonly library: Library;
	readonly streams: Streams;
	/** Why it cannot serve, or undefined. */
	readonly problem: () => Promise<string | undefined>;
	/** Further rows. */
	readonly routes?: readonly Route[];
}

interface Matcher {
	readonly route: Route;
	readonly segments: readonly string[];
}

export function routerOf({ library, streams, problem, routes = [] }: RouterOptions): ReaderHandler {
	const all: readonly Route[] = [
		...serviceRoutes(problem),
		...ROUTES,
		...SENSORTHINGS_ROUTES,
		...routes,
	];
	const openApi: Route = {
		path: "/v1/openapi.json",
		summary: "This interface, as OpenAPI 3.1.",
		type: "application/json; charset=utf-8",
		parameters: [],
		answer: () => {
			const { licence, licenceUrl } = library.publication.operator;
			return json(openApiOf([...all, openApi], { name: licence, url: licenceUrl }));
		},
	};
	const matchers: Matcher[] = [...all, openApi].map((route) => ({
		route,
		segments: route.path.split("/").filter((segment) => segment !== ""),
	}));
	return (request): Promise<ReaderAnswer> | ReaderAnswer => {
		for (const { route, segments } of matchers) {
			const names = namesOf(segments, request.path, route.isRest === true);
			if (names !== undefined) return route.answer({ library, streams, request, names });
		}
		return text(404, "nothing here; /v1/openapi.json lists what there is\n");
	};
}

function serviceRoutes(problem: RouterOptions["problem"]): readonly Route[] {
	const type = "text/plain; charset=utf-8";
	return [
		{
			path: "/v1/health",
			summary: "That the process lives.",
			type,
			parameters: [],
			answer: () => text(200, "ok\n"),
		},
		{
			path: "/v1/ready",
			summary: "That it can serve: the record can be read and the disk has room.",
			type,
			parameters: [],
			answer: async () => {
				const why = await problem();
				if (why === undefined) return text(200, "ok\n");
				// The words are for the log: anybody may ask here.
				return { ...text(503, "not ready\n"), headers: { "retry-after": "60" } };
			},
		},
	];
}

/** Undefined where the path is another. */
function namesOf(
	segments: readonly string[],
	path: readonly string[],
	isRest: boolean,
): Map<string, string> | undefined {
	const isLong = isRest && path.length > segments.length;
	if (segments.length !== path.length && !isLong) return undefined;
	const names = new Map<string, string>();
	for (const [at, segment] of segments.entries()) {
		const isLast = at === segments.length - 1;
		const given = isRest && isLast ? path.slice(at).join("/") : (path[at] ?? "");
		if (segment.startsWith("{")) names.set(segment.slice(1, -1), given);
		else if (segment !== given) return undefined;
	}
	return names;
}
