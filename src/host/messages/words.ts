/** Words for what the record, the line and the verifier name: English, then Serbian in Latin letters. */
import { CHANNEL_TABLE } from "../../protocol/audit/channel-columns.js";
import type { Standing } from "../../protocol/audit/verify-chain.js";
import type { DerivationNote } from "../../protocol/record/derive.js";
import type {
	EntryKind,
	GAP_REASONS,
	RESET_REASONS,
	STATION_FLAGS,
} from "../../protocol/record/entry-layouts.js";
import type { EventCode } from "../../protocol/record/events.js";
import type { CHANNEL_FLAGS } from "../../protocol/record/reading.js";

export type Text = readonly [english: string, serbian: string];
type Rows<Name extends string> = Readonly<Record<Name, Text>>;

const FLAGS: Rows<keyof typeof CHANNEL_FLAGS> = {
	absent: ["absent", "nema vrednosti"],
	fault: ["fault", "kvar"],
	outOfRange: ["out of range", "van opsega"],
	unstable: ["unstable", "nestabilno"],
	uncompensated: ["uncompensated", "bez kompenzacije"],
	suspect: ["suspect", "sumnjivo"],
	saturated: ["saturated", "zasićeno"],
	uncalibrated: ["uncalibrated", "nekalibrisano"],
};

const STATION: Rows<keyof typeof STATION_FLAGS> = {
	batteryLow: ["battery low", "baterija slaba"],
	journalNearlyFull: ["journal nearly full", "dnevnik skoro pun"],
	journalDegraded: ["journal degraded", "dnevnik oštećen"],
	clockUntrusted: ["clock not trusted", "sat nepouzdan"],
	serviceMode: ["service mode", "servisni režim"],
	safeMode: ["safe mode", "bezbedni režim"],
	radioBudgetSpent: ["radio budget spent", "potrošeno vreme za radio"],
	collectorRefused: ["refused by the collector", "kolektor odbio"],
	wakeLate: ["late wake", "zakasnelo buđenje"],
};

const NOTES: Rows<DerivationNote> = {
	"raw-absent": ["nothing was measured", "ništa nije izmereno"],
	"temperature-absent": [
		"no temperature to refer it to 25 degC",
		"nema temperature za svođenje na 25 degC",
	],
	"temperature-doubtful": ["doubtful temperature", "sumnjiva temperatura"],
	"temperature-beyond-law": ["temperature beyond the law's range", "temperatura van opsega zakona"],
	"law-not-for-acid-water": ["the law is not for acid water", "zakon ne važi za kiselu vodu"],
	"acidity-unknown": ["acidity unknown", "kiselost nepoznata"],
	"calibration-unknown": ["calibration unknown", "kalibracija nepoznata"],
	"configuration-unknown": ["configuration unknown", "konfiguracija nepoznata"],
};

const KINDS: Rows<EntryKind> = {
	reading: ["reading", "merenje"],
	boot: ["boot", "pokretanje"],
	time: ["time", "vreme"],
	calibration: ["calibration", "kalibracija"],
	configuration: ["configuration", "konfiguracija"],
	event: ["event", "događaj"],
	gap: ["gap", "praznina"],
	epoch: ["epoch", "epoha"],
	"calibration-part": ["part of a calibration", "deo kalibracije"],
	alarm: ["alarm", "uzbuna"],
	heartbeat: ["heartbeat", "dnevni izveštaj"],
};

const EVENTS: Rows<EventCode> = {
	"probe-failed": ["probe failed", "sonda otkazala"],
	"probe-recovered": ["probe measures again", "sonda ponovo meri"],
	"bus-cleared": ["stuck bus freed", "zaglavljena magistrala oslobođena"],
	"probe-identified": ["probe identified", "sonda prepoznata"],
	"collector-refused": ["collector refused a batch", "kolektor odbio pošiljku"],
	"acknowledgement-rejected": ["acknowledgement rejected", "potvrda odbačena"],
	"released-not-held": [
		"collector no longer holds what was released",
		"kolektor više nema ono što je potvrdio",
	],
	"time-refused": ["offered time refused", "ponuđeno vreme odbijeno"],
	"rtc-stopped": ["the clock chip had stopped", "čip sata je bio stao"],
	"rtc-failed": ["the clock chip failed", "čip sata otkazao"],
	"sector-retired": ["sector retired", "sektor povučen"],
	"bits-corrected": ["bits corrected", "bitovi ispravljeni"],
	"journal-recovered": ["journal recovered", "dnevnik oporavljen"],
	crash: ["crash", "pad programa"],
	"safe-mode": ["safe mode", "bezbedni režim"],
	"battery-low": ["battery low", "baterija slaba"],
	"battery-waited": ["waited for the battery", "čekalo se na bateriju"],
	service: ["technician at the line", "tehničar na liniji"],
	"configuration-refused": ["configuration refused", "konfiguracija odbijena"],
	"configuration-reverted": ["configuration reverted", "konfiguracija vraćena"],
	"configuration-confirmed": ["configuration confirmed", "konfiguracija potvrđena"],
	"settings-damaged": ["stored configuration damaged", "sačuvana konfiguracija oštećena"],
};

