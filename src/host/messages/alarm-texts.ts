/** What alarms say to operators, by key: English, then Serbian in Latin letters, with the same names in braces. */
import { cyrillicOf } from "./cyrillic.js";
import type { Language } from "./messages.js";
import type { Text } from "./words.js";

export const ALARM_TEXTS = Object.freeze({
	watch: ["watch", "posmatranje"],
	acid: ["acid water", "kisela voda"],
	conductivity: ["conductivity", "provodljivost"],
	storm: ["storm", "nevreme"],
	begin: ["begins", "početak"],
	change: ["changes", "promena"],
	end: ["ends", "kraj"],
	event: [
		"{station}: {event} {phase}, station's time {time}: conductivity {conductivity} uS/cm at 25 degC, {baseline} before",
		"{station}: {event}, {phase}, vreme stanice {time}: provodljivost {conductivity} uS/cm na 25 degC, ranije {baseline}",
	],
	pH: ["; pH {pH}, {pHBefore} before", "; pH {pH}, ranije {pHBefore}"],
	"silence-begin": [
		"{station} has not been heard since {time}: {count} uploads are due, one every {minutes} min",
		"Stanica {station} se ne javlja od {time}: očekivano javljanja: {count}, jedno na {minutes} min",
	],
	"silence-end": [
		"{station} is heard again, after {hours} h",
		"Stanica {station} se ponovo javlja, posle {hours} h",
	],
	"battery-begin": [
		"{station}: its battery lasts {days} days more by its forecast; less than {limit}",
		"{station}: baterija po prognozi traje još {days} dana; manje od {limit}",
	],
	"battery-end": [
		"{station}: its battery lasts {days} days again by its forecast",
		"{station}: baterija po prognozi ponovo traje {days} dana",
	],
	"level-begin": [
		"{station}: its battery is nearly empty; it measures four times a day and sends nothing until it is charged",
		"{station}: baterija je skoro prazna; meri četiri puta dnevno i ne šalje ništa dok se ne napuni",
	],
	"level-end": [
		"{station}: its battery is charged enough to send again",
		"{station}: baterija je dovoljno puna da stanica ponovo šalje",
	],
	calibration: [
		"{station}: the calibration of {channel} of {time} is overdue since {since}",
		"{station}: kalibraciji kanala {channel} od {time} rok je istekao {since}",
	],
	refused: [
		"{station}: a batch with the station's signature was refused: {reason} ({detail})",
		"{station}: odbijena je pošiljka sa potpisom stanice: {reason} ({detail})",
	],
	fork: [
		"{station}: its record contradicts what it delivered before: {reason} ({detail})",
		"{station}: zapis protivreči onome što je ranije isporučeno: {reason} ({detail})",
	],
	capped: [
		"{station}: more than {count} alarms within a day; further ones are not told, they are in the record",
		"{station}: više od {count} alarma za jedan dan; dalji se ne javljaju, nalaze se u zapisu",
	],
	test: [
		"TEST, nothing has happened: asked for by {by}, {why}",
		"PROBA, ništa se nije desilo: traži {by}, {why}",
	],
	unknown: ["not known", "nepoznato"],
	waiting: ["waits", "čeka"],
	told: ["told", "javljeno"],
	acknowledged: ["seen before it was told", "viđeno pre javljanja"],
	muted: ["over while muted", "prošlo dok je bilo utišano"],
	dropped: ["its hook is gone", "primalac više ne postoji"],
	"no-hook": ["no hook", "nema primaoca"],
	"seen-by": ["seen {time}, {by}: {why}", "viđeno {time}, {by}: {why}"],
	"mute-until": ["muted until {time}: {station}, {cause}", "utišano do {time}: {station}, {cause}"],
	every: ["every station", "sve stanice"],
	"every-cause": ["every cause", "svi uzroci"],
	untold: [
		"{station}: {count} alarms were not told, they are in the record",
		"{station}: nejavljenih alarma: {count}, nalaze se u zapisu",
	],
	none: ["no alarm that nobody has seen", "nema alarma koji niko nije video"],
	"said-seen": ["{count} alarms are noted as seen", "alarma upisanih kao viđeno: {count}"],
	"said-muted": ["muted until {time}", "utišano do {time}"],
	"said-unmuted": ["no longer muted", "više nije utišano"],
	"said-test": ["test alarm {id}", "probni alarm {id}"],
	"said-later": [
		"it is told when a collector with a hook runs",
		"biće javljeno kad radi sakupljač sa primaocem",
	],
	"said-no-hook": [
		"no hook is known: start the collector with --alarm-command or --alarm-webhook",
		"nijedan primalac nije poznat: pokrenite sakupljač sa --alarm-command ili --alarm-webhook",
	],
} as const satisfies Readonly<Record<string, Text>>);

export type AlarmTextKey = keyof typeof ALARM_TEXTS;

/** The text of a key with its values put in. */
export function alarmText(
	language: Language,
	key: AlarmTextKey,
	values: Readonly<Record<string, string | number>> = {},
): string {
	const text = ALARM_TEXTS[key][language === "en" ? 0 : 1];
	const spelled = language === "sr-Cyrl" ? cyrillicOf(text) : text;
	return spelled.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
