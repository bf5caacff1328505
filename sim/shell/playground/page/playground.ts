/** The playground's script: asks twice a second how the world is, draws truth and readings, sends what is pressed. */
import type uPlotType from "uplot";

declare const uPlot: typeof uPlotType;

interface Mark {
	readonly id: number;
	readonly utcSeconds: number;
	readonly text: string;
}

interface State {
	readonly utcSeconds: number;
	readonly speed: number;
	readonly isPaused: boolean;
	readonly collector: string;
	readonly state: string;
	readonly waiting: number;
	readonly readingUtcSeconds: number;
	readonly pressed: readonly string[];
	readonly marks: readonly Mark[];
}

const STATE_MILLISECONDS = 500;
const PLOT_MILLISECONDS = 1000;
const HEIGHT_PIXELS = 150;
/** Between two labels of time, "10-01 03:00", so that they stay apart. */
const LABEL_PIXELS = 90;
/** As readings.csv names them. */
const COLUMNS: Readonly<Record<string, string>> = Object.freeze({
	ph: "ph",
	temperature: "temperature_c",
	ec25: "ec25_us_cm",
	turbidity: "turbidity_ntu",
});

type Column = (number | null)[];

function found<Kind extends Element>(selector: string): Kind {
	const element = document.querySelector<Kind>(selector);
	if (element === null) throw new Error(`the page has no ${selector}`);
	return element;
}

const form = found<HTMLFormElement>("form");
const [station, speed, hours] = ["station", "speed", "hours"].map((name) =>
	found<HTMLSelectElement>(`select[name="${name}"]`),
) as [HTMLSelectElement, HTMLSelectElement, HTMLSelectElement];
const pause = found<HTMLButtonElement>('button[name="pause"]');
const list = found<HTMLOListElement>("ol.marks");
const none = list.innerHTML === "" ? undefined : list.firstElementChild;
const lost = found<HTMLElement>(".lost");
const panels = [...document.querySelectorAll<HTMLElement>(".panel")].map((section) => ({
	name: section.dataset["channel"] ?? "",
	host: found<HTMLElement & { plot?: uPlotType }>(
		`.panel[data-channel="${section.dataset["channel"]}"] .plot`,
	),
}));
let marks: readonly Mark[] = [];
let now = 0;

