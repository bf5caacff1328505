/** Sentences of the technician's program: English, then Serbian in Latin letters, with the same names in braces. */
import type { Text } from "./words.js";

export const MESSAGES = Object.freeze({
	recorded: ["recorded as entry {sequence}{flagged}", "upisano kao stavka {sequence}{flagged}"],
	flagged: [", flagged {flags}", ", oznake: {flags}"],
	flaggedNothing: [", flagged nothing", ", bez oznaka"],
	notRecorded: ["not recorded", "nije upisano"],
	rejected: ["the journal rejected the reading", "dnevnik je odbio merenje"],
	round: ["round {round}, {utc}, {recorded}", "krug {round}, {utc}, {recorded}"],
	timeUnknown: ["time unknown", "vreme nepoznato"],
	notReadBack: [
		"entry {sequence} could not be read back{why}",
		"stavka {sequence} se ne može pročitati{why}",
	],
	failedOf: ["{failed} of {count} failed", "otkazalo: {failed} od {count}"],
	uploading: ["uploading; this takes a minute or two", "slanje u toku; traje minut-dva"],
	stopped: ["stopped; the same command continues", "prekinuto; ista komanda nastavlja"],
	stoppedInFile: [
		"stopped; what came is in {file}, the same command continues",
		"prekinuto; što je stiglo nalazi se u {file}, ista komanda nastavlja",
	],
	missing: ["missing: {range}", "nedostaje: {range}"],
	missingOfEpoch: ["missing: {range} of epoch {epoch}", "nedostaje: {range} iz epohe {epoch}"],
	notGiven: [
		"missing: {range}; the station did not give it",
		"nedostaje: {range}; stanica to nije poslala",
	],
	entries: [
		"{station}, epoch {epoch}: {count} entries",
		"{station}, epoha {epoch}: {count} stavki",
	],
	formerEntries: [
		"{station}, former epoch {epoch}: {count} entries",
		"{station}, ranija epoha {epoch}: {count} stavki",
	],
	readings: ["{count} readings of {station}", "merenja stanice {station}: {count}"],
	undated: [
		"{count} readings that nothing in the record dates",
		"merenja kojima ništa u zapisu ne daje vreme: {count}",
	],
	newer: [
		"{count} readings of a later version: use newer tools",
		"merenja novije verzije: {count}; uzmite novije alate",
	],
	unjudged: [
		"{count} readings from before the first policy: not judged",
		"merenja pre prvih pravila: {count}; nisu ocenjena",
	],
	batches: [
		"{count} signed batches of {station} are in {file}",
		"potpisane pošiljke stanice {station} u {file}: {count}",
	],
	opening: [
		"opening the collector's database, some seconds",
		"otvara se baza sakupljača, nekoliko sekundi",
	],
	sound: ["sound", "ispravno"],
	notSound: ["NOT sound", "NIJE ispravno"],
	goodSignatures: ["batches with a good signature", "pošiljke sa ispravnim potpisom"],
	head: ["head of {epoch}", "glava lanca {epoch}"],
	headOfEntry: ["{head} (entry {sequence})", "{head} (stavka {sequence})"],
	noGoodSignature: [
		"bad-signature at {count} batches, good at none: is this the station's key?",
		"neispravan potpis na svim pošiljkama ({count}): da li je ovo ključ stanice?",
	],
	finding: ["{kind} at {where}: {text}", "{kind} kod {where}: {text}"],
	moreOfKind: ["and {count} more of {kind}", "i još {count} iste vrste ({kind})"],
	moreFindings: ["and {count} findings more", "i još nalaza: {count}"],
	skipped: ["{text}; skipped", "{text}; preskočeno"],
	moreLines: ["and {count} lines more, skipped too", "i još preskočenih redova: {count}"],
	unchecked: [
		"{count} entries of an older program carry no check: damage would not show",
		"stavke starijeg programa bez provere: {count}; oštećenje se ne bi videlo",
	],
	notSigned: [
		"not signed: only the collector's record proves who wrote it",
		"nije potpisano: samo zapis sakupljača dokazuje ko ga je napisao",
	],
	error: ["error:", "greška:"],
} as const satisfies Readonly<Record<string, Text>>);

export type MessageKey = keyof typeof MESSAGES;
