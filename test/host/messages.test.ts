/** What people read: both languages complete, their values agree, and Cyrillic that is read without stumbling. */
import { strict as assert } from "node:assert";
import { LANGUAGES, TEXTS, textOf } from "../../src/collector/publish/texts.js";
import { OperationalError, wordsOfError } from "../../src/host/errors.js";
import { ALARM_TEXTS } from "../../src/host/messages/alarm-texts.js";
import { BOARD_TEXTS, type BoardText } from "../../src/host/messages/board-texts.js";
import { MESSAGES, type MessageKey } from "../../src/host/messages/catalogue.js";
import { cyrillicOf } from "../../src/host/messages/cyrillic.js";
import { languageOf, messagesIn } from "../../src/host/messages/messages.js";
import { notice, textOfNotice } from "../../src/host/messages/notice.js";
import { WORDS } from "../../src/host/messages/words.js";
import { CHANNELS } from "../../src/protocol/record/channels.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { importsOf, sources } from "../support/sources.js";

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
/** Differ between the languages in no letter, and must not. */
const ALIKE = ["pH", "utc", "rssi", "alarm", "degC", "uS/cm", "and-then"];

describe("what people read", () => {
	it("is there in both languages, with the same values in each sentence", () => {
		for (const [key, [english, serbian]] of Object.entries({ ...MESSAGES, ...BOARD_TEXTS })) {
			assert.ok(english.trim() !== "" && serbian.trim() !== "", key);
			if (!ALIKE.includes(key)) assert.notEqual(english, serbian, key);
			assert.deepEqual(placeholders(serbian), placeholders(english), key);
			assert.deepEqual(placeholders(cyrillicOf(serbian)), placeholders(english), key);
		}
		for (const [key, [english, serbian]] of Object.entries(ALARM_TEXTS)) {
			assert.ok(english.trim() !== "" && serbian.trim() !== "", key);
			assert.deepEqual(placeholders(serbian), placeholders(english), key);
			assert.deepEqual(placeholders(cyrillicOf(serbian)), placeholders(english), key);
		}
		for (const [name, [english, serbian]] of WORDS) {
			assert.ok(english.trim() !== "" && serbian.trim() !== "", name);
			if (!ALIKE.includes(name)) assert.notEqual(english, serbian, name);
		}
	});

	it("is the same to the page: each of its texts keeps its values in Cyrillic, too", () => {
		for (const [key, { en }] of Object.entries(TEXTS)) {
			for (const language of LANGUAGES) {
				assert.deepEqual(placeholders(textOf(language, key)), placeholders(en), key);
			}
		}
		assert.equal(textOf("sr-Cyrl", "zone-station"), "времену станице ({zone})");
		assert.equal(textOf("sr-Cyrl", "channel-ec25"), "Проводљивост на 25 °C");
	});

	it("has a word for every channel, flag and event", () => {
		const names = [
			...CHANNELS.map(({ name }) => name),
			...Object.keys(CHANNEL_FLAGS),
			...Object.keys(EVENT_CODES),
		];
		assert.deepEqual(
			names.filter((name) => !WORDS.has(name)),
			[],
		);
	});

	it("says a sentence with its values as they are, in each language", () => {
		const lines = (["en", "sr-Latn", "sr-Cyrl"] as const).map((language) =>
			messagesIn(language).text("batches", { count: 3, station: "njiva-1", file: "ljudi.cbor" }),
		);
		assert.deepEqual(lines, [
			"3 signed batches of njiva-1 are in ljudi.cbor",
			"potpisane pošiljke stanice njiva-1 u ljudi.cbor: 3",
			"потписане пошиљке станице njiva-1 у ljudi.cbor: 3",
		]);
	});

	it("shows documented names in English, and words in others; an unknown name is itself", () => {
		assert.equal(messagesIn("en").name("outOfRange"), "outOfRange");
		assert.equal(messagesIn("en").word("outOfRange"), "out of range");
		assert.equal(messagesIn("sr-Latn").name("outOfRange"), "van opsega");
		assert.equal(messagesIn("sr-Cyrl").name("dissolvedOxygen"), "растворени кисеоник");
		assert.equal(messagesIn("sr-Cyrl").word("standing chained"), "потписано и у ланцу");
		assert.equal(messagesIn("sr-Latn").name("ofTomorrow"), "ofTomorrow");
	});

	it("takes its language from an option or a locale", () => {
		const languages = ["", "C.UTF-8", "en_GB", "de", "sr", "sr-Latn", "sr_RS@latin", "sr_Latn_RS"];
		assert.deepEqual(languages.map(languageOf), [
			...["en", "en", "en", "en"],
			...["sr-Latn", "sr-Latn", "sr-Latn", "sr-Latn"],
		]);
		const cyrillic = ["sr-Cyrl", "sr_RS.UTF-8", "sr_RS", "sr-Cyrl-RS"];
		assert.deepEqual(new Set(cyrillic.map(languageOf)), new Set(["sr-Cyrl"]));
	});

	it("needs nothing but the project's own portable text: the page has it, too", () => {
		const found = sources("src/host/messages").flatMap((source) =>
			importsOf(source).filter((target) => !target.startsWith("src/")),
		);
		assert.deepEqual(found, []);
	});
});

