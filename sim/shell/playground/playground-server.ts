/**
 * The playground's listener, in the simulator only: on loopback, for the page that it serves and for nobody else. A page
 * of another host may reach loopback from a browser, by its address or by a name that it points there: so the Host and
 * the Origin of every request must be this listener's own.
 */
import { readFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SECURITY_HEADERS } from "../../../src/collector/publish/http.js";
import { type Language, languageOf } from "../../../src/collector/publish/texts.js";
import { OperationalError } from "../../../src/host/errors.js";
import type { PlaygroundKey } from "../../../src/host/messages/playground-texts.js";
import { ACTIONS, type Playground, type PlaygroundStation, SPEEDS } from "./playground.js";
import { playgroundHtml, textIn } from "./playground-page.js";

const HOST = "127.0.0.1";
/** A deed is {"action":"network","station":"bor-1"}. */
const BODY_BYTES_MAX = 1024;
const HEADER_BYTES_MAX = 8192;
const REQUEST_MILLISECONDS_MAX = 5000;
const CONNECTIONS_MAX = 64;
const TRUTH_POINTS = 600;
/** Of a plot; more is the public page's. */
const PERIOD_SECONDS_MAX = 7 * 86_400;
const CSV_BYTES_MAX = 4_000_000;
const MARKS_SHOWN = 50;

export interface ShownStation {
	readonly isAsleep: boolean;
	readonly waiting: number;
	readonly readingUtcSeconds: number;
}

export interface PlaygroundServerOptions {
	readonly playground: Playground;
	/** 0: a free one. */
	readonly port: number;
	/** Address of the public page. */
	readonly publicPage: string;
	readonly shown: (station: string) => ShownStation;
	readonly print: (line: string) => void;
}

export interface PlaygroundServer {
	readonly address: string;
	close(): Promise<void>;
}

interface Answer {
	readonly status: number;
	readonly type?: string;
	readonly body: string;
}

