/**
 * What the commands that make a station of a board say: English, then Serbian in Latin letters, with the same names in
 * braces. What is typed (options, file names, fields) is not translated.
 */
import { FLASH_TEXTS } from "./flash-texts.js";
import { LINE_TEXTS } from "./line-texts.js";
import type { Text } from "./words.js";

export const BOARD_TEXTS = Object.freeze({
	...FLASH_TEXTS,
	...LINE_TEXTS,
	// Results of provisioning and their enrolment.
	"row-untold": [
		"{station}: the board was not told its station; ask the board again (bistrina --port PORT identity)",
		"{station}: ploči nije rečeno koja je stanica; pitajte je ponovo (`bistrina --port PORT identity`)",
	],
	"row-damaged": [
		"{station}: its row is damaged; ask the board again (bistrina --port PORT identity)",
		"{station}: red je oštećen; pitajte ploču ponovo (`bistrina --port PORT identity`)",
	],
	"proof-damaged": [
		"{station}: its proof is damaged; ask the board again (bistrina --port PORT identity)",
		"{station}: dokaz je oštećen; pitajte ploču ponovo (`bistrina --port PORT identity`)",
	],
	"proof-of-another": [
		"{station}: its proof is another station's or another key's; ask the board again (bistrina --port PORT identity)",
		"{station}: dokaz je druge stanice ili drugog ključa; pitajte ploču ponovo (`bistrina --port PORT identity`)",
	],
	"proof-other-question": [
		"{station}: its proof answers another question; ask the board again (bistrina --port PORT identity)",
		"{station}: dokaz odgovara na drugo pitanje; pitajte ploču ponovo (`bistrina --port PORT identity`)",
	],
	"proof-unsigned": [
		"{station}: its proof is not signed by its key; ask the board again (bistrina --port PORT identity)",
		"{station}: dokaz nije potpisan tim ključem; pitajte ploču ponovo (`bistrina --port PORT identity`)",
	],
	"no-result": [
		"{file} line {line}: no result of provisioning",
		"{file}, red {line}: nije rezultat upisivanja",
	],
	"no-results": [
		"{file}: no station in it; bistrina provision FILE --result {file} adds one",
		"{file}: nijedne stanice; dodaje je `bistrina provision FILE --result` {file}",
	],
	unreadable: ["{file}: cannot be read ({why})", "{file}: ne može da se pročita ({why})"],
	unwritable: ["{file}: cannot be written ({why})", "{file}: ne može da se upiše ({why})"],
	"file-in-use": [
		"{file}: process {pid} is at work with it; wait until it ends (if that is another program, remove {lock})",
		"{file}: sa njom radi proces {pid}; sačekajte da završi (ako je to drugi program, izbrišite {lock})",
	],
	"file-taken": [
		"{file}: another process took it just now; try again",
		"{file}: upravo ju je uzeo drugi proces; pokušajte ponovo",
	],
	"enrol-where": [
		"say where to enrol: --stations FILE, --data DIR or --postgres URL, one of them",
		"recite gde se upisuje: `--stations FILE`, `--data DIR` ili `--postgres URL`, jedno od toga",
	],
	"by-and-why": ["--by and --why belong together", "--by i --why idu zajedno"],
	"plain-words": [
		'--by and --why take printable ASCII without " and #, at most {count} characters',
		'--by i --why primaju ASCII bez " i #, najviše {count} znakova',
	],
	"other-key": [
		"{station} is enrolled with another key; if this board takes its place, say --by NAME --why REASON; else another " +
			"station has this name",
		"{station} je upisana sa drugim ključem; ako je ova ploča zamenjuje, navedite `--by NAME --why REASON`; inače to ime " +
			"ima druga stanica",
	],
	"other-run": [
		"{station} is enrolled with another key: these stations and this database are of two runs; begin one with another --data DIR",
		"{station} je upisana sa drugim ključem: ove stanice i ova baza su iz dva pokretanja; počnite novo sa drugim `--data DIR`",
	],
	"opening-database": [
		"opening the collector's database, some seconds",
		"otvara se baza sakupljača, nekoliko sekundi",
	],
	"mend-list": ["{fault}; mend the list first", "{fault}; prvo ispravite spisak"],
	"nothing-enrolled": ["nothing was enrolled: {fault}", "ništa nije upisano: {fault}"],
	"enrolled-in-list": [
		"{new} of {count} were new in {where}; the collector reads it at SIGHUP",
		"novih u {where}: {new} od {count}; sakupljač ga čita na SIGHUP",
	],
	"enrolled-in-database": [
		"{new} of {count} were new in the database; a collector that runs knows them within a minute",
		"novih u bazi: {new} od {count}; sakupljač koji radi zna ih za minut",
	],
	"enrolled-by-running": [
		"{new} of {count} were new; the collector that runs (process {pid}) has them",
		"novih: {new} od {count}; sakupljač koji radi (proces {pid}) ih ima",
	],
	"not-taken-by-running": [
		"{where}: in use by process {pid}, which took nothing within {seconds} s; stop it, or enrol into the list that it reads",
		"{where}: koristi ga proces {pid}, koji ništa nije preuzeo za {seconds} s; zaustavite ga ili upišite u spisak koji čita",
	],
	// A board in place of another.
	"replace-not-enrolled": [
		"{station}: not enrolled, so there is nothing to replace; bistrina provision and bistrina enrol make a new station",
		"{station}: nije upisana, nema šta da se zameni; novu stanicu prave `bistrina provision` i `bistrina enrol`",
	],
	"replace-same-board": [
		"{station}: the board {mac} has the key that is enrolled: it is the one that is to be replaced; plug in the new one",
		"{station}: ploča {mac} ima upisani ključ: to je ona koja se menja; priključite novu",
	],
	"replace-other-board": [
		"{station}: its replacement was begun on the board {mac}; plug that one in, or take its line out of {file} once that " +
			"board is erased",
		"{station}: zamena je započeta na ploči {mac}; priključite nju ili izbrišite njen red iz {file} kad tu ploču obrišete",
	],
	"replace-other-station": [
		"{station}: the board {mac} is {other} already; plug in another one",
		"{station}: ploča {mac} već je {other}; priključite drugu",
	],
	"no-station": ["{file}: no station= in it", "{file}: nema `station=`"],
	"replace-predecessor": [
		"{station}: the former board delivered up to entry {sequence} of epoch {epoch}; the new one continues from there",
		"{station}: stara ploča je isporučila do stavke {sequence} epohe {epoch}; nova nastavlja odatle",
	],
	"replace-no-predecessor": [
		"{station}: nothing of the former board has been delivered; the new one begins without a past",
		"{station}: od stare ploče ništa nije isporučeno; nova počinje bez prošlosti",
	],
	"replace-ask-predecessor": [
		"a list does not know what the former board delivered: --data DIR or --postgres URL finds it, --predecessor " +
			"EPOCH,SEQUENCE,HEAD says it, --predecessor none says that there is nothing",
		"spisak ne zna šta je stara ploča isporučila: nalazi ga `--data DIR` ili `--postgres URL`, kaže `--predecessor " +
			"EPOCH,SEQUENCE,HEAD`, a `--predecessor none` kaže da nema ničega",
	],
	"replace-goes-on": [
		"{station}: its replacement by the board {mac} continues",
		"{station}: nastavlja se zamena pločom {mac}",
	],
	"replace-done": [
		"{station}: the board {mac} is in its place, with the key {fingerprint}; the former key stays in the list",
		"{station}: ploča {mac} je na njenom mestu, sa ključem {fingerprint}; stari ključ ostaje u spisku",
	],
	// What a board is provisioned with.
	"not-name-value": ["{file} line {line}: not name=value", "{file}, red {line}: nije `name=value`"],
	"field-twice": [
		"{file} line {line}: {field} stands there twice",
		"{file}, red {line}: {field} stoji dvaput",
	],
	"fault-at": ["{file} line {line}: {fault}", "{file}, red {line}: {fault}"],
	"and-then": ["{first}; {others}", "{first}; {others}"],
	"and-more": ["{first}; and {count} more", "{first}; i još {count}"],
	nothing: ["nothing", "ništa"],
	"no-such-field": ["{field}: no such field", "{field}: nema takvog polja"],
	"field-too-long": [
		"{field}: too long, at most {most} characters",
		"{field}: predugačko, najviše {most} znakova",
	],
	"not-utf8": ["{where}: not UTF-8", "{where}: nije `UTF-8`"],
	"no-point": [
		"{field}: no key (no point of P-256); copy it from where the collector prints it",
		"{field}: nije ključ (nije tačka krive `P-256`); prepišite ga odande gde ga kolektor ispisuje",
	],
	"no-variable": [
		"{field}: no {variable} in the environment",
		"{field}: nema promenljive {variable}",
	],
	"no-certificate": ["{file}: no certificate", "{file}: nije sertifikat"],
	"too-long": ["{file}: too long", "{file}: predugačko"],
	"no-terminal": [
		"{field}: no terminal to ask at; use @env:NAME or @file:PATH",
		"{field}: nema terminala za pitanje; uzmite `@env:NAME` ili `@file:PATH`",
	],
	"board-is-other": [
		"nothing was changed; this board is {station}, and what it has recorded is that station's for ever: told that it is " +
			"{wanted} it would record nothing; mend the file, or `bistrina erase` the board for another station",
		"ništa nije promenjeno; ova ploča je {station} i ono što je zabeležila zauvek pripada toj stanici: kao {wanted} ne bi " +
			"beležila ništa; ispravite datoteku, ili obrišite ploču za drugu stanicu sa `bistrina erase`",
	],
	"provision-wrong": [
		"nothing was changed; {wrongs}: mend the file and tell it again",
		"ništa nije promenjeno; {wrongs}: ispravite datoteku i ponovite",
	],
	"not-restarted": [
		"the station does not restart with configuration {id}; press its EN (reset) and ask bistrina status",
		"stanica se ne pokreće sa konfiguracijom {id}; pritisnite EN i pitajte `bistrina status`",
	],
	"nothing-changed": ["nothing was changed", "ništa nije promenjeno"],
	kept: [
		"configuration {id} is kept; the station restarts with it",
		"konfiguracija {id} je sačuvana; stanica se sa njom ponovo pokreće",
	],
	"not-told": [
		"not told: {fields}; the station measures, and delivers when it knows them",
		"nije rečeno: {fields}; stanica meri, a isporučuje kad to sazna",
	],
	// A batch.
	"batch-next": ["{station}: {number} of {count}", "{station}: {number} od {count}"],
	"batch-made": ["{station}: {mac}, {verdict}", "{station}: ploča {mac}, {verdict}"],
	"batch-end": [
		"{made} made now, {done} of {count} in {file}",
		"sada napravljeno: {made}; u {file}: {done} od {count}",
	],
	"batch-other-name": ["{station}: it calls itself {other}", "{station}: ploča kaže da je {other}"],
	"batch-twin": ["{station}: it has the key of {other}", "{station}: ima ključ stanice {other}"],
	"batch-other-board": [
		"{station}: was begun on the board {mac}; plug that one in, or take its line out of the result file once that board is " +
			"erased",
		"{station}: započeta je na ploči {mac}; priključite nju ili izbrišite njen red iz datoteke rezultata kad tu ploču obrišete",
	],
	"batch-no-row": [
		"{file} line {line}: no row of a batch; mend or remove it",
		"{file}, red {line}: nije red serije; ispravite ga ili izbrišite",
	],
	"plan-empty": ["{file}: no stations", "{file}: nema stanica"],
	"plan-no-station": ["{file} line {line}: no station", "{file}, red {line}: nema stanice"],
	"plan-twice": [
		"{file} line {line}: {station} stands there twice",
		"{file}, red {line}: {station} stoji dvaput",
	],
	"wait-for-board": [
		"{station}: waiting for a board; plug in the next one",
		"{station}: čeka se ploča; priključite sledeću",
	],
	"board-plugged-in": ["{station}: a board at {port}", "{station}: ploča na {port}"],
	"batch-another": ["unplug it, and plug in another one", "isključite nju i priključite drugu"],
	"plug-in": [
		"plug in the board that becomes {station}, then press Enter: ",
		"priključite ploču koja postaje {station}, pa pritisnite Enter: ",
	],
} as const satisfies Readonly<Record<string, Text>>);

export type BoardText = keyof typeof BOARD_TEXTS;