describe("Serbian in Cyrillic", () => {
	const CASES: readonly (readonly [string, string])[] = [
		["Ljubav prema njivama i džepovima", "Љубав према њивама и џеповима"],
		["LJUDI, NJEGOV, DŽEP; Njegov Džep", "ЉУДИ, ЊЕГОВ, ЏЕП; Његов Џеп"],
		["đak, ćutanje, čovek, šuma, žito", "ђак, ћутање, човек, шума, жито"],
		["injekcija i konjunkcija", "инјекција и конјункција"],
		["Injekcije, KONJUGACIJA", "Инјекције, КОНЈУГАЦИЈА"],
		["nadživeti, odžaliti, nadžeti", "надживети, оджалити, наджети"],
		["pH, 12 mg/L, 395 uS/cm, 7 FNU, 12 V", "pH, 12 mg/L, 395 uS/cm, 7 FNU, 12 V"],
		["11 °C je 11 degC", "11 °C је 11 degC"],
		["vreme UTC u datoteci CSV", "време UTC у датотеци CSV"],
		["opcija --lang i tekst `bistrina verify`", "опција --lang и текст `bistrina verify`"],
		["{count} merenja iz docs/FORMAT.md", "{count} мерења из docs/FORMAT.md"],
		["stanica bor-1", "станица bor-1"],
	];

	for (const [latin, cyrillic] of CASES) {
		it(`writes "${latin}" as "${cyrillic}"`, () => assert.equal(cyrillicOf(latin), cyrillic));
	}

	it("leaves no Latin letter in a sentence of the catalogue but in names, units and values", () => {
		const rest = (Object.keys(MESSAGES) as MessageKey[]).flatMap((key) =>
			(
				messagesIn("sr-Cyrl")
					.text(key)
					.replace(/\{\w+\}/g, "")
					.match(/[A-Za-z]+/g) ?? []
			).map((word) => `${key}: ${word}`),
		);
		assert.deepEqual(rest, []);
	});

	it("leaves no Latin letter in what is said of boards but in names, and in what is typed", () => {
		const kept =
			"ESP EN BOOT boot MAC KiB MiB s Enter SIGHUP ASCII otadata JSON SHA MD e ota zip".split(" ");
		const rest = (Object.keys(BOARD_TEXTS) as BoardText[]).flatMap((key) =>
			(
				textOfNotice(notice(key), "sr-Cyrl")
					.replace(/\{\w+\}|`[^`]*`|--[\w-]+/g, "")
					.match(/[A-Za-z]+/g) ?? []
			)
				.filter((word) => !kept.includes(word))
				.map((word) => `${key}: ${word}`),
		);
		assert.deepEqual(rest, []);
	});

	it("says a sentence within a sentence, and an error's words in the reader's language", () => {
		const error = new OperationalError(
			notice("does-not-start", { port: "COM3", last: notice("last-said", { text: "boot" }) }),
		);
		assert.match(error.message, /does not start: it last said "boot"; close/);
		assert.match(
			wordsOfError(error, "sr-Latn"),
			/se ne pokreće: poslednje je rekla "boot"; zatvorite/,
		);
		assert.match(
			wordsOfError(error, "sr-Cyrl"),
			/се не покреће: последње је рекла "boot"; затворите/,
		);
		assert.equal(wordsOfError(new OperationalError("as it is"), "sr-Cyrl"), "as it is");
	});
});
