/** Words of the page: all of them in each language, and colours that can be told from the paper. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { TEXTS, textOf } from "../../../src/collector/publish/texts.js";
import { cyrillicOf } from "../../../src/host/messages/cyrillic.js";
import {
	CALIBRATION_ACTS,
	ENTRY_KINDS,
	GAP_REASONS,
	STATION_FLAGS,
} from "../../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../../src/protocol/record/events.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";

describe("the words of the page", () => {
	it("say every flag, event, reason and kind of the record", () => {
		const wanted = [
			...Object.keys(CHANNEL_FLAGS).map((name) => `flag-${name}`),
			...Object.keys(STATION_FLAGS).map((name) => `station-${name}`),
			...Object.keys(EVENT_CODES).map((name) => `name-${name}`),
			...GAP_REASONS.flatMap((name) => [`gap-${name}`, `name-${name}`]),
			...CALIBRATION_ACTS.map((name) => `name-${name}`),
			...Object.keys(ENTRY_KINDS)
				.filter((kind) => kind !== "reading")
				.map((kind) => `kind-${kind}`),
		];
		assert.deepEqual(
			wanted.filter((key) => !(key in TEXTS)),
			[],
		);
	});

	it("fill the same places in every language", () => {
		const placeholdersOf = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
		for (const key of Object.keys(TEXTS)) {
			const [en, sr, cyrillic] = (["en", "sr", "sr-Cyrl"] as const).map((each) =>
				textOf(each, key),
			);
			assert.deepEqual(placeholdersOf(sr ?? ""), placeholdersOf(en ?? ""), key);
			assert.deepEqual(placeholdersOf(cyrillic ?? ""), placeholdersOf(en ?? ""), key);
		}
	});

	it("become Cyrillic letter by letter, with the exceptions of the language", () => {
		const pairs = {
			"Ljubičasta njiva i džep": "Љубичаста њива и џеп",
			"NJEGOŠ, Njegoš": "ЊЕГОШ, Његош",
			"nadživeti, injekcija, konjunkcija": "надживети, инјекција, конјункција",
			"pH je 7, mutnoća u FNU": "pH је 7, мутноћа у FNU",
			"Potpuno do broja {to}.": "Потпуно до броја {to}.",
			// What stands on the keys.
			"Home najnovije, Shift sa Enter": "Home најновије, Shift са Enter",
			"Potreban je JavaScript.": "Потребан је JavaScript.",
			"đak, ćutanje, šuma, žaba, čaj": "ђак, ћутање, шума, жаба, чај",
		};
		for (const [latin, cyrillic] of Object.entries(pairs))
			assert.equal(cyrillicOf(latin), cyrillic);
	});

	it("say a word of a later version as it is", () => {
		assert.equal(textOf("en", "name-meteor-struck"), "meteor-struck");
		assert.equal(textOf("sr-Cyrl", "constructor"), "constructor");
	});
});

describe("the palettes", () => {
	const style = readFileSync("src/collector/page/page.css", "utf8");
	const palettes = [...style.matchAll(/:root[^{]*\{([^}]*)\}/g)].map(
		([, body = ""]) =>
			new Map([...body.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex])),
	);

	it("give text a contrast of 4.5 and lines and marks one of 3 to the paper, light and dark", () => {
		assert.equal(palettes.length, 2);
		for (const palette of palettes) {
			const paper = palette.get("paper") ?? "";
			for (const name of ["ink", "soft", "suspect", "bad", "missing", "link", "limit"]) {
				const [onPaper, onTint] = [paper, palette.get("tint") ?? ""].map((ground) =>
					contrast(palette.get(name) ?? "", ground),
				);
				assert.ok((onPaper ?? 0) >= 4.5 && (onTint ?? 0) >= 4.5, `${name}: ${onPaper}, ${onTint}`);
			}
			for (const name of ["water", "gap"])
				assert.ok(contrast(palette.get(name) ?? "", paper) >= 3, name);
		}
	});
});

/** WCAG 2.2, relative luminance. */
function contrast(one: string, other: string): number {
	const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
	return (a + 0.05) / (b + 0.05);
}

function luminance(hex: string): number {
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
		const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
