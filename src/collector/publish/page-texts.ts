/** Texts of the page and of the status page; `{x}` is filled in. */

export interface Text {
	readonly en: string;
	/** Serbian, ekavian, in Latin letters. */
	readonly sr: string;
}

const t = (en: string, sr: string): Text => ({ en, sr });

export const PAGE_TEXTS: Readonly<Record<string, Text>> = Object.freeze({
	"page-title": t("The rivers now", "Reke sada"),
	"page-lead": t(
		"Stations on the Bor and the Pek measure the water every few minutes. Every value here can be traced to a signed record.",
		"Stanice na Boru i Peku mere vodu svakih nekoliko minuta. Svaka vrednost ovde može se pratiti do potpisanog zapisa.",
	),
	skip: t("Skip to the content", "Pređi na sadržaj"),
	language: t("Language", "Jezik"),
	overview: t("Overview", "Pregled"),
	"status-page": t("Page without script", "Stranica bez skripta"),
	"map-title": t("The rivers, drawn", "Crtež reka"),
	"map-note": t(
		"Not to scale: only the order counts. Sites marked “example” stand for what could be there.",
		"Nije u razmeri: važan je samo redosled. Mesta sa oznakom „primer“ stoje za ono što bi tamo moglo biti.",
	),
	example: t("example", "primer"),
	stations: t("Stations", "Stanice"),
	station: t("Station", "Stanica"),
	"last-heard": t("Last heard", "Poslednje javljanje"),
	"last-reading": t("Last reading", "Poslednje merenje"),
	never: t("not yet", "još nije"),
	buffer: t("Waiting in the station", "Čeka u stanici"),
	battery: t("Battery", "Baterija"),
	alarms: t("Alarms", "Alarmi"),
	"no-alarm": t("none", "nema"),
	readings: t("readings", "merenja"),
	unknown: t("not known", "nije poznato"),
	provisional: t("provisional", "privremeno"),
	approved: t("approved", "odobreno"),
	"reviewed-by-nobody": t(
		"Provisional: reviewed by nobody yet. Values may still be corrected.",
		"Privremeno: još niko nije pregledao. Vrednosti se mogu još ispraviti.",
	),
	raw: t("as measured", "kako je izmereno"),
	derived: t("derived", "izvedeno"),
	corrected: t("corrected", "ispravljeno"),
	shown: t("Shown values", "Prikazane vrednosti"),
	"zoom-in": t("Closer", "Bliže"),
	"zoom-out": t("Wider", "Šire"),
	earlier: t("Earlier", "Ranije"),
	later: t("Later", "Kasnije"),
	newest: t("Newest", "Najnovije"),
	day: t("Day", "Dan"),
	week: t("Week", "Nedelja"),
	month: t("Month", "Mesec"),
	year: t("Year", "Godina"),
	"go-to-date": t("Go to date", "Idi na datum"),
	zone: t("Times in", "Vremena po"),
	"zone-utc": t("UTC", "UTC"),
	"zone-station": t("the station's time ({zone})", "vremenu stanice ({zone})"),
	"zone-note": t(
		"Summer time is shown: {from} to {to}.",
		"Prikazano je letnje vreme: od {from} do {to}.",
	),
	"keys-note": t(
		"Keys: ← → move, + − closer and wider, Home newest. In a plot, Shift with ← → walks from value to value.",
		"Tasteri: ← → pomeraju, + − bliže i šire, Home najnovije. Na crtežu Shift sa ← → ide od vrednosti do vrednosti.",
	),
	"as-table": t("As a table", "Kao tabela"),
	"table-note": t(
		"{count} rows of the period; more as CSV.",
		"{count} redova iz perioda; više kao CSV.",
	),
	time: t("Time", "Vreme"),
	value: t("Value", "Vrednost"),
	flags: t("Flags", "Oznake"),
	grade: t("Grade", "Ocena"),
	status: t("Status", "Status"),
	doubt: t("Doubt of the time", "Nesigurnost vremena"),
	"no-data": t("No readings in this period.", "Nema merenja u ovom periodu."),
	gap: t("No readings", "Nema merenja"),
	"gap-overflow": t(
		"the station's memory was full and the oldest readings were overwritten",
		"memorija stanice je bila puna i najstarija merenja su prepisana",
	),
	"gap-rot": t("memory cells failed", "otkazale su memorijske ćelije"),
	"gap-sector-lost": t("a part of the memory was lost", "izgubljen je deo memorije"),
	"gap-unproved": t(
		"numbers that were perhaps used before a loss of power",
		"brojevi koji su možda upotrebljeni pre nestanka struje",
	),
	"gap-not-measured": t(
		"the station did not measure: nothing is missing in its record",
		"stanica nije merila: u njenom zapisu ništa ne nedostaje",
	),
	"gap-not-delivered": t(
		"not delivered yet, and not named as lost",
		"još nije isporučeno i nije navedeno kao izgubljeno",
	),
	verification: t("Can this be trusted?", "Može li se ovome verovati?"),
	complete: t(
		"Complete: every entry from the first to number {to} is here or is named as lost by the station.",
		"Potpuno: svaki unos od prvog do broja {to} je ovde ili ga je stanica navela kao izgubljen.",
	),
	incomplete: t(
		"{count} entries have not come yet and are not named as lost.",
		"{count} unosa još nije stiglo i nije navedeno kao izgubljeno.",
	),
	"lost-count": t(
		"The station itself names {count} entries as lost.",
		"Sama stanica navodi {count} unosa kao izgubljenih.",
	),
	"head-signed": t(
		"The station's signature stands under everything up to entry {sequence}. Check number {head}",
		"Potpis stanice stoji ispod svega do unosa {sequence}. Kontrolni broj {head}",
	),
	"no-evidence": t("Nothing contradictory has arrived.", "Ništa protivrečno nije stiglo."),
	evidence: t(
		"Attention: {count} deliveries were not believed ({reason}). They are kept as evidence.",
		"Pažnja: {count} isporuka nije prihvaćeno ({reason}). Čuvaju se kao dokaz.",
	),
	"how-to-verify": t(
		"Anybody can check it: take the signed record and the documents, then let `bistrina verify` and `bistrina values` compute everything again.",
		"Svako može proveriti: uzmite potpisani zapis i dokumente, pa neka `bistrina verify` i `bistrina values` sve izračunaju ponovo.",
	),
	"signed-record": t("Signed record", "Potpisani zapis"),
	heads: t("Heads and keys", "Glave lanca i ključevi"),
	gaps: t("Gaps", "Praznine"),
	documents: t("Documents", "Dokumenti"),
	data: t("Data", "Podaci"),
	licence: t("Licence", "Licenca"),
	"limits-of": t(
		"Limits of class {class}, policy {policy}",
		"Granice klase {class}, politika {policy}",
	),
	live: t("live", "uživo"),
	"not-live": t("connection lost, trying again", "veza je prekinuta, pokušava se ponovo"),
	loading: t("loading", "učitava se"),
	failed: t(
		"The data could not be loaded. Try again.",
		"Podaci se ne mogu učitati. Pokušajte ponovo.",
	),
	"script-needed": t(
		"The plots need JavaScript. The same values are on the page without script.",
		"Za crteže je potreban JavaScript. Iste vrednosti su na stranici bez skripta.",
	),
	marks: t("Events", "Događaji"),
	simulated: t(
		"Simulated rivers: nothing here was measured in nature.",
		"Simulirane reke: ništa ovde nije mereno u prirodi.",
	),
	"column-note": t(
		"Bands: least to greatest of {hours} hours for each column.",
		"Trake: od najmanje do najveće vrednosti za {hours} sati po stupcu.",
	),
	judged: t("Quality", "Kvalitet"),
	"judged-1": t("good", "dobro"),
	"judged-2": t("not judged", "nije ocenjeno"),
	"judged-3": t("suspect", "sumnjivo"),
	"judged-4": t("bad", "loše"),
	"judged-9": t("missing", "nedostaje"),
	"channel-ph": t("Acidity (pH)", "Kiselost (pH)"),
	"channel-temperature": t("Temperature", "Temperatura"),
	"channel-ec25": t("Conductivity at 25 °C", "Provodljivost na 25 °C"),
	"channel-turbidity": t("Turbidity", "Mutnoća"),
	"channel-battery": t("Battery", "Baterija"),
});
