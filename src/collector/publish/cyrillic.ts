/**
 * Serbian in Cyrillic letters out of Serbian in Latin letters. Letters of two signs become one, but where a prefix meets a
 * stem (nadživeti, injekcija, konjunkcija); words of other languages, units and names in braces stay as they are.
 */

const LETTERS: Readonly<Record<string, string>> = Object.freeze({
	a: "а",
	b: "б",
	c: "ц",
	č: "ч",
	ć: "ћ",
	d: "д",
	dž: "џ",
	đ: "ђ",
	e: "е",
	f: "ф",
	g: "г",
	h: "х",
	i: "и",
	j: "ј",
	k: "к",
	l: "л",
	lj: "љ",
	m: "м",
	n: "н",
	nj: "њ",
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

/** Beginnings of words in which two letters stay two. */
const TWO_LETTERS =
	/^(injek|konjun|konjug|tanjug|vanjezi|nadži|nadžnj|podžanr|odžal|odživ|odžv|nadždr|izvanjez)/;
/** What is no Serbian: units, symbols, names of programs and standards. */
const LATIN =
	/^(pH|FNU|NTU|UTC|QARTOD|CSV|JSON|SHA-256|SensorThings|OGC|API|SenML|Atom|mg\/L|µS\/cm|Bistrina|CBOR|HTML|EC25|id|bistrina|verify|values|record|USGS|[IVX]+)$/;

/** Text between braces is a place for something else and stays. */
export function cyrillicOf(latin: string): string {
	return latin
		.split(/(\{[^}]*\}|[^\p{L}\p{N}/µ°-]+)/u)
		.map((part) => (part.startsWith("{") || LATIN.test(part) ? part : wordOf(part)))
		.join("");
}

function wordOf(word: string): string {
	const areTwo = TWO_LETTERS.test(word.toLowerCase());
	let text = "";
	for (let at = 0; at < word.length; at++) {
		const pair = word.slice(at, at + 2);
		const one = word[at] ?? "";
		const known = areTwo ? undefined : LETTERS[pair.toLowerCase()];
		if (known !== undefined && pair.length === 2) {
			text += one === one.toLowerCase() ? known : known.toUpperCase();
			at++;
		} else {
			const letter = LETTERS[one.toLowerCase()];
			if (letter === undefined) text += one;
			else text += one === one.toLowerCase() ? letter : letter.toUpperCase();
		}
	}
	return text;
}
