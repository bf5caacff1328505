/** What is used of packages that bring no types, or types of what nobody here uses. */

declare module "oled-font-5x7" {
	const font: {
		readonly width: number;
		readonly height: number;
		/** `width` bytes for each character of `lookup`: a column each, the lowest bit on top. */
		readonly fontData: readonly number[];
		readonly lookup: readonly string[];
	};
	export default font;
}

declare module "fast-png" {
	export interface Grey {
		readonly width: number;
		readonly height: number;
		/** A byte for each point, 0 is black. */
		readonly data: Uint8Array;
		readonly depth: 8;
		readonly channels: 1;
	}
	export function encode(image: Grey): Uint8Array;
	export function decode(png: Uint8Array): Grey;
}
