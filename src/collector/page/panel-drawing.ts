/** What a panel draws besides its lines: gaps as hatched bands, flags as marks and as a track, events, limits. */
import type uPlotType from "uplot";
import type { DecodedChannel } from "./decoded-plot.js";

export interface Palette {
	readonly ink: string;
	readonly soft: string;
	readonly line: string;
	readonly water: string;
	readonly band: string;
	readonly suspect: string;
	readonly bad: string;
	readonly missing: string;
	readonly gap: string;
	readonly limit: string;
}

export interface PanelMark {
	readonly seconds: number;
	readonly kind: string;
}

/** What a laboratory found of the panel's quantity. */
export interface PanelSample {
	readonly seconds: number;
	readonly value: string;
	/** Below detection: the value is the limit of it. */
	readonly isBelow: boolean;
}

export interface Drawn {
	readonly channel: DecodedChannel;
	readonly holes: readonly (readonly [number, number, string])[];
	readonly marks: readonly PanelMark[];
	readonly samples: readonly PanelSample[];
	readonly limits: readonly { readonly low?: number; readonly high?: number }[];
	readonly reasonOf: (reason: string) => string;
}

/** Of the track below, CSS pixels; the plot's padding leaves it room. */
export const TRACK_PIXELS = 12;
const HATCH_PIXELS = 7;
const MARK_PIXELS = 4;

export function paletteNow(): Palette {
	const style = getComputedStyle(document.documentElement);
	const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
	return {
		ink: of("ink"),
		soft: of("soft"),
		line: of("line"),
		water: of("water"),
		band: of("band"),
		suspect: of("suspect"),
		bad: of("bad"),
		missing: of("missing"),
		gap: of("gap"),
		limit: of("limit"),
	};
}

export function drawHoles(plot: uPlotType, { holes, reasonOf }: Drawn, palette: Palette): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	for (const [from, to, reason] of holes) {
		const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
		const right = Math.min(plot.valToPos(to, "x", true), bbox.left + bbox.width);
		if (right - left < 1) continue;
		ctx.save();
		ctx.beginPath();
		ctx.rect(left, bbox.top, right - left, bbox.height);
		ctx.clip();
		ctx.strokeStyle = palette.gap;
		ctx.lineWidth = ratio;
		ctx.beginPath();
		for (let x = left - bbox.height; x < right; x += HATCH_PIXELS * ratio) {
			ctx.moveTo(x, bbox.top + bbox.height);
			ctx.lineTo(x + bbox.height, bbox.top);
		}
		ctx.stroke();
		const text = reasonOf(reason);
		ctx.font = `${11 * ratio}px system-ui, sans-serif`;
		if (ctx.measureText(text).width < right - left - 8 * ratio) {
			ctx.fillStyle = palette.ink;
			ctx.textAlign = "center";
			ctx.fillText(text, (left + right) / 2, bbox.top + 14 * ratio);
		}
		ctx.restore();
	}
}

export function drawLimits(plot: uPlotType, { limits }: Drawn, palette: Palette): void {
	const { ctx, bbox } = plot;
	ctx.save();
	ctx.strokeStyle = palette.limit;
	ctx.lineWidth = devicePixelRatio;
	ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
	for (const bound of limits.flatMap(({ low, high }) => [low, high])) {
		if (bound === undefined) continue;
		const y = plot.valToPos(bound, "y", true);
		if (y < bbox.top || y > bbox.top + bbox.height) continue;
		ctx.beginPath();
		ctx.moveTo(bbox.left, y);
		ctx.lineTo(bbox.left + bbox.width, y);
		ctx.stroke();
	}
	ctx.restore();
}

