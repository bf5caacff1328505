/** A label as points, for printers of labels: the code, and name, board and fingerprint in letters of 5 x 7 dots. */
import { encode } from "fast-png";
import font from "oled-font-5x7";
import encodeQR from "qr";
import { BORDER_MODULES, type LabelFacts, labelCode, labelText } from "./station-label.js";

/** Points of a module of the code: 0.68 mm at 300 points an inch, on a label of 57 x 28 mm. */
const MODULE_POINTS = 8;
/** Points of a letter's dot: of the name, which is read from afar, and of the other lines. */
const NAME_DOT_POINTS = 6;
const DOT_POINTS = 3;
/** Of 17 letters, the MAC's, with a dot between two. */
const TEXT_POINTS = 17 * (font.width + 1) * DOT_POINTS;
const GAP_POINTS = 3 * MODULE_POINTS;

/** A PNG, black on white. */
export function labelPng(facts: LabelFacts): Uint8Array {
	const modules = encodeQR(labelCode(facts), "raw", { border: BORDER_MODULES });
	const height = modules.length * MODULE_POINTS;
	const width = height + TEXT_POINTS + BORDER_MODULES * MODULE_POINTS;
	const data = new Uint8Array(width * height).fill(0xff);
	const dot = (x: number, y: number, points: number): void => {
		for (let row = y; row < y + points; row++)
			data.fill(0, row * width + x, row * width + x + points);
	};
	for (const [y, row] of modules.entries()) {
		for (const [x, isDark] of row.entries()) {
			if (isDark) dot(x * MODULE_POINTS, y * MODULE_POINTS, MODULE_POINTS);
		}
	}
	let top = BORDER_MODULES * MODULE_POINTS;
	for (const [index, line] of labelText(facts).trimEnd().split("\n").entries()) {
		const points = index === 0 ? NAME_DOT_POINTS : DOT_POINTS;
		for (const [at, letter] of [...line].entries()) {
			const left = height + at * (font.width + 1) * points;
			for (const [x, y] of dotsOf(letter)) dot(left + x * points, top + y * points, points);
		}
		top += font.height * points + GAP_POINTS;
	}
	return encode({ width, height, data, depth: 8, channels: 1 });
}

/** Column and row of each dot of a letter. */
export function dotsOf(letter: string): readonly (readonly [x: number, y: number])[] {
	const { width, height, fontData, lookup } = font;
	const index = lookup.indexOf(letter);
	const dots: [number, number][] = [];
	for (let x = 0; index >= 0 && x < width; x++) {
		const column = fontData[index * width + x] ?? 0;
		for (let y = 0; y < height; y++) if ((column >> y) & 1) dots.push([x, y]);
	}
	return dots;
}
