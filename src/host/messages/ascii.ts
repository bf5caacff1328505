/** What people type, in the ASCII that the record has: letters without their marks, Cyrillic in Latin letters. */

/** Serbian: a letter for a letter. */
const LETTERS: Readonly<Record<string, string>> = Object.freeze({
	...{ а: "a", б: "b", в: "v", г: "g", д: "d", ђ: "dj", е: "e", ж: "z", з: "z", и: "i", ј: "j" },
	...{ к: "k", л: "l", љ: "lj", м: "m", н: "n", њ: "nj", о: "o", п: "p", р: "r", с: "s", т: "t" },
	...{ ћ: "c", у: "u", ф: "f", х: "h", ц: "c", ч: "c", џ: "dz", ш: "s", đ: "dj", ß: "ss" },
});

/** `text` with what has no such letter as it is. */
export function asciiOf(text: string): string {
	let ascii = "";
	for (const letter of text.normalize("NFC")) {
		const small = LETTERS[letter.toLowerCase()];
		if (small === undefined) ascii += letter.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
		else if (letter.toLowerCase() === letter) ascii += small;
		else ascii += small.charAt(0).toUpperCase() + small.slice(1);
	}
	return ascii;
}
