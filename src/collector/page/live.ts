/** News by server-sent events, shown in the cells that already stand there. */

export interface LiveOptions {
	readonly station: string | undefined;
	readonly texts: Readonly<Record<string, string>>;
	readonly onStation: (summary: Summary) => void;
	/** So much changed that looking again is shorter. */
	readonly onMany: () => void;
}

export interface Summary {
	readonly station: string;
	readonly lastHeard: string | null;
	readonly bufferPercent: number | null;
	readonly values: Readonly<
		Record<
			string,
			{
				readonly value: string;
				readonly unit: string;
				readonly flags: string;
				readonly judged: string;
			}
		>
	>;
	readonly alarms: readonly { readonly name: string; readonly time: string | null }[];
}

const SIGNS: Readonly<Record<string, string>> = Object.freeze({ 3: "△", 4: "✕", 9: "□" });

export function listen({ station, texts, onStation, onMany }: LiveOptions): void {
	const query = station === undefined ? "" : `?station=${encodeURIComponent(station)}`;
	const source = new EventSource(`/v1/events${query}`);
	const shown = document.querySelector<HTMLElement>("[data-live]");
	const announce = (key: string): void => {
		if (shown !== null) shown.textContent = texts[key] ?? "";
	};
	source.addEventListener("open", () => announce("live"));
	source.addEventListener("error", () => announce("not-live"));
	source.addEventListener("station", (event) => onStation(JSON.parse(event.data) as Summary));
	source.addEventListener("many", onMany);
}

/** Puts a summary into `container`: the station's row, or the whole page. */
export function showSummary(
	container: ParentNode,
	summary: Summary,
	texts: Readonly<Record<string, string>>,
): void {
	for (const [name, value] of Object.entries(summary.values)) {
		const found = container.querySelector(`[data-field="${name}"]`);
		const cell = found?.querySelector("dd") ?? found;
		if (cell !== null && cell !== undefined) showValue(cell, value, texts);
	}
	const { lastHeard, bufferPercent, alarms } = summary;
	const heard = container.querySelector('[data-field="lastHeard"], [data-fact="last-heard"]');
	if (heard !== null && lastHeard !== null) {
		const time = document.createElement("time");
		time.dateTime = lastHeard;
		time.textContent = lastHeard.replace("T", " ").replace(/:\d\dZ$/, " UTC");
		heard.replaceChildren(time);
	}
	const buffer = container.querySelector('[data-field="buffer"], [data-fact="buffer"]');
	if (buffer !== null && bufferPercent !== null) buffer.textContent = `${bufferPercent} %`;
	const alarm = container.querySelector('[data-field="alarms"], [data-fact="alarms"]');
	if (alarm === null) return;
	alarm.textContent =
		alarms.length === 0
			? (texts["no-alarm"] ?? "")
			: alarms.map(({ name }) => `▲ ${texts[`name-${name}`] ?? name}`).join(", ");
}

function showValue(
	cell: Element,
	{ value, unit, flags, judged }: Summary["values"][string],
	texts: Readonly<Record<string, string>>,
): void {
	const parts: Node[] = [];
	const span = (name: string, text: string): HTMLElement => {
		const made = document.createElement("span");
		made.className = name;
		made.textContent = text;
		parts.push(made, document.createTextNode(" "));
		return made;
	};
	span(value === "" ? "none" : "value", value === "" ? "–" : value);
	if (value !== "" && unit !== "" && unit !== "pH") span("unit", unit);
	const words = [
		judged in SIGNS ? (texts[`judged-${judged}`] ?? "") : "",
		...flags.split(" ").map((flag) => (flag === "" ? "" : (texts[`flag-${flag}`] ?? flag))),
	].filter((each) => each !== "");
	if (words.length > 0) {
		const mark = span(`judged j${judged}`, SIGNS[judged] ?? "•");
		mark.title = words.join("; ");
		const unseen = document.createElement("span");
		unseen.className = "unseen";
		unseen.textContent = ` ${words.join("; ")}`;
		mark.append(unseen);
	}
	cell.replaceChildren(...parts);
}
