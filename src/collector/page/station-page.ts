/** A station's page: which period is looked at, what is loaded for it, keys and buttons. */

import type { Plot, Shown } from "../publish/plot-format.js";
import { type DecodedChannel, decodedChannel } from "./decoded-plot.js";
import { listen, showSummary } from "./live.js";
import type { PanelMark, PanelSample } from "./panel-drawing.js";
import { Panels } from "./panels.js";
import { fillTable } from "./table-of-plot.js";
import { offsetOf, shownTime } from "./times.js";

const DAY = 86_400;
const SPANS: Readonly<Record<string, number>> = Object.freeze({
	day: DAY,
	week: 7 * DAY,
	month: 31 * DAY,
	year: 366 * DAY,
});
/** A4 less its margins, at 96 to the inch. */
const PAPER_PIXELS = 700;
const SPAN_MIN = 1800;
const SPAN_MAX = 20 * 366 * DAY;
const MARK_KINDS: readonly string[] = Object.freeze([
	"alarm",
	"calibration",
	"event",
	"gap",
	"boot",
]);

interface Mark {
	readonly time: string | null;
	readonly kind: string;
	readonly name: string;
	readonly text: string;
	readonly channel: string | null;
	readonly details: Readonly<Record<string, number | string>>;
}

interface Sample extends PanelSample {
	readonly time: string;
	readonly parameter: string;
	readonly channel: string | null;
	readonly unit: string;
	readonly laboratory: string;
}

interface StationAnswer {
	readonly limits: readonly {
		readonly quantity: string;
		readonly low?: number;
		readonly high?: number;
	}[];
}

export class StationPage {
	readonly #station: string;
	readonly #texts: Readonly<Record<string, string>>;
	readonly #panels: Panels;
	readonly #channels = new Map<string, DecodedChannel>();
	#zone = "UTC";
	#shown: Shown = "derived";
	#newest: number;
	#from = 0;
	#to = 0;
	#isFollowing = true;
	#asked = 0;
	#limits: StationAnswer["limits"] = [];