function timeText(seconds: number): string {
	return `${new Date(1000 * seconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function fact(name: string, text: string): void {
	const element = found<HTMLElement>(`[data-fact="${name}"]`);
	if (element.textContent !== text) element.textContent = text;
}

async function ask(path: string): Promise<Response> {
	const answer = await fetch(path);
	if (!answer.ok) throw new Error(`${answer.status} of ${path}`);
	return answer;
}

async function send(path: string, body: unknown): Promise<void> {
	await fetch(path, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(body),
	});
	await refresh();
}

async function refresh(): Promise<void> {
	const query = new URLSearchParams({
		station: station.value,
		lang: document.body.dataset["language"] ?? "en",
	});
	try {
		show((await (await ask(`/state?${query}`)).json()) as State);
		lost.textContent = "";
	} catch {
		lost.textContent = document.body.dataset["lost"] ?? "";
	}
}

function show(state: State): void {
	now = state.utcSeconds;
	fact("world", timeText(now));
	fact("state", state.state);
	fact("waiting", String(state.waiting));
	fact("last-reading", state.readingUtcSeconds > 0 ? timeText(state.readingUtcSeconds) : "–");
	fact("collector", state.collector);
	for (const button of document.querySelectorAll<HTMLElement>("[data-action][aria-pressed]"))
		button.setAttribute(
			"aria-pressed",
			String(state.pressed.includes(button.dataset["action"] ?? "")),
		);
	pause.setAttribute("aria-pressed", String(state.isPaused));
	if (document.activeElement !== speed) speed.value = String(state.speed);
	const isNew = state.marks.at(-1)?.id !== marks.at(-1)?.id || state.marks.length !== marks.length;
	marks = state.marks;
	if (!isNew) return;
	const rows = [...marks].reverse().map(({ id, utcSeconds, text }) => {
		const row = document.createElement("li");
		row.dataset["mark"] = String(id);
		row.textContent = `${timeText(utcSeconds)}: ${text}`;
		return row;
	});
	list.replaceChildren(
		...(rows.length === 0 && none !== undefined && none !== null ? [none] : rows),
	);
	for (const { host } of panels) host.plot?.redraw();
}

function drawMarks(plot: uPlotType): void {
	const { ctx, bbox } = plot;
	const style = getComputedStyle(document.documentElement);
	ctx.save();
	ctx.strokeStyle = style.getPropertyValue("--bad").trim();
	ctx.setLineDash([4, 4]);
	for (const { utcSeconds } of marks) {
		const x = Math.round(plot.valToPos(utcSeconds, "x", true));
		if (x < bbox.left || x > bbox.left + bbox.width) continue;
		ctx.beginPath();
		ctx.moveTo(x, bbox.top);
		ctx.lineTo(x, bbox.top + bbox.height);
		ctx.stroke();
	}
	ctx.restore();
}

function columnsOf(csv: string): {
	readonly seconds: number[];
	readonly of: Record<string, Column>;
} {
	const [head = "", ...rows] = csv.trim().split(/\r?\n/);
	const names = head.split(",");
	const cells = rows.map((row) => row.split(","));
	const of: Record<string, Column> = {};
	for (const [name, column] of Object.entries(COLUMNS)) {
		const at = names.indexOf(column);
		of[name] = cells.map((row) => ((row[at] ?? "") === "" ? null : Number(row[at])));
	}
	return { seconds: cells.map((row) => Date.parse(row[0] ?? "") / 1000), of };
}

async function draw(): Promise<void> {
	if (now === 0) return;
	const to = Math.floor(now);
	const from = to - 3600 * Number(hours.value);
	const query = new URLSearchParams({
		station: station.value,
		from: String(from),
		to: String(to),
	});
	const [truth, csv] = await Promise.all([
		ask(`/truth?${query}`).then((answer) => answer.json() as Promise<Record<string, number[]>>),
		ask(`/readings?${query}`).then((answer) => answer.text()),
	]);
	const delivered = columnsOf(csv);
	const style = getComputedStyle(document.documentElement);
	const colour = (name: string): string => style.getPropertyValue(name).trim();
	for (const { name, host } of panels) {
		const data = uPlot.join([
			[truth["seconds"] ?? [], truth[name] ?? []],
			[delivered.seconds, delivered.of[name] ?? []],
		]);
		if (host.plot !== undefined) {
			host.plot.setData(data);
			host.plot.setScale("x", { min: from, max: to });
			continue;
		}
		const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line") } };
		host.plot = new uPlot(
			{
				width: host.clientWidth,
				height: HEIGHT_PIXELS,
				legend: { show: false },
				tzDate: (seconds) => uPlot.tzDate(new Date(1000 * seconds), "Etc/UTC"),
				scales: { x: { time: true, min: from, max: to } },
				axes: [
					{
						...axis,
						space: LABEL_PIXELS,
						values: (_plot, splits) => splits.map((each) => timeText(each).slice(5, 16)),
					},
					{ ...axis, size: 60 },
				],
				series: [
					{},
					{ stroke: `${colour("--gap")}90`, width: 1, spanGaps: true, points: { show: false } },
					{
						stroke: colour("--water"),
						width: 1.5,
						spanGaps: true,
						points: { show: true, size: 4 },
					},
				],
				hooks: { draw: [drawMarks] },
			},
			data,
			host,
		);
	}
	document.body.dataset["drawn"] = String(delivered.seconds.length);
}

form.addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll<HTMLElement>("[data-action]"))
	button.addEventListener(
		"click",
		() => void send("/deed", { action: button.dataset["action"], station: station.value }),
	);
const setPace = (isPaused: boolean): void =>
	void send("/pace", { speed: Number(speed.value), isPaused });
const isPausedNow = (): boolean => pause.getAttribute("aria-pressed") === "true";
speed.addEventListener("change", () => setPace(isPausedNow()));
pause.addEventListener("click", () => setPace(!isPausedNow()));
for (const select of [station, hours])
	select.addEventListener("change", () => void refresh().then(draw));
addEventListener("resize", () => {
	for (const { host } of panels)
		host.plot?.setSize({ width: host.clientWidth, height: HEIGHT_PIXELS });
});

/** One after the other: a machine that is slow is not asked twice at once. */
async function repeat(work: () => Promise<void>, milliseconds: number): Promise<never> {
	for (;;) {
		await work().catch(() => {});
		await new Promise((resolve) => setTimeout(resolve, milliseconds));
	}
}

await refresh();
void repeat(draw, PLOT_MILLISECONDS);
void repeat(refresh, STATE_MILLISECONDS);
