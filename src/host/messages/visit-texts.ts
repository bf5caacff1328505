/** What the visit says to people, by key: English, then Serbian in Latin letters, with the same names in braces. */
import { cyrillicOf } from "./cyrillic.js";
import type { Language, Messages } from "./messages.js";
import type { Text } from "./words.js";

export const VISIT_TEXTS = Object.freeze({
	calibrating: [
		"Calibrating {channel} of {station}: {circuit}, calibration {previous} in force.",
		"Kalibracija {channel}, stanica {station}: {circuit}, važi kalibracija {previous}.",
	],
	rule: [
		"Settled is: {drift} a minute and {spread} between readings, over 60 s. Readings of this channel are withheld until the end.",
		"Smireno znači: {drift} u minutu i {spread} između očitavanja, tokom 60 s. Do kraja se ovaj kanal ne beleži.",
	],
	"in-force": ["In force: {numbers}", "Važi: {numbers}"],
	"judged-pH": [
		"Judged: slope 95-105 % good, 90-107 % to be watched; offset to 20 mV good, to 30 mV to be watched.",
		"Ocena: nagib 95-105 % dobar, 90-107 % uz upozorenje; pomak do 20 mV dobar, do 30 mV uz upozorenje.",
	],
	"judged-conductivity": [
		"Judged: the cell constant changed by 5 % at most is good, by 15 % to be watched.",
		"Ocena: konstanta ćelije promenjena najviše 5 % je dobra, do 15 % uz upozorenje.",
	],
	"judged-temperature": [
		"Judged: put right by 0.2 degC at most is good, by 0.5 degC to be watched.",
		"Ocena: ispravka do 0,2 °C je dobra, do 0,5 °C uz upozorenje.",
	],
	"judged-turbidity": [
		"Judged: a standard that reads 85-115 % of what it is is good, 70-130 % to be watched; zero within 3.",
		"Ocena: standard koji čita 85-115 % svoje vrednosti je dobar, 70-130 % uz upozorenje; nula do 3.",
	],
	"judged-dissolvedOxygen": [
		"Judged: 85-115 % of saturation in the air is good, 70-130 % to be watched; zero within a tenth of that.",
		"Ocena: 85-115 % zasićenja na vazduhu je dobro, 70-130 % uz upozorenje; nula do desetine toga.",
	],
	put: [
		"Bottle {index} of {count}: rinse the probes, then put them into {standard}.",
		"Boca {index} od {count}: isperite sonde, pa ih stavite u {standard}.",
	],
	"put-air": [
		"Point {index} of {count}: dry the cell and hold the probes in the air.",
		"Tačka {index} od {count}: osušite ćeliju i držite sonde na vazduhu.",
	],
	lot: ["Lot on the label: ", "Serija na etiketi: "],
	expiry: ["Expires (YYYY-MM-DD): ", "Rok upotrebe (GGGG-MM-DD): "],
	"no-date": ["{typed} is no date, such as 2027-05-31.", "{typed} nije datum kao 2027-05-31."],
	"no-number": ["{typed} is no number, such as 12.1.", "{typed} nije broj kao 12,1."],
	reference: ["What the reference shows: ", "Pokazuje referentni instrument: "],
	"when-in": ["Enter when they are in it: ", "Enter kad su unutra: "],
	live: [
		"{curve} {value}  drift {drift}/min  {left}",
		"{curve} {value}  promena {drift}/min  {left}",
	],
	left: ["{seconds} s at least", "još bar {seconds} s"],
	waiting: ["not yet at rest", "još se ne smiruje"],
	settled: [
		"At rest after {seconds} s: reads {reading}, should be {nominal} at {celsius} degC ({off} off).",
		"Mirno posle {seconds} s: čita {reading}, treba {nominal} na {celsius} °C (odstupa {off}).",
	],
	"not-settled": [
		"Not at rest after {seconds} s: reads {reading}, drift {drift} a minute.",
		"Nije mirno posle {seconds} s: čita {reading}, promena {drift} u minutu.",
	],
	doubt: ["Doubt: {doubt}", "Sumnja: {doubt}"],
	"doubt-not-settled": ["it has not come to rest", "nije se smirilo"],
	"doubt-expired": ["the bottle has expired", "boci je istekao rok"],
	"doubt-wrong-bottle": [
		"this reads like another bottle, or a dead electrode",
		"ovo liči na drugu bocu ili mrtvu elektrodu",
	],
	"doubt-stuck": [
		"the electrode shows the same in every bottle: broken glass or a shorted cable",
		"elektroda svuda pokazuje isto: naprslo staklo ili kratak spoj kabla",
	],
	"doubt-not-dry": ["the cell is not dry", "ćelija nije suva"],
	"doubt-not-zero": [
		"this is no zero: other water, a film, or a solution that has stood open",
		"ovo nije nula: druga voda, naslaga ili rastvor koji je stajao otvoren",
	],
	"doubt-slope-bad": ["slope beyond 90 to 107 %", "nagib van 90 do 107 %"],
	"doubt-slope-poor": ["slope beyond 95 to 105 %", "nagib van 95 do 105 %"],
	"doubt-offset-bad": ["offset beyond 30 mV", "pomak veći od 30 mV"],
	"doubt-offset-poor": ["offset beyond 20 mV", "pomak veći od 20 mV"],
	"doubt-cell-bad": [
		"the cell constant is far off: a bubble, dirt, or another bottle",
		"konstanta ćelije je daleko: mehur, prljavština ili druga boca",
	],
	"doubt-cell-changed": [
		"the cell constant has changed by more than 5 %: a bubble?",
		"konstanta ćelije se promenila za više od 5 %: mehur?",
	],
	"doubt-correction-large": ["it is very far off", "odstupanje je vrlo veliko"],
	"doubt-correction-poor": ["it is farther off than may be", "odstupanje je preveliko"],
	"doubt-bottle-unlike-river": [
		"bottle and river differ by more than 10 degC: its value at its own temperature is used",
		"boca i reka se razlikuju više od 10 °C: uzima se vrednost na temperaturi boce",
	],
	"doubt-lot-unknown": ["lot or expiry is not known", "serija ili rok nisu poznati"],
	"doubt-clock-unknown": [
		"the station has no time: nobody knows whether the bottle has expired",
		"stanica nema vreme: ne zna se da li je boci istekao rok",
	],
	"take-it": [
		"Take it all the same? Type the reason; Enter settles again, c cancels: ",
		"Uzeti ipak? Upišite razlog; Enter ponavlja, c odustaje: ",
	],
	taken: ["Taken.", "Uzeto."],
	refused: ["The station says: {text}", "Stanica kaže: {text}"],
	"commit-it": [
		"Rejected: {doubts}. Type the reason to commit it all the same; Enter goes back to the old one: ",
		"Odbijeno: {doubts}. Upišite razlog da ipak važi; Enter vraća staru: ",
	],
	committed: [
		"Calibration {id} of {channel}: {verdict}. {numbers}",
		"Kalibracija {id}, {channel}: {verdict}. {numbers}",
	],
	cancelled: ["The old calibration is in force again.", "Ponovo važi stara kalibracija."],
	"numbers-pH": [
		"Slope {a} % below the middle, {b} % above, offset {c} mV.",
		"Nagib {a} % ispod sredine, {b} % iznad, pomak {c} mV.",
	],
	"numbers-conductivity": ["Cell constant {a} per cm.", "Konstanta ćelije {a} po cm."],
	"numbers-temperature": ["Put right by {a} degC.", "Ispravljeno za {a} °C."],
	"numbers-turbidity": ["Curve {a} + {b} x + {c} x².", "Kriva {a} + {b} x + {c} x²."],
	"numbers-dissolvedOxygen": [
		"It gave {a} % in the air and {b} mg/L in a solution of nothing.",
		"Davala je {a} % na vazduhu i {b} mg/L u rastvoru bez kiseonika.",
	],
	good: ["good", "dobra"],
	warning: ["to be watched", "uz upozorenje"],
	rejected: ["rejected, committed with a reason", "odbijena, važi uz razlog"],
	"not-judged": ["not judged", "bez ocene"],
	"visit-begins": [
		"Visit at {station}. Enter does a step, s skips it, q leaves: the same command continues.",
		"Poseta stanici {station}. Enter radi korak, s preskače, q prekida: ista naredba nastavlja.",
	],
	"visit-goes-on": [
		"The visit of {time} continues: {done} of {count} steps are done.",
		"Nastavlja se poseta od {time}: urađeno {done} od {count} koraka.",
	],
	who: ["Who is here: ", "Ko je ovde: "],
	step: ["[{index}/{count}] {step} (Enter, s, q): ", "[{index}/{count}] {step} (Enter, s, q): "],
	"step-as-found": [
		"As found: a reading in the river, before anything is touched",
		"Zatečeno stanje: očitavanje u reci, pre nego što se išta dira",
	],
	"step-cleaning": ["Clean probes and optics", "Očistite sonde i optiku"],
	"step-found-again": [
		"As found again: a reading in the river, cleaned",
		"Opet zatečeno: očitavanje u reci, očišćeno",
	],
	"step-pH": ["Calibrate pH", "Kalibracija pH"],
	"step-conductivity": ["Calibrate conductivity", "Kalibracija provodljivosti"],
	"step-as-left": [
		"As left: a reading in the river, as it stays",
		"Ostavljeno stanje: očitavanje u reci, kako ostaje",
	],
	"step-note": ["A note for the record", "Beleška za zapis"],
	"step-report": ["The report", "Izveštaj"],
	note: ["Note (Enter: none): ", "Beleška (Enter: nema): "],
	"back-in-river": ["Put the probes back into the river, Enter: ", "Vratite sonde u reku, Enter: "],
	recorded: ["Entry {sequence}: {values}", "Unos {sequence}: {values}"],
	coupling: [
		"pH with the conductivity circuit awake less asleep: {difference} ({verdict})",
		"pH dok kolo provodljivosti radi, manje dok spava: {difference} ({verdict})",
	],
	"service-within": ["Service within {days} days.", "Servis u roku od {days} dana."],
	"health-good": ["good", "dobro"],
	"health-watch": ["to be watched", "pratiti"],
	"health-ill": ["wants service", "traži servis"],
	"health-unknown": ["not known yet", "još se ne zna"],
	"health-slope-acid": ["Slope below pH 7", "Nagib ispod pH 7"],
	"health-slope-base": ["Slope above pH 7", "Nagib iznad pH 7"],
	"health-offset": ["Offset of the electrode", "Pomak elektrode"],
	"health-settling": ["Time to settle", "Vreme smirivanja"],
	"health-noise": ["Noise of pH", "Šum pH"],
	"health-diel-range": ["Range of pH in a day", "Dnevni raspon pH"],
	"health-film": ["Film on the optics", "Naslaga na optici"],
	"health-cell": ["Conductivity cell", "Ćelija provodljivosti"],
	coupled: ["coupled: the circuits are not isolated", "sprega: kola nisu izolovana"],
	"left-visit": ["Left; the same command continues.", "Prekinuto; ista naredba nastavlja."],
	report: ["The report: {text} and {html}", "Izveštaj: {text} i {html}"],
	"report-title": ["Visit at {station}, {time}", "Poseta stanici {station}, {time}"],
	"report-who": ["Technician: {person}", "Tehničar: {person}"],
	"report-readings": ["Readings", "Očitavanja"],
	"report-calibrations": ["Calibrations and notes", "Kalibracije i beleške"],
	"report-proof": [
		"Each line names its entry in the station's record and the first digits of SHA-256 of its bytes. The station signs its " +
			"entries when it delivers them; bistrina signatures then puts the signatures into this page and checks it by the station's public key.",
		"Svaki red navodi unos u zapisu stanice i prve cifre SHA-256 njegovih bajtova. Stanica potpisuje unose kad ih isporuči; " +
			"bistrina signatures tada unosi potpise u ovu stranu i proverava je javnim ključem stanice.",
	],
	"report-signature": ["Signature: ______________________", "Potpis: ______________________"],
	"bottle-line": [
		"{standard}: should be {nominal}, read {reading} at {celsius} degC, at rest after {seconds} s",
		"{standard}: treba {nominal}, čitalo {reading} na {celsius} °C, mirno posle {seconds} s",
	],
	"act-calibration": ["calibration", "kalibracija"],
	"act-as-found": ["check, as found", "provera, zatečeno"],
	"act-as-left": ["check, as left", "provera, ostavljeno"],
	"act-undo": ["undone", "poništeno"],
	"act-cleaning": ["cleaned", "očišćeno"],
	"act-swap": ["probe swapped", "zamenjena sonda"],
	"act-found-changed": ["changed with other tools", "izmenjeno drugim alatom"],
	"act-note": ["note", "beleška"],
	"act-configured": ["curve of the configuration", "kriva iz konfiguracije"],
} as const satisfies Readonly<Record<string, Text>>);