	constructor(texts: Readonly<Record<string, string>>) {
		const { station = "", newest = "" } = document.body.dataset;
		this.#station = station;
		this.#texts = texts;
		this.#newest = newest === "" ? Math.floor(Date.now() / 1000) : Date.parse(newest) / 1000;
		this.#panels = new Panels({
			figures: [...document.querySelectorAll<HTMLElement>(".panel")],
			zone: () => this.#zone,
			onChosen: (from, to) => this.#go(from, to),
			onCursor: (at) => this.#readOut(at),
		});
	}

	async begin(): Promise<void> {
		this.#listenToPerson();
		const at = Date.parse(new URLSearchParams(location.search).get("at") ?? "") / 1000;
		if (!Number.isNaN(at)) this.#isFollowing = false;
		this.#to = Number.isNaN(at) ? this.#newest + 300 : at + DAY;
		// Of a young station not the week before it.
		const first = Date.parse(document.body.dataset["first"] ?? "") / 1000;
		const week = this.#to - (SPANS["week"] ?? DAY);
		this.#from = Math.min(Math.max(week, Number.isNaN(first) ? week : first), this.#to - DAY / 4);
		const answer = await fetch(`/v1/stations/${this.#station}`);
		if (answer.ok) this.#limits = ((await answer.json()) as StationAnswer).limits;
		await this.#load();
		listen({
			station: this.#station,
			texts: this.#texts,
			onStation: (summary) => {
				showSummary(document, summary, this.#texts);
				if (summary.lastHeard !== null) this.#newest = Date.parse(summary.lastHeard) / 1000;
				if (this.#isFollowing)
					this.#go(this.#newest + 300 - (this.#to - this.#from), this.#newest + 300, true);
			},
			onMany: () => void this.#load(),
		});
	}

	#go(from: number, to: number, isFollowing = false): void {
		const span = Math.min(Math.max(to - from, SPAN_MIN), SPAN_MAX);
		const middle = (from + to) / 2;
		this.#from = Math.floor(isFollowing ? to - span : middle - span / 2);
		this.#to = this.#from + Math.ceil(span);
		this.#isFollowing = isFollowing;
		void this.#load();
	}

	async #load(): Promise<void> {
		const asked = ++this.#asked;
		const problem = document.querySelector<HTMLElement>("[data-problem]");
		const iso = (seconds: number): string =>
			new Date(seconds * 1000).toISOString().replace(".000", "");
		const period = `from=${iso(this.#from)}&to=${iso(this.#to)}`;
		const columns = Math.min(Math.max(Math.round(document.body.clientWidth), 300), 1200);
		const base = `/v1/stations/${this.#station}`;
		try {
			const [plot, marks, samples] = await Promise.all([
				fetch(`${base}/plot?${period}&columns=${columns}&shown=${this.#shown}`),
				fetch(`${base}/marks?${period}`),
				fetch(`${base}/samples?${period}`),
			]);
			if (asked !== this.#asked) return;
			if (!plot.ok || !marks.ok || !samples.ok) throw new Error(String(plot.status));
			const shownMarks = (await marks.json()) as { marks: readonly Mark[] };
			const taken = (await samples.json()) as { samples: readonly Sample[] };
			this.#show((await plot.json()) as Plot, shownMarks.marks, taken.samples);
			if (problem !== null) problem.textContent = "";
		} catch (error) {
			if (problem !== null) problem.textContent = this.#texts["failed"] ?? String(error);
		}
	}

	#show(plot: Plot, marks: readonly Mark[], samples: readonly Sample[]): void {
		const shownMarks = marks.flatMap(({ time, kind, name }): PanelMark[] => {
			const of = kind === "event" && name === "service" ? "service" : kind;
			if (time === null || !["alarm", "calibration", "service"].includes(of)) return [];
			return [{ seconds: Date.parse(time) / 1000, kind: of }];
		});
		// Several parameters of one bottle are one mark.
		for (const seconds of new Set(samples.map((sample) => sample.seconds)))
			shownMarks.push({ seconds, kind: "sample" });
		const period = { from: this.#from, to: this.#to };
		for (const name of Object.keys(plot.channels)) {
			const channel = decodedChannel(plot, name, this.#shown);
			if (channel === undefined) continue;
			this.#channels.set(name, channel);
			const drawn = {
				channel,
				holes: plot.holes,
				marks: shownMarks,
				samples: this.#shown === "raw" ? [] : samples.filter((sample) => sample.channel === name),
				limits:
					this.#shown === "raw" ? [] : this.#limits.filter(({ quantity }) => quantity === name),
				reasonOf: (reason: string) => this.#texts[`gap-${reason}`] ?? this.#texts["gap"] ?? reason,
			};
			this.#panels.show(name, drawn, period, this.#wordsOf(name, channel));
		}
		this.#noteZone();
		const note = document.querySelector<HTMLElement>('[data-note="columns"]');
		const hours = (plot.columnSeconds / 3600).toFixed(1);
		if (note !== null)
			note.textContent =
				plot.columnSeconds === 0
					? ""
					: (this.#texts["column-note"] ?? "").replace("{hours}", hours);
		this.#fillOpenTables();
		this.#listMarks(marks);
		this.#listSamples(samples);
		document.body.dataset["loaded"] = `${this.#from} ${this.#to}`;
	}

	#wordsOf(name: string, { times, least, greatest, decimals }: DecodedChannel): string {
		const lows = least.filter((each): each is number => each !== null);
		const highs = greatest.filter((each): each is number => each !== null);
		const title = this.#texts[`channel-${name}`] ?? name;
		if (lows.length === 0) return `${title}: ${this.#texts["no-data"] ?? ""}`;
		const low = lows.reduce((a, b) => Math.min(a, b)).toFixed(decimals);
		const high = highs.reduce((a, b) => Math.max(a, b)).toFixed(decimals);
		const from = shownTime(times[0] ?? 0, { zone: this.#zone });
		return `${title}: ${low} … ${high}, ${from} – ${shownTime(times.at(-1) ?? 0, { zone: this.#zone })}`;
	}

	#noteZone(): void {
		const note = document.querySelector<HTMLElement>('[data-note="zone"]');
		if (note === null) return;
		const [from, to] = [this.#from, this.#to].map((seconds) =>
			offsetOf(seconds, { zone: this.#zone }),
		);
		const isOther = this.#zone !== "UTC";
		note.textContent = isOther
			? (this.#texts["zone-note"] ?? "").replace("{from}", from ?? "").replace("{to}", to ?? "")
			: "";
	}

	#readOut(at: number | undefined): void {
		const element = document.querySelector<HTMLElement>("[data-readout]");
		if (element === null) return;
		const [first] = this.#channels.values();
		if (at === undefined || first === undefined) {
			element.textContent = "";
			return;
		}
		const values = [...this.#channels].map(([name, { least, greatest, decimals, judged }]) => {
			const low = least[at] ?? null;
			const high = greatest[at] ?? null;
			const flag = judged[at] ?? 0;
			const word = flag >= 3 ? ` (${this.#texts[`judged-${flag}`] ?? ""})` : "";
			const text = low === null ? "–" : low.toFixed(decimals);
			const range = high === null || high === low ? text : `${text} … ${high.toFixed(decimals)}`;
			return `${this.#texts[`channel-${name}`] ?? name} ${range}${word}`;
		});
		element.textContent = `${shownTime(first.times[at] ?? 0, { zone: this.#zone })}: ${values.join(", ")}`;
	}

	#listMarks(marks: readonly Mark[]): void {
		const element = document.querySelector<HTMLElement>("[data-marks]");
		if (element === null) return;
		const table = document.createElement("table");
		for (const mark of marks
			.filter(({ kind }) => MARK_KINDS.includes(kind))
			.slice(-300)
			.reverse()) {
			const row = table.insertRow();
			const { time, kind, name, text, channel } = mark;
			const words = [
				time === null ? "" : shownTime(Date.parse(time) / 1000, { zone: this.#zone }),
				this.#texts[`kind-${kind}`] ?? kind,
				(this.#texts[`name-${name}`] ?? name) + this.#phaseOf(mark),
				channel === null ? "" : (this.#texts[`probe-${channel}`] ?? channel),
				text,
			];
			for (const word of words) row.insertCell().textContent = word;
		}
		element.replaceChildren(table);
	}

	#phaseOf({ details }: Mark): string {
		const { phase } = details;
		return typeof phase === "string" ? `, ${this.#texts[`phase-${phase}`] ?? phase}` : "";
	}

	#listSamples(samples: readonly Sample[]): void {
		const element = document.querySelector<HTMLElement>("[data-samples]");
		if (element === null) return;
		const table = document.createElement("table");
		for (const { time, parameter, isBelow, value, unit, laboratory } of [...samples].reverse()) {
			const row = table.insertRow();
			const words = [
				time.replace("T", " ").replace(/:\d\dZ$/, " UTC"),
				(this.#texts[`param-${parameter}`] ?? parameter) +
					(/^[A-Z][a-z]?$/.test(parameter) ? ` (${parameter})` : ""),
				`${isBelow ? "<" : ""}${value}${unit === "pH" ? "" : ` ${unit}`}`,
				laboratory,
			];
			for (const word of words) row.insertCell().textContent = word;
		}
		element.replaceChildren(table);
	}

	#fillOpenTables(): void {
		for (const figure of document.querySelectorAll<HTMLElement>(".panel")) {
			const channel = this.#channels.get(figure.dataset["channel"] ?? "");
			const details = figure.querySelector("details");
			const element = figure.querySelector<HTMLElement>(".rows");
			if (channel === undefined || element === null || details?.open !== true) continue;
			fillTable(element, channel, this.#zone, this.#texts);
		}
	}

	#act(action: string): void {
		const span = this.#to - this.#from;
		const step = span / 4;
		if (action === "earlier") this.#go(this.#from - step, this.#to - step);
		if (action === "later") this.#go(this.#from + step, this.#to + step);
		if (action === "closer") this.#go(this.#from + step, this.#to - step);
		if (action === "wider") this.#go(this.#from - span / 2, this.#to + span / 2);
		if (action === "newest") this.#go(this.#newest + 300 - span, this.#newest + 300, true);
	}

	#listenToPerson(): void {
		for (const button of document.querySelectorAll<HTMLElement>("[data-action]"))
			button.addEventListener("click", () => this.#act(button.dataset["action"] ?? ""));
		for (const button of document.querySelectorAll<HTMLElement>("[data-span]"))
			button.addEventListener("click", () => {
				const span = SPANS[button.dataset["span"] ?? ""] ?? DAY;
				if (this.#isFollowing) this.#go(this.#newest + 300 - span, this.#newest + 300, true);
				else this.#go((this.#from + this.#to - span) / 2, (this.#from + this.#to + span) / 2);
			});
		const onChange = (control: string, change: (value: string) => void): void => {
			const element = document.querySelector<HTMLInputElement>(`[data-control="${control}"]`);
			element?.addEventListener("change", () => change(element.value));
		};
		onChange("date", (date) => {
			const at = Date.parse(`${date}T00:00:00Z`) / 1000;
			if (!Number.isNaN(at)) this.#go(at, at + DAY);
		});
		onChange("zone", (zone) => {
			this.#zone = zone;
			this.#panels.repaint();
			void this.#load();
		});
		onChange("shown", (shown) => {
			this.#shown = shown as Shown;
			void this.#load();
		});
		for (const details of document.querySelectorAll(".as-table"))
			details.addEventListener("toggle", () => this.#fillOpenTables());
		document
			.querySelector(".plots")
			?.addEventListener("keydown", (event) => this.#onKey(event as KeyboardEvent));
		addEventListener("beforeprint", () => this.#print(true));
		addEventListener("afterprint", () => this.#print(false));
	}

	#onKey(event: KeyboardEvent): void {
		if (event.target instanceof Element && event.target.matches("input, select, summary")) return;
		const { key, shiftKey } = event;
		if (shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) {
			this.#panels.walk(key === "ArrowLeft" ? -1 : 1);
			event.preventDefault();
			return;
		}
		const action = new Map([
			["ArrowLeft", "earlier"],
			["ArrowRight", "later"],
			["+", "closer"],
			["=", "closer"],
			["-", "wider"],
			["Home", "newest"],
		]).get(key);
		if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
		this.#act(action);
		event.preventDefault();
	}

	/** On paper the light colours. */
	#print(isPrinting: boolean): void {
		document.documentElement.classList.toggle("printing", isPrinting);
		this.#panels.repaint(isPrinting ? PAPER_PIXELS : undefined);
	}
}
