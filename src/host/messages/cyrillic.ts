/** Serbian in Latin letters as Serbian in Cyrillic: letter by letter, but for what stays as it is. */

const LETTERS: Readonly<Record<string, string>> = Object.freeze({
	a: "а",
	b: "б",
	c: "ц",
	č: "ч",
	ć: "ћ",
	d: "д",
	đ: "ђ",
	e: "е",
	f: "ф",
	g: "г",
	h: "х",
	i: "и",
	j: "ј",
	k: "к",
	l: "л",
	m: "м",
	n: "н",
	o: "о",
	p: "п",
	r: "р",
	s: "с",
	š: "ш",
	t: "т",
	u: "у",
	v: "в",
	z: "з",
	ž: "ж",
});
const PAIRS: Readonly<Record<string, string>> = Object.freeze({ lj: "љ", nj: "њ", dž: "џ" });

/**
 * Beginnings of words in which n and j, or d and ž, meet over the seam of a prefix or in a foreign word, and are
 * two letters each (Pravopis srpskoga jezika, 2010, on letters of two signs).
 */
const APART: readonly string[] = Object.freeze([
	"injekc",
	"injekt",
	"konjug",
	"konjunk",
	"vanjezi",
	"izvanjez",
	"nadždr",
	"nadžnj",
	"odžv",
	"tanjug",
	"nadžive",
	"nadživlj",
	"nadžet",
	"odžal",
	"odživ",
	"podžanr",
	"predživot",
]);

/** Units, and names that are written in Latin letters in Cyrillic text, too. */
const KEPT: ReadonlySet<string> = new Set([
	..."pH FNU NTU C mg L mL uS µS cm mm m degC V mV uV A mA h s ms min B KB MB dBm Hz hPa g".split(
		" ",
	),
	..."UTC RTC CSV JSON TLS HTTP HTTPS USB QARTOD COSE SHA EZO CBOR GPS".split(" "),
	..."Bistrina bistrina PostgreSQL PGlite ISO SensorThings OGC API SenML Atom HTML EC id USGS".split(
		" ",
	),
	..."verify values record".split(" "),
	..."ESP EN BOOT boot MAC KiB MiB Enter Home Shift JavaScript SIGHUP ASCII otadata".split(" "),
]);

/**
 * A placeholder, a text between backticks, an option, and what looks like a path, a name with digits or a name of a
 * program's: they stay. Then the words.
 */
const PIECES =
	/\{\w+\}|`[^`]*`|--[\w-]+|[\p{L}\d_-]*(?:[\d_/@:.][\p{L}\d_-]+)+|[\p{L}_-]*[\p{L}_-]\d[\p{L}\d_-]*|\p{Ll}+\p{Lu}[\p{L}\d]*|\p{L}+|[^\p{L}]/gu;
const WORD = /^\p{L}+$/u;

/** `text` is a sentence or a word of the catalogue. */
export function cyrillicOf(text: string): string {
	return (text.match(PIECES) ?? [])
		.map((piece) => (isKept(piece) ? piece : spelled(piece)))
		.join("");
}

function isKept(piece: string): boolean {
	return !WORD.test(piece) || KEPT.has(piece) || /^\p{Ll}+\p{Lu}|^[IVX]+$/u.test(piece);
}

function spelled(word: string): string {
	const low = word.toLowerCase();
	const isApart = APART.some((beginning) => low.startsWith(beginning));
	let made = "";
	for (let at = 0; at < word.length; at++) {
		const two = low.slice(at, at + 2);
		const pair = isApart ? undefined : PAIRS[two];
		const letter = pair ?? LETTERS[low[at] ?? ""] ?? word[at] ?? "";
		made += word[at] === low[at] ? letter : letter.toUpperCase();
		if (pair !== undefined) at++;
	}
	return made;
}
