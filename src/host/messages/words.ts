/** Words for what the record, the line and the verifier name: English, then Serbian in Latin letters. */
import { CHANNEL_TABLE } from "../../protocol/audit/channel-columns.js";
import type { EntryStatus } from "../../protocol/audit/verify-chain.js";
import type { DerivationNote } from "../../protocol/record/derive.js";
import type { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import { RECORD_TEXTS } from "./record-texts.js";

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
	"calibration-changed": [
		"the circuit was calibrated with other tools meanwhile",
		"kolo je u međuvremenu kalibrisano drugim alatom",
	],
	"configuration-unknown": ["configuration unknown", "konfiguracija nepoznata"],
};

const STANDINGS: Rows<`standing ${EntryStatus}`> = {
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
	mac: ["board", "ploča"],
	written: ["written", "upisano"],
	skipped: ["skipped", "preskočeno"],
	erased: ["erased", "obrisano"],
	publicKey: ["public key", "javni ključ"],
	formerKey: ["former key", "stari ključ"],
	fingerprint: ["fingerprint", "otisak ključa"],
	predecessor: ["predecessor", "prethodnica"],
	at: ["at", "kada"],
	by: ["by", "ko"],
	why: ["why", "zašto"],
	port: ["port", "priključak"],
	chip: ["chip", "čip"],
	usb: ["USB id", "oznaka USB"],
	serial: ["serial number", "serijski broj"],
	board: ["board", "ploča"],
	problem: ["problem", "smetnja"],
	field: ["field", "polje"],
	state: ["state", "stanje"],
	text: ["text", "sadržaj"],
};

/** Units that are words. All others are written as they are, in Cyrillic, too. */
const UNITS: Rows<string> = {
	degC: ["°C", "°C"],
	"uS/cm": ["µS/cm", "µS/cm"],
	relative: ["relative", "relativno"],
};

/** Names of flags of a station, of kinds, events and reasons; what a flag of a channel means is longer than a word. */
function ofTheRecord(): (readonly [string, Text])[] {
	return Object.entries(RECORD_TEXTS).flatMap(([key, { en, sr }]) => {
		const [, name = ""] = /^(?:station|kind|name)-(.*)$/.exec(key) ?? [];
		return name === "" ? [] : [[name, [en, sr]] as const];
	});
}

/** Every word that has its place here. */
export const WORDS: ReadonlyMap<string, Text> = new Map([
	...ofTheRecord(),
	...[FLAGS, NOTES, STANDINGS, STATES, NAMES, UNITS].flatMap((rows) => Object.entries<Text>(rows)),
	...CHANNEL_TABLE.map(({ name, words }) => [name, words] as const),
]);
