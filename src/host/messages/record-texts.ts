/** What the record names, for readers: flags and what each means, events, kinds of entries, reasons, sources of time. */
import type {
	EntryKind,
	GAP_REASONS,
	RESET_REASONS,
	STATION_FLAGS,
} from "../../protocol/record/entry-layouts.js";
import type { EventCode } from "../../protocol/record/events.js";
import type { CHANNEL_FLAGS } from "../../protocol/record/reading.js";

export interface Text {
	readonly en: string;
	/** Serbian, ekavian, in Latin letters. */
	readonly sr: string;
}

const t = (en: string, sr: string): Text => ({ en, sr });

/** Keys that the record's own tables ask for; the compiler says which is missing. */
type Asked =
	| `flag-${keyof typeof CHANNEL_FLAGS}`
	| `station-${keyof typeof STATION_FLAGS}`
	| `kind-${EntryKind}`
	| `name-${EventCode}`
	| `name-${(typeof GAP_REASONS)[number]}`
	| `name-${(typeof RESET_REASONS)[number]}`;

export const RECORD_TEXTS: Readonly<Record<string, Text>> = Object.freeze({
	"kind-reading": t("Reading", "Merenje"),
	"flag-absent": t("no value", "nema vrednosti"),
	"flag-fault": t(
		"the probe reported a fault or did not answer",
		"sonda je prijavila kvar ili nije odgovorila",
	),
	"flag-outOfRange": t("outside what the probe can measure", "van opsega sonde"),
	"flag-unstable": t("repeated readings did not agree", "ponovljena merenja se nisu slagala"),
	"flag-uncompensated": t("without compensation by temperature", "bez temperaturne kompenzacije"),
	"flag-suspect": t("suspicious in its context", "sumnjivo u svom kontekstu"),
	"flag-saturated": t(
		"the signal was at its end: the true value may be larger",
		"signal je bio na kraju opsega: prava vrednost može biti veća",
	),
	"flag-uncalibrated": t("the circuit holds no calibration", "kolo nema kalibraciju"),
	"station-batteryLow": t("battery low", "baterija slaba"),
	"station-journalNearlyFull": t("memory nearly full", "memorija skoro puna"),
	"station-journalDegraded": t("memory damaged in part", "memorija delom oštećena"),
	"station-clockUntrusted": t("clock not trusted", "sat nije pouzdan"),
	"station-serviceMode": t("a technician is at the station", "tehničar je kod stanice"),
	"station-safeMode": t("safe mode", "bezbedni režim"),
	"station-radioBudgetSpent": t("radio budget used up", "budžet radija potrošen"),
	"station-collectorRefused": t("refused by the collector", "sakupljač je odbio"),
	"station-wakeLate": t("woke late", "kasno se probudila"),
	"kind-event": t("Event", "Događaj"),
	"kind-alarm": t("Alarm", "Alarm"),
	"kind-calibration": t("Calibration", "Kalibracija"),
	"kind-calibration-part": t("Part of a calibration", "Deo kalibracije"),
	"kind-gap": t("Gap", "Praznina"),
	"kind-boot": t("Start of the station", "Pokretanje stanice"),
	"kind-time": t("Clock set or confirmed", "Sat podešen ili potvrđen"),
	"kind-configuration": t("Configuration", "Podešavanje"),
	"kind-heartbeat": t("Daily report of the station", "Dnevni izveštaj stanice"),
	"kind-epoch": t("New record begins", "Počinje novi zapis"),
	"name-probe-failed": t("a probe failed", "sonda je otkazala"),
	"name-probe-recovered": t("a probe measures again", "sonda ponovo meri"),
	"name-bus-cleared": t("a stuck line was freed", "zaglavljena linija je oslobođena"),
	"name-probe-identified": t("which probe measures", "koja sonda meri"),
	"name-collector-refused": t("the collector refused a delivery", "sakupljač je odbio isporuku"),
	"name-acknowledgement-rejected": t("an answer was not believed", "odgovoru nije poverovano"),
	"name-released-not-held": t(
		"the collector lost what it had confirmed",
		"sakupljač je izgubio ono što je potvrdio",
	),
	"name-time-refused": t(
		"another time was offered and refused",
		"ponuđeno je drugo vreme i odbijeno",
	),
	"name-rtc-stopped": t("the clock had stopped", "sat je bio stao"),
	"name-rtc-failed": t("the clock does not answer", "sat ne odgovara"),
	"name-sector-retired": t(
		"a part of the memory was taken out of use",
		"deo memorije je isključen",
	),
	"name-bits-corrected": t("memory errors were corrected", "greške memorije su ispravljene"),
	"name-journal-recovered": t(
		"the memory was read again after a loss of power",
		"memorija je ponovo pročitana posle nestanka struje",
	),
	"name-crash": t("the program had crashed", "program se bio srušio"),
	"name-safe-mode": t("safe mode begins or ends", "bezbedni režim počinje ili prestaje"),
	"name-battery-low": t("battery low, or well again", "baterija slaba, ili opet dobra"),
	"name-battery-waited": t("waited for the battery", "čekala je bateriju"),
	"name-power-level": t("another pace for the battery's sake", "drugi ritam zbog baterije"),
	"name-service": t("a technician came or left", "tehničar je došao ili otišao"),
	"name-configuration-refused": t("a configuration was refused", "podešavanje je odbijeno"),
	"name-configuration-reverted": t("a configuration was given up", "podešavanje je napušteno"),
	"name-configuration-confirmed": t("a configuration is in force", "podešavanje važi"),
	"name-settings-damaged": t(
		"stored settings were damaged",
		"sačuvana podešavanja su bila oštećena",
	),
	"name-calibration-restored": t(
		"an open calibration was taken back",
		"započeta kalibracija je vraćena",
	),
	"name-alarm-watch": t(
		"conductivity rises: watching closely",
		"provodljivost raste: pojačano praćenje",
	),
	"name-alarm-acid": t("acid water", "kisela voda"),
	"name-alarm-conductivity": t("unusual conductivity", "neuobičajena provodljivost"),
	"name-alarm-storm": t("storm water", "bujična voda"),
	"name-overflow": t("memory full, oldest overwritten", "memorija puna, najstarije prepisano"),
	"name-corruption": t("memory cells failed", "otkazale su memorijske ćelije"),
	"name-sector-lost": t("a part of the memory was lost", "izgubljen je deo memorije"),
	"name-unproved": t(
		"numbers perhaps used before a loss of power",
		"brojevi možda upotrebljeni pre nestanka struje",
	),
	"name-configured": t("curve of the configuration", "kriva iz podešavanja"),
	"name-calibration": t("calibrated", "kalibrisano"),
	"name-as-found": t("checked as found", "provereno kako je zatečeno"),
	"name-as-left": t("checked as left", "provereno kako je ostavljeno"),
	"name-undo": t("calibration undone", "kalibracija poništena"),
	"name-cleaning": t("cleaned", "očišćeno"),
	"name-swap": t("probe exchanged", "sonda zamenjena"),
	"name-note": t("a note of the technician", "beleška tehničara"),
	"name-found-changed": t("calibration found changed", "kalibracija zatečena izmenjena"),
	"name-power-on": t("power came", "došla je struja"),
	"name-watchdog": t("restarted by its guard", "ponovo pokrenuta čuvarom"),
	"name-brown-out": t("restarted after weak power", "ponovo pokrenuta posle slabog napajanja"),
	"name-panic": t("restarted after a crash", "ponovo pokrenuta posle pada"),
	"name-software": t("restarted by its program", "ponovo pokrenuta programom"),
	"name-deep-sleep": t("woke from sleep", "probuđena iz sna"),
	"name-external": t("restarted from outside", "ponovo pokrenuta spolja"),
	"name-configuration": t("settings in force", "podešavanja na snazi"),
	"name-heartbeat": t("how the station fares", "kako je stanica"),
	"name-epoch": t("a new record begins", "počinje novi zapis"),
	"name-collector": t("by the collector", "od sakupljača"),
	"name-network-time": t("by network time", "od mrežnog vremena"),
	"name-technician": t("by a technician", "od tehničara"),
	"name-rtc": t("by its own clock", "po sopstvenom satu"),
} satisfies Readonly<Record<Asked, Text>> & Readonly<Record<string, Text>>);