/** Suspect: open triangle. Bad: cross. Missing: open square on the track, since there is no value to stand at. */
export function drawFlags(plot: uPlotType, { channel }: Drawn, palette: Palette): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	const size = MARK_PIXELS * ratio;
	const trackTop = bbox.top + bbox.height + 2 * ratio;
	ctx.save();
	ctx.lineWidth = 1.5 * ratio;
	const [min = 0, max = 0] = [plot.scales["x"]?.min, plot.scales["x"]?.max];
	channel.times.forEach((time, at) => {
		if (time < min || time > max) return;
		const judged = channel.judged[at] ?? 0;
		const flags = channel.flags[at] ?? "";
		if (judged < 3 && flags === "") return;
		const x = plot.valToPos(time, "x", true);
		const colour = judged === 4 ? palette.bad : judged === 9 ? palette.missing : palette.suspect;
		ctx.strokeStyle = colour;
		ctx.fillStyle = colour;
		ctx.fillRect(x - ratio, trackTop, 2 * ratio, (TRACK_PIXELS - 4) * ratio);
		const value = channel.greatest[at];
		const y = value === null || value === undefined ? undefined : plot.valToPos(value, "y", true);
		ctx.beginPath();
		if (judged === 4 && y !== undefined) {
			ctx.moveTo(x - size, y - size);
			ctx.lineTo(x + size, y + size);
			ctx.moveTo(x + size, y - size);
			ctx.lineTo(x - size, y + size);
		} else if (y !== undefined && (judged === 3 || flags !== "")) {
			ctx.moveTo(x, y - size);
			ctx.lineTo(x + size, y + size);
			ctx.lineTo(x - size, y + size);
			ctx.closePath();
		} else if (judged === 9) {
			ctx.rect(x - size / 2, trackTop, size, size);
		}
		ctx.stroke();
	});
	ctx.restore();
}

/** A filled square with a rim; below detection open, since the water had less. */
export function drawSamples(plot: uPlotType, { samples }: Drawn, palette: Palette): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	const size = 4.5 * ratio;
	ctx.save();
	ctx.strokeStyle = palette.ink;
	ctx.fillStyle = palette.ink;
	ctx.lineWidth = 1.5 * ratio;
	for (const { seconds, value, isBelow } of samples) {
		const x = plot.valToPos(seconds, "x", true);
		const y = plot.valToPos(Number(value), "y", true);
		if (x < bbox.left || x > bbox.left + bbox.width) continue;
		ctx.beginPath();
		ctx.rect(x - size, y - size, 2 * size, 2 * size);
		if (isBelow) ctx.stroke();
		else ctx.fill();
	}
	ctx.restore();
}

/**
 * Alarm: filled triangle; calibration: diamond; service: ring; sample: open square, on a line through the panel.
 */
export function drawMarks(plot: uPlotType, { marks }: Drawn, palette: Palette): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	const size = 5 * ratio;
	ctx.save();
	for (const { seconds, kind } of marks) {
		const x = plot.valToPos(seconds, "x", true);
		if (x < bbox.left || x > bbox.left + bbox.width) continue;
		const y = bbox.top + size + ratio;
		ctx.strokeStyle = kind === "alarm" ? palette.bad : palette.soft;
		ctx.fillStyle = ctx.strokeStyle;
		ctx.lineWidth = ratio;
		ctx.setLineDash([2 * ratio, 3 * ratio]);
		ctx.beginPath();
		ctx.moveTo(x, y);
		ctx.lineTo(x, bbox.top + bbox.height);
		ctx.stroke();
		ctx.setLineDash([]);
		ctx.beginPath();
		if (kind === "alarm") {
			ctx.moveTo(x, y - size);
			ctx.lineTo(x + size, y + size);
			ctx.lineTo(x - size, y + size);
		} else if (kind === "calibration") {
			ctx.moveTo(x, y - size);
			ctx.lineTo(x + size, y);
			ctx.lineTo(x, y + size);
			ctx.lineTo(x - size, y);
		} else if (kind === "sample") {
			ctx.rect(x - size + ratio, y - size + ratio, 2 * (size - ratio), 2 * (size - ratio));
		} else ctx.arc(x, y, size - ratio, 0, 2 * Math.PI);
		ctx.closePath();
		if (kind === "service" || kind === "sample") ctx.stroke();
		else ctx.fill();
	}
	ctx.restore();
}
