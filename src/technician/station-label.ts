/** What is stuck on a station's box: its name, its board, the beginning of its key's digest, and a QR code of the same. */
import encodeQR from "qr";

export interface LabelFacts {
	readonly station: string;
	readonly mac: string;
	readonly fingerprint: string;
}

/** Dots of the code's border and of one module, in units of the drawing. */
export const BORDER_MODULES = 4;
const TEXT_WIDTH = 46;
const LINE_HEIGHT = 8;

/** A line each; no secret is among them. */
export function labelText({ station, mac, fingerprint }: LabelFacts): string {
	return `${station}\n${mac}\n${fingerprint}\n`;
}

/** What the code says: the same, on one line. */
export function labelCode({ station, mac, fingerprint }: LabelFacts): string {
	return `bistrina ${station} ${mac} ${fingerprint}`;
}

/** A drawing of some hundred rectangles; print it as large as the label is. */
export function labelSvg(facts: LabelFacts): string {
	const modules = encodeQR(labelCode(facts), "raw", { border: BORDER_MODULES });
	const size = modules.length;
	const dots = modules
		.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")))
		.join("");
	const lines = labelText(facts)
		.trimEnd()
		.split("\n")
		.map((line, index) => {
			const weight = index === 0 ? ' font-weight="bold"' : "";
			return `<text x="${size}" y="${BORDER_MODULES + (index + 1) * LINE_HEIGHT}"${weight}>${line}</text>`;
		});
	return (
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size + TEXT_WIDTH} ${size}" ` +
		'font-family="monospace" font-size="4.5">\n' +
		`<rect width="100%" height="100%" fill="#fff"/>\n<path d="${dots}"/>\n${lines.join("\n")}\n</svg>\n`
	);
}
