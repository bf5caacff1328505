/** FORMAT.md says by hand how entries lie; the codec goes by its own rows. Both must say the same offsets and types. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHANNEL_SETS } from "../../src/protocol/record/channel-set.js";
import {
	ENTRY_KINDS,
	ENTRY_LAYOUTS,
	type FixedKind,
	WIDTHS,
} from "../../src/protocol/record/entry-layouts.js";
import { PROJECT } from "../support/sources.js";

type Place = readonly [at: number, type: string];

/** What the paper has under the heading of a kind: its bytes, and the places of its numbers. */
function placesIn(paper: string, kind: FixedKind): { bytes: number; places: readonly Place[] } {
	const heading = `**${ENTRY_KINDS[kind]} ${kind}**, `;
	const from = paper.indexOf(heading);
	assert.ok(from >= 0, heading);
	const rest = paper.slice(from + heading.length);
	// Up to the next heading; what a part holds by its type is no place of the layout.
	const text = rest.slice(0, rest.search(/\n(?:\*\*|- )/));
	// A table, or a sentence; "3 f64" stands in a table only.
	const inTable = [...text.matchAll(/^\| (\d+) +\| ([iu](?:8|16|32)|3 f64) +\|/gm)];
	const found = inTable.length > 0 ? inTable : [...text.matchAll(/\b(\d+)\s([iu](?:8|16|32))\b/g)];
	return {
		bytes: Number.parseInt(text, 10),
		places: found.map(([, at, type]) => [Number(at), type === "3 f64" ? "f64x3" : (type ?? "")]),
	};
}

/** The same of the codec's rows. */
function placesOf(kind: FixedKind): { bytes: number; places: readonly Place[] } {
	const places: Place[] = [];
	let at = 0;
	for (const [, type] of ENTRY_LAYOUTS[kind]) {
		if (/^[iuf]\d/.test(type)) places.push([at, type.replace("?", "")]);
		at += WIDTHS[type];
	}
	return { bytes: at, places };
}

describe("FORMAT.md", () => {
	const paper = readFileSync(join(PROJECT, "docs/FORMAT.md"), "utf8");

	for (const kind of Object.keys(ENTRY_LAYOUTS) as FixedKind[]) {
		it(`has the numbers of ${kind} where the codec has them`, () => {
			assert.deepEqual(placesIn(paper, kind), placesOf(kind));
		});
	}

	it("has the fields of channel set 1 where the codec has them, and those that set 2 adds", () => {
		const from = paper.indexOf("**1 reading, channel set 1**");
		const second = paper.indexOf("**1 reading, channel set 2**");
		const halves = [...paper.slice(from, second).matchAll(/\| (\d+) +\| ([iu]\d+) +\|/g)];
		const added = paper.slice(second, paper.indexOf("\n**2 ", second));
		const numbers = [...added.matchAll(/\b(\d+) ([iu](?:8|16|32))\b/g)];
		const places = [...halves, ...numbers].map(([, at, type]): Place => [Number(at), type ?? ""]);
		const withOxygen = CHANNEL_SETS.get(2);
		assert.ok(withOxygen !== undefined);
		assert.deepEqual(
			places.sort(([a], [b]) => a - b),
			withOxygen.fields.map(({ offsetBytes, type }) => [offsetBytes, type]),
		);
	});
});