const GAPS: Rows<(typeof GAP_REASONS)[number]> = {
	overflow: ["overwritten before it was delivered", "prepisano pre isporuke"],
	rot: ["unreadable in flash", "nečitljivo u flešu"],
	"sector-lost": ["sector lost", "sektor izgubljen"],
	unproved: ["number that nothing proves", "broj koji ništa ne potvrđuje"],
};

const RESETS: Rows<(typeof RESET_REASONS)[number]> = {
	"power-on": ["power on", "uključenje"],
	"deep-sleep": ["deep sleep", "duboki san"],
	software: ["software", "program"],
	watchdog: ["watchdog", "nadzorni tajmer"],
	"brown-out": ["brown-out", "pad napona"],
	panic: ["panic", "greška sistema"],
	external: ["external", "spoljni"],
};

const STANDINGS: Rows<`standing ${Standing}`> = {
	"standing chained": ["signed and chained", "potpisano i u lancu"],
	"standing signed": ["signed, but not chained", "potpisano, ali ne u lancu"],
	"standing gap": ["lost, and the station says so", "izgubljeno, i stanica to kaže"],
	"standing missing": ["missing without a word", "nedostaje bez objašnjenja"],
};

/** Verdicts and states that the line gives as words. */
const STATES: Rows<string> = {
	good: ["good", "ispravno"],
	failed: ["failed", "otkazalo"],
	doubtful: ["doubtful", "sumnjivo"],
	unset: ["unset", "nepodešeno"],
	disciplined: ["disciplined", "usklađeno"],
	holdover: ["holdover", "po ranijem usklađivanju"],
	battery: ["battery", "baterija"],
	mains: ["mains", "mreža"],
	low: ["low", "slabo"],
	clock: ["clock", "sat"],
	journal: ["journal", "dnevnik"],
	measured: ["measured", "izmereno"],
	calibrated: ["calibrated", "po kalibraciji"],
	none: ["none", "nijedan"],
};

/** Heads of tables and names of pairs. */
const NAMES: Rows<string> = {
	Station: ["Station", "Stanica"],
	Clock: ["Clock", "Sat"],
	Journal: ["Journal", "Dnevnik"],
	Flash: ["Flash", "Fleš"],
	"Schedule and uplink": ["Schedule and uplink", "Raspored i slanje"],
	"Probes and battery": ["Probes and battery", "Sonde i baterija"],
	Line: ["Line", "Linija"],
	station: ["station", "stanica"],
	firmware: ["firmware", "ugrađeni program"],
	supply: ["supply", "napajanje"],
	interval: ["interval", "razmak merenja"],
	configuration: ["configuration", "konfiguracija"],
	trial: ["trial", "proba"],
	resetReason: ["reset reason", "razlog pokretanja"],
	freeHeap: ["free heap", "slobodna memorija"],
	utc: ["UTC", "UTC"],
	timeQuality: ["quality of time", "kvalitet vremena"],
	boot: ["boot", "pokretanje"],
	uptime: ["uptime", "radi već"],
	epoch: ["epoch", "epoha"],
	held: ["first held", "prvi sačuvani"],
	next: ["next", "sledeći"],
	cursor: ["cursor", "potvrđeno do"],
	waiting: ["waiting", "čeka"],
	gaps: ["gaps", "praznine"],
	flashSectors: ["sectors", "sektora"],
	flashRetired: ["retired", "povučeno"],
	flashRefusals: ["refusals", "odbijanja"],
	flashBitsCorrected: ["bits corrected", "ispravljeno bitova"],
	flashSlotsSkipped: ["slots skipped", "preskočeno mesta"],
	nextReading: ["next reading", "sledeće merenje"],
	nextUpload: ["next upload", "sledeće slanje"],
	uploading: ["uploading", "slanje u toku"],
	uploadFailures: ["failed uploads", "neuspela slanja"],
	rssi: ["signal", "signal"],
	lastUpload: ["last upload", "poslednje slanje"],
	failedProbes: ["failed probes", "neispravne sonde"],
	garbled: ["garbled lines", "nečitljivi redovi"],
	channel: ["channel", "veličina"],
	value: ["value", "vrednost"],
	unit: ["unit", "jedinica"],
	method: ["method", "postupak"],
	raw: ["raw", "sirovo"],
	rawUnit: ["raw unit", "sirova jedinica"],
	flags: ["flags", "oznake"],
	probe: ["probe", "sonda"],
	verdict: ["verdict", "ocena"],
	cause: ["cause", "uzrok"],
	file: ["file", "datoteka"],
	fetched: ["fetched", "preuzeto"],
	missing: ["missing", "nedostaje"],
	first: ["first", "prvi"],
	last: ["last", "poslednji"],
	standing: ["standing", "stanje"],
	note: ["note", "napomena"],
};

/** Units that are words. All others are written as they are, in Cyrillic, too. */
const UNITS: Rows<string> = {
	degC: ["°C", "°C"],
	"uS/cm": ["µS/cm", "µS/cm"],
	relative: ["relative", "relativno"],
};

/** Every word that has its place here. */
export const WORDS: ReadonlyMap<string, Text> = new Map(
	[FLAGS, STATION, NOTES, KINDS, EVENTS, GAPS, RESETS, STANDINGS, STATES, NAMES, UNITS]
		.flatMap((rows) => Object.entries<Text>(rows))
		.concat(CHANNEL_TABLE.map(({ name, words }) => [name, words] as [string, Text])),
);
