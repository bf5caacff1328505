/** The page's files: scripts as they were compiled, the style, uPlot. Their path bears a digest, so that it may be kept for ever. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ReaderAnswer, text } from "./http.js";

const SCRIPTS = Object.freeze([
	"app.js",
	"decoded-plot.js",
	"live.js",
	"panels.js",
	"panel-drawing.js",
	"station-page.js",
	"table-of-plot.js",
	"times.js",
]);
const IMMUTABLE = "public, max-age=31536000, immutable";

interface Asset {
	readonly type: string;
	readonly body: string;
}

export class Assets {
	readonly #files: ReadonlyMap<string, Asset>;
	/** Of all of them. */
	readonly digest: string;

	constructor() {
		const compiled = fileURLToPath(new URL("../page/", import.meta.url));
		const sources = fileURLToPath(new URL("../../../../src/collector/page/", import.meta.url));
		const uplot = dirname(createRequire(import.meta.url).resolve("uplot"));
		const files = new Map<string, Asset>();
		for (const name of SCRIPTS) files.set(name, script(readFileSync(join(compiled, name), "utf8")));
		files.set("uplot.js", script(readFileSync(join(uplot, "uPlot.iife.min.js"), "utf8")));
		const style = ["uPlot.min.css"].map((name) => readFileSync(join(uplot, name), "utf8"));
		style.push(readFileSync(join(sources, "page.css"), "utf8"));
		files.set("page.css", { type: "text/css; charset=utf-8", body: style.join("\n") });
		files.set("icon.svg", {
			type: "image/svg+xml",
			body: readFileSync(join(sources, "icon.svg"), "utf8"),
		});
		this.#files = files;
		const hash = createHash("sha256");
		for (const [name, { body }] of files) hash.update(`${name}\n${body}\n`);
		this.digest = hash.digest("hex").slice(0, 16);
	}

	pathOf(name: string): string {
		return `/assets/${this.digest}/${name}`;
	}

	answer(digest: string, name: string): ReaderAnswer {
		const file = digest === this.digest ? this.#files.get(name) : undefined;
		if (file === undefined) return text(404, "no such file of this version\n");
		return { status: 200, ...file, caching: IMMUTABLE, tag: this.digest };
	}
}

function script(body: string): Asset {
	return {
		type: "text/javascript; charset=utf-8",
		body: body.replace(/^\/\/# sourceMappingURL=.*$/m, ""),
	};
}