/** What the arithmetic of health.ts says, in Serbian: numbers stay where they are. */
const ARITHMETIC: readonly (readonly [RegExp, string])[] = [
	[
		/fewer than four calibrations since the probe was new/,
		"manje od četiri kalibracije otkad je sonda nova",
	],
	[/too few of them yet/, "još ih je premalo"],
	[
		/(\d+) calibrations: (\S+) a week \(error (\S+)\); (.*) meets (\S+) in no end in sight/,
		"kalibracija $1: $2 nedeljno (greška $3); $4; do $5 se ne stiže",
	],
	[
		/(\d+) calibrations: (\S+) a week \(error (\S+)\); (.*) meets (\S+) in (\S+) days/,
		"kalibracija $1: $2 nedeljno (greška $3); $4 stiže do $5 za dana: $6",
	],
	[
		/settles in (\S+) s, at first in (\S+) s: (\S+) times/,
		"smiruje se za $1 s, u početku za $2 s: $3 puta",
	],
	[/(\S+) pH over (\d+) readings/, "$1 pH iz očitavanja: $2"],
	[/last days (\S+), (\S+), (\S+), usual (\S+)/, "poslednjih dana $1; $2; $3, inače $4"],
	[/(\S+) a week, (\d+) % of pairs of days rise/, "$1 nedeljno, raste $2 % parova dana"],
	[/the last readings: (.*) uS\/cm/, "poslednja očitavanja: $1 uS/cm"],
];

