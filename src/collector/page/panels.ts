/** The panels of a station: one plot for each channel over one time axis. */
import type uPlotType from "uplot";
import type { DecodedChannel } from "./decoded-plot.js";
import {
	type Drawn,
	drawFlags,
	drawHoles,
	drawLimits,
	drawMarks,
	drawSamples,
	type Palette,
	paletteNow,
	TRACK_PIXELS,
} from "./panel-drawing.js";
import { shownTime } from "./times.js";

declare const uPlot: typeof uPlotType;

export interface PanelsOptions {
	readonly figures: readonly HTMLElement[];
	readonly zone: () => string;
	/** The person dragged a period. */
	readonly onChosen: (from: number, to: number) => void;
	readonly onCursor: (at: number | undefined) => void;
}

const HEIGHT_PIXELS = 170;
const SYNC = "bistrina";

interface Panel {
	readonly name: string;
	readonly host: HTMLElement & { plot?: uPlotType };
	drawn: Drawn | undefined;
	plot: uPlotType | undefined;
	isBand: boolean;
}

export class Panels {
	readonly #options: PanelsOptions;
	readonly #panels: readonly Panel[];
	#palette: Palette = paletteNow();
	#paperPixels: number | undefined;

	constructor(options: PanelsOptions) {
		this.#options = options;
		this.#panels = options.figures.map((figure) => ({
			name: figure.dataset["channel"] ?? "",
			host: figure.querySelector<HTMLElement>(".plot") ?? figure,
			drawn: undefined,
			plot: undefined,
			isBand: false,
		}));
		addEventListener("resize", () => this.#resize());
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
	}

	show(name: string, drawn: Drawn, period: { from: number; to: number }, words: string): void {
		const panel = this.#panels.find((each) => each.name === name);
		if (panel === undefined) return;
		panel.drawn = drawn;
		const { channel } = drawn;
		const isBand = !channel.isExact;
		const data = dataOf(channel);
		if (panel.plot === undefined || panel.isBand !== isBand) {
			panel.plot?.destroy();
			panel.isBand = isBand;
			panel.plot = new uPlot(this.#optionsOf(panel, isBand), data, panel.host);
			panel.host.plot = panel.plot;
		} else panel.plot.setData(data, false);
		panel.plot.setScale("x", { min: period.from, max: period.to });
		panel.host.setAttribute("aria-label", words);
	}

	/** All in the colours of now; on paper as wide as paper is. */
	repaint(widthPixels?: number): void {
		this.#paperPixels = widthPixels;
		this.#palette = paletteNow();
		for (const panel of this.#panels) {
			const { plot, drawn } = panel;
			if (plot === undefined || drawn === undefined) continue;
			const { min = 0, max = 1 } = plot.scales["x"] ?? {};
			plot.destroy();
			panel.plot = new uPlot(
				this.#optionsOf(panel, panel.isBand),
				dataOf(drawn.channel),
				panel.host,
			);
			panel.host.plot = panel.plot;
			panel.plot.setScale("x", { min, max });
		}
	}

	/** From value to value with the keyboard; the place in the data. */
	walk(steps: number): number | undefined {
		const first = this.#panels[0]?.plot;
		if (first === undefined) return undefined;
		const times = first.data[0];
		const now = first.cursor.idx ?? (steps > 0 ? -1 : times.length);
		const at = Math.min(Math.max(now + steps, 0), times.length - 1);
		const left = first.valToPos(times[at] ?? 0, "x");
		for (const { plot } of this.#panels) plot?.setCursor({ left, top: 10 });
		return at;
	}

	#resize(): void {
		for (const { plot, host } of this.#panels)
			plot?.setSize({ width: host.clientWidth, height: HEIGHT_PIXELS });
	}

	#optionsOf(panel: Panel, isBand: boolean): uPlotType.Options {
		const palette = this.#palette;
		const axis = {
			stroke: palette.soft,
			grid: { stroke: palette.line, width: 1 },
			ticks: { stroke: palette.line, width: 1 },
			font: "12px system-ui, sans-serif",
		};
		const line = { stroke: palette.water, width: 1.5, points: { show: false } };
		const dots = { ...line, points: { size: 4, stroke: palette.water, fill: palette.water } };
		const onDrawn = (draw: typeof drawFlags) => (plot: uPlotType) => {
			if (panel.drawn !== undefined) draw(plot, panel.drawn, this.#palette);
		};
		return {
			width: this.#paperPixels ?? Math.max(panel.host.clientWidth, 200),
			height: HEIGHT_PIXELS,
			padding: [8, 20, TRACK_PIXELS, 0],
			legend: { show: false },
			tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.#options.zone()),
			cursor: {
				sync: { key: SYNC, setSeries: false },
				drag: { x: true, y: false, setScale: false },
				y: false,
			},
			scales: {
				x: { time: true, auto: false },
				y: { range: (_plot, min, max) => yRange(panel.drawn, min, max) },
			},
			axes: [
				{ ...axis, values: (_plot, splits) => this.#labelsOf(splits) },
				{ ...axis, size: 58 },
			],
			series: isBand ? [{}, { ...line, width: 1 }, { ...line, width: 1 }] : [{}, dots],
			...(isBand ? { bands: [{ series: [2, 1], fill: palette.band }] } : {}),
			hooks: {
				drawClear: [onDrawn(drawHoles)],
				draw: [drawLimits, drawFlags, drawMarks, drawSamples].map(onDrawn),
				setCursor: [
					(plot) => {
						if (plot === this.#panels[0]?.plot)
							this.#options.onCursor(plot.cursor.idx ?? undefined);
					},
				],
				setSelect: [
					(plot) => {
						const { left, width } = plot.select;
						if (width < 4) return;
						const from = plot.posToVal(left, "x");
						const to = plot.posToVal(left + width, "x");
						plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
						this.#options.onChosen(Math.floor(from), Math.ceil(to));
					},
				],
			},
		};
	}

	/** A day where it begins or the step is days, the time of day else. */
	#labelsOf(splits: readonly number[]): string[] {
		const zone = this.#options.zone();
		const step = (splits[1] ?? 0) - (splits[0] ?? 0);
		return splits.map((seconds, at) => {
			const [date = "", time = ""] = shownTime(seconds, { zone }).split(" ");
			if (step >= 28 * 86_400) return date.slice(0, 7);
			if (step >= 86_400 - 3600) return date.slice(5);
			return time === "00:00" || at === 0 ? `${date.slice(5)}\n${time}` : time;
		});
	}
}

function dataOf(channel: DecodedChannel): uPlotType.AlignedData {
	const { times, least, greatest, isExact } = channel;
	const data = isExact ? [times, least] : [times, least, greatest];
	return data as unknown as uPlotType.AlignedData;
}

/** With samples. Room for marks above and below, and a flat line in the middle. */
function yRange(
	drawn: Drawn | undefined,
	least: number | null,
	greatest: number | null,
): [number, number] {
	const taken = (drawn?.samples ?? []).map(({ value }) => Number(value));
	if (least !== null && greatest !== null) taken.push(least, greatest);
	if (taken.length === 0) return [0, 1];
	const [min, max] = [Math.min(...taken), Math.max(...taken)];
	const room = Math.max((max - min) * 0.08, Math.abs(max) * 1e-3, 1e-3);
	return [min - room, max + room];
}
