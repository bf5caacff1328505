/** Places along the rivers, and where they are in the drawing. Sources: docs/PUBLISHING.md, section 7. */

interface RiverNode {
	readonly id: string;
	readonly x: number;
	readonly y: number;
	/** Its name stands below; else above. */
	readonly isBelow?: boolean;
}

/** Downstream from left to right, both to the Danube. */
export const RIVER_NODES: readonly RiverNode[] = Object.freeze([
	{ id: "bor", x: 40, y: 70 },
	{ id: "slatina", x: 150, y: 70 },
	{ id: "bela-reka", x: 260, y: 70, isBelow: true },
	{ id: "rgotina", x: 370, y: 70 },
	{ id: "vrazogrnac", x: 480, y: 70 },
	{ id: "zajecar", x: 400, y: 150, isBelow: true },
	{ id: "timok", x: 590, y: 70 },
	{ id: "majdanpek", x: 40, y: 230 },
	{ id: "debeli-lug", x: 135, y: 230, isBelow: true },
	{ id: "blagojev-kamen", x: 235, y: 230 },
	{ id: "voluja", x: 325, y: 230, isBelow: true },
	{ id: "neresnica", x: 405, y: 230 },
	{ id: "kucevo", x: 480, y: 230, isBelow: true },
	{ id: "kusici", x: 565, y: 230 },
	{ id: "veliko-gradiste", x: 660, y: 230, isBelow: true },
]);

export const SCHEMATIC_PLACES: readonly string[] = Object.freeze(RIVER_NODES.map(({ id }) => id));