/** How a verdict of health.ts came about; Serbian numbers with `decimal` before their decimals. */
export function arithmeticIn(language: Language, text: string, decimal: "." | ","): string {
	if (language === "en") return text;
	let shown = text;
	for (const [pattern, serbian] of ARITHMETIC) shown = shown.replace(pattern, serbian);
	const written = shown.replace(/(\d)\.(\d)/g, `$1${decimal}$2`);
	return language === "sr-Cyrl" ? cyrillicOf(written) : written;
}

export type TextKey = keyof typeof VISIT_TEXTS;

/** A language's way to say things and to write numbers. */
export class Speaker {
	readonly language: Language;
	readonly #messages: Messages;

	constructor(messages: Messages) {
		this.#messages = messages;
		this.language = messages.language;
	}

	/** A channel or a unit, as people say it. */
	name(name: string): string {
		return this.#messages.word(name);
	}

	text(key: TextKey, fields: Readonly<Record<string, string | number>> = {}): string {
		const { language } = this;
		const text = VISIT_TEXTS[key][language === "en" ? 0 : 1];
		const spelled = language === "sr-Cyrl" ? cyrillicOf(text) : text;
		return spelled.replace(/\{(\w+)\}/g, (_whole, name: string) => String(fields[name] ?? ""));
	}

	/** What a key says if there is one, else the key itself: words of a later station. */
	word(prefix: string, word: string): string {
		const key = `${prefix}${word}`;
		return Object.hasOwn(VISIT_TEXTS, key) ? this.text(key as TextKey) : word;
	}

	/** How a verdict of health.ts came about. */
	arithmetic(text: string): string {
		return arithmeticIn(this.language, text, ",");
	}

	/** For reading only: a Serbian reader writes a decimal comma. */
	number(value: number, decimals: number): string {
		const text = value.toFixed(decimals);
		return this.language !== "en" ? text.replace(".", ",") : text;
	}
}