/** Listens. Throws OperationalError when the port is taken. */
export async function openPlaygroundServer(
	options: PlaygroundServerOptions,
): Promise<PlaygroundServer> {
	const assets = readAssets();
	const server = createServer(
		{
			maxHeaderSize: HEADER_BYTES_MAX,
			headersTimeout: REQUEST_MILLISECONDS_MAX,
			requestTimeout: REQUEST_MILLISECONDS_MAX,
		},
		(request, response) => {
			answerTo(options, assets, portOf(), request).then(
				(answer) => send(response, answer),
				(error: unknown) => {
					options.print(`playground: ${error instanceof Error ? error.message : String(error)}`);
					send(response, text(500, "it failed here\n"));
				},
			);
		},
	);
	server.maxConnections = CONNECTIONS_MAX;
	const portOf = (): number => {
		const address = server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	};
	await new Promise<void>((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			reject(
				new OperationalError(
					`port ${options.port} of ${HOST} cannot be opened (${error.code}); choose another --playground-port`,
				),
			);
		});
		server.listen(options.port, HOST, () => resolve());
	});
	return {
		address: `http://${HOST}:${portOf()}/`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

/** Undefined: its own; else why not. */
export function strangeness(
	{ headers, method }: Pick<IncomingMessage, "headers" | "method">,
	port: number,
): string | undefined {
	const hosts = [`${HOST}:${port}`, `localhost:${port}`];
	if (!hosts.includes(headers.host ?? "")) return "another host's name";
	const { origin } = headers;
	if (origin !== undefined && origin !== `http://${headers.host}`) return "another origin";
	const site = headers["sec-fetch-site"];
	const isFollowed = method === "GET" && headers["sec-fetch-mode"] === "navigate";
	if (site !== undefined && site !== "same-origin" && site !== "none" && !isFollowed)
		return "another site";
	if (method === "POST" && headers["content-type"] !== "application/json")
		return "no application/json";
	return undefined;
}

async function answerTo(
	options: PlaygroundServerOptions,
	assets: ReadonlyMap<string, Answer>,
	port: number,
	request: IncomingMessage,
): Promise<Answer> {
	const strange = strangeness(request, port);
	if (strange !== undefined) return text(403, `refused: ${strange}\n`);
	const url = new URL(request.url ?? "/", `http://${HOST}:${port}`);
	if (request.method === "POST") return serveAction(options, url.pathname, await bodyOf(request));
	if (request.method !== "GET") return text(405, "use GET or POST\n");
	const language = languageOf(
		url.searchParams.get("lang"),
		undefined,
		request.headers["accept-language"],
	);
	const { playground, publicPage } = options;
	switch (url.pathname) {
		case "/": {
			const stations = playground.stations.map(({ name }) => name);
			const body = playgroundHtml({ language, stations, publicPage });
			return { status: 200, type: "text/html; charset=utf-8", body };
		}
		case "/state":
			return withStation(options, url, (of) => json(stateOf(options, of, language)));
		case "/truth":
			return withPeriod(options, url, truthOf);
		case "/readings":
			return withPeriod(options, url, ({ name }, from, to) => readings(publicPage, name, from, to));
		default:
			return assets.get(url.pathname) ?? text(404, "no such thing\n");
	}
}

async function serveAction(
	{ playground }: PlaygroundServerOptions,
	path: string,
	body: string | undefined,
): Promise<Answer> {
	if (body === undefined) return text(413, `at most ${BODY_BYTES_MAX} bytes\n`);
	const asked = objectOf(body);
	if (path === "/pace") {
		const { speed, isPaused } = asked;
		if (typeof speed !== "number" || !SPEEDS.includes(speed) || typeof isPaused !== "boolean")
			return text(400, "a speed and whether it is paused\n");
		playground.setPace(speed, isPaused);
		return json({});
	}
	if (path !== "/deed") return text(404, "no such thing\n");
	const action = ACTIONS.find(({ name }) => name === asked["action"]);
	const station = playground.stations.find(({ name }) => name === asked["station"]);
	if (action === undefined || station === undefined) return text(400, "no such deed\n");
	await playground.act(action.name, station);
	return json({});
}

function stateOf(
	{ playground, shown }: PlaygroundServerOptions,
	{ name }: PlaygroundStation,
	language: Language,
) {
	const { isAsleep, waiting, readingUtcSeconds } = shown(name);
	const isUp = playground.isCollectorUp;
	return {
		utcSeconds: playground.nowUtcSeconds,
		speed: playground.speed,
		isPaused: playground.isPaused,
		collector: textIn(language, isUp ? "collector-up" : "collector-down"),
		state: textIn(language, isAsleep ? "asleep" : "awake"),
		waiting,
		readingUtcSeconds,
		pressed: ACTIONS.filter((action) => playground.isOn(action.name, name)).map(
			(action) => action.name,
		),
		marks: playground.marks
			.filter(({ station }) => station === undefined || station === name)
			.slice(-MARKS_SHOWN)
			.map(({ id, utcSeconds, key }) => ({
				id,
				utcSeconds,
				text: textIn(language, `did-${key}` as PlaygroundKey, { station: name }),
			})),
	};
}

/** What a perfect instrument would have read. */
function truthOf({ river }: PlaygroundStation, from: number, to: number): Answer {
	const at = Array.from(
		{ length: TRUTH_POINTS },
		(_, index) => from + ((to - from) * index) / (TRUTH_POINTS - 1),
	);
	const water = at.map((utcSeconds) => river.at(utcSeconds));
	return json({
		seconds: at,
		ph: water.map(({ pH }) => pH),
		temperature: water.map(({ temperatureCelsius }) => temperatureCelsius),
		ec25: water.map((each) => each.conductivityAt25MicrosiemensPerCm),
		turbidity: water.map(({ turbidityFormazinUnits }) => turbidityFormazinUnits),
	});
}

/** What the public page gives of it: readings that were delivered. */
function readings(page: string, station: string, from: number, to: number): Promise<Answer> {
	const iso = (seconds: number): string =>
		`${new Date(1000 * seconds).toISOString().slice(0, 19)}Z`;
	const path = `v1/stations/${station}/readings.csv?from=${iso(from)}&to=${iso(to + 1)}`;
	return new Promise((resolve, reject) => {
		const asked = get(`${page}${path}`, (incoming) => {
			let body = "";
			incoming.setEncoding("utf8");
			incoming.on("data", (part: string) => {
				body += part;
				if (body.length > CSV_BYTES_MAX) incoming.destroy(new Error("too many readings"));
			});
			incoming.on("error", reject);
			incoming.on("end", () =>
				// Nothing of it has been published yet.
				resolve({ status: 200, type: "text/csv", body: incoming.statusCode === 200 ? body : "" }),
			);
		});
		asked.setTimeout(REQUEST_MILLISECONDS_MAX, () => asked.destroy(new Error("no answer")));
		asked.on("error", reject);
	});
}

function withStation(
	{ playground }: PlaygroundServerOptions,
	{ searchParams }: URL,
	answer: (station: PlaygroundStation) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
	const found = playground.stations.find(({ name }) => name === searchParams.get("station"));
	return found === undefined ? text(404, "no such station\n") : answer(found);
}

function withPeriod(
	options: PlaygroundServerOptions,
	url: URL,
	answer: (station: PlaygroundStation, from: number, to: number) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
	const [from, to] = ["from", "to"].map((name) => Number(url.searchParams.get(name)));
	const isPeriod =
		Number.isSafeInteger(from) &&
		Number.isSafeInteger(to) &&
		(from ?? 0) > 0 &&
		(to ?? 0) > (from ?? 0) &&
		(to ?? 0) - (from ?? 0) <= PERIOD_SECONDS_MAX &&
		(to ?? 0) <= 0xffffffff;
	if (!isPeriod) return text(400, "from and to in whole seconds, a week at most\n");
	return withStation(options, url, (station) => answer(station, from ?? 0, to ?? 0));
}

function objectOf(body: string): Readonly<Record<string, unknown>> {
	try {
		const value: unknown = JSON.parse(body);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
	} catch (error) {
		if (error instanceof SyntaxError) return {};
		throw error;
	}
}

function bodyOf(request: IncomingMessage): Promise<string | undefined> {
	return new Promise((resolve, reject) => {
		let body = "";
		request.setEncoding("utf8");
		request.on("data", (part: string) => {
			body += part;
			if (body.length > BODY_BYTES_MAX) resolve(undefined);
		});
		request.on("end", () => resolve(body));
		request.on("error", reject);
	});
}

function readAssets(): ReadonlyMap<string, Answer> {
	const here = (path: string): string =>
		readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
	const uplot = dirname(createRequire(import.meta.url).resolve("uplot"));
	const library = (name: string): string => readFileSync(join(uplot, name), "utf8");
	const script = (body: string): Answer => ({
		status: 200,
		type: "text/javascript; charset=utf-8",
		body: body.replace(/^\/\/# sourceMappingURL=.*$/m, ""),
	});
	const sources = "../../../../";
	return new Map<string, Answer>([
		["/assets/playground.js", script(here("page/playground.js"))],
		["/assets/uplot.js", script(library("uPlot.iife.min.js"))],
		[
			"/assets/playground.css",
			{
				status: 200,
				type: "text/css; charset=utf-8",
				body: [
					library("uPlot.min.css"),
					here(`${sources}src/collector/page/page.css`),
					here(`${sources}sim/shell/playground/page/playground.css`),
				].join("\n"),
			},
		],
		[
			"/assets/icon.svg",
			{ status: 200, type: "image/svg+xml", body: here(`${sources}src/collector/page/icon.svg`) },
		],
	]);
}

function json(value: unknown): Answer {
	return { status: 200, type: "application/json", body: JSON.stringify(value) };
}

function text(status: number, body: string): Answer {
	return { status, body };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
	response.writeHead(status, {
		...SECURITY_HEADERS,
		"cross-origin-resource-policy": "same-origin",
		"cache-control": "no-store",
		"content-type": type ?? "text/plain; charset=utf-8",
	});
	response.end(body);
}
