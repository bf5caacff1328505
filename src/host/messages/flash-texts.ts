/** What is said of ports, of a board's loader and its flash, and of bundles. As board-texts.ts. */
import type { Text } from "./words.js";

export const FLASH_TEXTS = Object.freeze({
	// Ports.
	"no-port": [
		"no serial port; plug the board in by a cable that carries data, and not only power",
		"nema serijskog priključka; priključite ploču kablom koji prenosi podatke, a ne samo napajanje",
	],
	"no-port-list": [
		"the system does not list its serial ports ({why}); give the port by --port",
		"sistem ne daje spisak serijskih priključaka ({why}); navedite priključak sa --port",
	],
	"port-likely": ["likely", "verovatno"],
	"port-perhaps": ["perhaps", "možda"],
	"port-in-use": ["in use by {who}", "koristi ga {who}"],
	"port-gone": ["gone", "nestao"],
	"port-unopened": ["cannot be opened ({why})", "ne može da se otvori ({why})"],
	"port-forbidden": [
		"no permission: sudo usermod -aG {group} $USER, then log in again",
		"nema dozvole: `sudo usermod -aG {group} $USER`, pa se prijavite ponovo",
	],
	// A board's loader and its flash.
	"board-found": [
		"{port}: ESP32 {mac}, {mebibytes} MiB of flash",
		"{port}: ESP32 {mac}, {mebibytes} MiB fleša",
	],
	"flash-unknown": [
		"{port}: the flash chip does not identify itself; check the board's supply, or the board is broken",
		"{port}: fleš čip ne kaže koji je; proverite napajanje ploče, ili je ploča neispravna",
	],
	"flash-differs": [
		"{port}: flash differs at {place} from what was written there, twice; try --flash-baud 115200, then suspect the flash " +
			"chip or its supply",
		"{port}: fleš se na {place} dvaput razlikuje od upisanog; probajte --flash-baud 115200, pa posumnjajte na fleš čip ili " +
			"njegovo napajanje",
	],
	"other-chip": [
		"{port}: the chip is an {chip}; our boards have an ESP32: is this the right port?",
		"{port}: čip je {chip}; naše ploče imaju ESP32: da li je ovo pravi priključak?",
	],
	"unknown-chip": [
		"{port}: a chip that this program does not know, no ESP32",
		"{port}: čip koji ovaj program ne poznaje, nije ESP32",
	],
	"cut-off": [
		"{port}: cut off ({why}); plug it in again, the same command continues where it stopped",
		"{port}: prekinuto ({why}); priključite ponovo, ista naredba nastavlja gde je stala",
	],
	"cut-off-at-end": [
		"{port}: cut off ({why}) when all was written; plug it in again, the same command continues where it stopped",
		"{port}: prekinuto ({why}) kad je sve bilo upisano; priključite ponovo, ista naredba nastavlja gde je stala",
	],
	"loader-silent": [
		"{port}: the board's loader fell silent ({why}); try --flash-baud 115200, a shorter cable, and no hub between",
		"{port}: program za upis je zaćutao ({why}); probajte --flash-baud 115200, kraći kabl, bez razvodnika",
	],
	"no-loader": [
		"{port}: the board starts its program (boot:{boot}) and not its loader; hold its BOOT button, press and release EN, " +
			"and ask again while BOOT is held",
		"{port}: ploča pokreće svoj program (boot:{boot}), a ne program za upis; držite dugme BOOT, pritisnite i pustite EN, " +
			"pa ponovite dok držite BOOT",
	],
	"something-speaks": [
		"{port}: something speaks there, but no loader answers; hold the board's BOOT button, press and release EN, and ask " +
			"again; or it is another device's port",
		"{port}: nešto se javlja, ali ne program za upis; držite dugme BOOT, pritisnite i pustite EN, pa ponovite; ili je to " +
			"priključak drugog uređaja",
	],
	"nobody-answers": [
		"{port}: nobody answers; check the cable (some only charge), that the board has power, and that this is its port; " +
			"else hold BOOT, press and release EN, and ask again",
		"{port}: niko ne odgovara; proverite kabl (neki samo pune), da li ploča ima napajanje i da li je ovo njen priključak; " +
			"inače držite BOOT, pritisnite i pustite EN, pa ponovite",
	],
	"press-reset": [
		"{port} has no control lines: let go of BOOT and press the board's EN (reset) button",
		"{port} nema upravljačkih linija: pustite BOOT i pritisnite dugme EN na ploči",
	],
	"other-version-runs": [
		"{port}: the station answers as version {found}, {written} was written; it went back to the image before, which says " +
			"that the new one does not run",
		"{port}: stanica se javlja kao verzija {found}, a upisana je {written}; vratila se na prethodnu, što znači da nova ne radi",
	],
	"smaller-flash": [
		"{port}: the bundle is for {bundle} MiB of flash, the board has {board}: use the bundle for that size; nothing was written",
		"{port}: paket je za {bundle} MiB fleša, a ploča ima {board}: uzmite paket te veličine; ništa nije upisano",
	],
	"would-overwrite": [
		"{port}: {part} at {at} would overwrite {label}, which the board has at {place}; use the bundle for its layout, or " +
			"bistrina erase; nothing was written",
		"{port}: {part} na {at} bi prepisao {label}, koji je na ploči na {place}; uzmite paket za njen raspored ili " +
			"`bistrina erase`; ništa nije upisano",
	],
	"other-layout": [
		"{port}: the board has {label} at {board} ({boardBytes} bytes), the bundle at {bundle} ({bundleBytes} bytes): what is in it would be lost; use the bundle for its " +
			"layout, or bistrina erase; nothing was written",
		"{port}: {label} je na ploči na {board} ({boardBytes} bajtova), u paketu na {bundle} ({bundleBytes} bajtova): sadržaj bi se izgubio; uzmite paket za njen raspored ili " +
			"`bistrina erase`; ništa nije upisano",
	],
	"says-nothing": ["it says nothing", "ćuti"],
	"last-said": ['it last said "{text}"', 'poslednje je rekla "{text}"'],
	"does-not-start": [
		"{port}: all is written, and the station does not start: {last}; close the service contact, press EN (reset), and ask " +
			"bistrina status; if that is silent, too, flash again",
		"{port}: sve je upisano, a stanica se ne pokreće: {last}; zatvorite servisni kontakt, pritisnite EN, pa pitajte " +
			"`bistrina status`; ako i to ćuti, upišite ponovo",
	],
	written: [
		"written and compared; waiting for the station",
		"upisano i upoređeno; čeka se stanica",
	],
	progress: [
		"{kib} of {kibs} KiB  {rate} KiB/s  {left} left",
		"{kib} od {kibs} KiB  {rate} KiB/s  još {left}",
	],
	erasing: ["erasing the whole flash, up to two minutes", "briše se ceo fleš, do dva minuta"],
	"nothing-to-lose": [
		"nothing: its flash has no partition table",
		"ništa: u flešu nema tabele particija",
	],
	"key-and-readings": [
		"the station's private key (who it is; a new one has to be enrolled), all that it was told, and {kibibytes} KiB of " +
			"readings, of which those not yet delivered are nowhere else",
		"privatni ključ stanice (ko je ona; novi mora da se upiše), sve što joj je rečeno i {kibibytes} KiB merenja, od kojih " +
			"neisporučenih nema nigde drugde",
	],
	"would-lose": [
		"{port}: the board {mac} would lose {lost}",
		"{port}: ploča {mac} bi izgubila: {lost}",
	],
	"keep-readings": [
		"to keep the readings first: bistrina --port {port} export FILE",
		"da prvo sačuvate merenja: `bistrina --port` {port} `export FILE`",
	],
	"type-mac": ["type {mac} to erase it: ", "upišite {mac} da je obrišete: "],
	"nothing-erased": [
		"{port}: nothing was erased; type the board's MAC when asked, or give it by --confirm",
		"{port}: ništa nije obrisano; upišite MAC ploče kad vas pita, ili ga dajte sa --confirm",
	],
	// Bundles and images.
	"no-bundle": ["{file}: no such folder or zip", "{file}: nema takve fascikle ni zip datoteke"],
	"no-zip": ["{file}: no zip, or a damaged one", "{file}: nije zip, ili je oštećen"],
	"bundle-too-long": ["{file}: too long for a bundle", "{file}: predugačko za paket"],
	"bundle-builds": [
		"{file}: it has not exactly one build",
		"{file}: nema tačno jednu izgradnju (`builds`)",
	],
	"bundle-family": [
		"{file}: it is for {family}; our boards have an ESP32",
		"{file}: paket je za {family}; naše ploče imaju ESP32",
	],
	"bundle-parts": ["{file}: too many parts", "{file}: previše delova"],
	"manifest-too-long": ["{file}: its manifest is too long", "{file}: manifest je predugačak"],
	"manifest-no-json": ["{file}: its manifest is no JSON", "{file}: manifest nije JSON"],
	"manifest-format": [
		"{file}: no bundle of format {format} (bistrinaBundle); `npm run bundle` makes one",
		"{file}: nije paket oblika {format} (`bistrinaBundle`); pravi ga `npm run bundle`",
	],
	"manifest-lacks": [
		"{file}: its manifest lacks fields; `npm run bundle` makes one",
		"{file}: u manifestu nedostaju polja; pravi ga `npm run bundle`",
	],
	"part-outside": ["{file}: a part outside of it: {part}", "{file}: deo van njega: {part}"],
	"part-missing": ["{file}: {part} is missing", "{file}: nedostaje {part}"],
	"part-no-file": ["{file}: not a file", "{file}: nije datoteka"],
	"part-of-none": [
		"{file}: nothing of a bundle belongs at {at}; it has boot loader, partition table, otadata and firmware, no more",
		"{file}: na {at} ne ide ništa iz paketa; on ima pokretač, tabelu particija, otadata i program stanice, ništa više",
	],
	"table-kind": [
		"{file}: its partition table has {label} twice, or as another kind of data",
		"{file}: u tabeli particija je {label} dva puta, ili druge vrste",
	],
	"table-overlap": [
		"{file}: its partition table lays {label} over {before}",
		"{file}: u tabeli particija {label} leži preko {before}",
	],
	"table-beyond": [
		"{file}: its partition table lays {label} beyond the flash of {bytes} bytes",
		"{file}: u tabeli particija {label} izlazi iz fleša od {bytes} bajtova",
	],
	"part-too-long": ["{file}: too long", "{file}: predugačko"],
	"part-truncated": [
		"{file}: truncated: {found} bytes, the manifest says {size}",
		"{file}: odsečeno: {found} bajtova, manifest kaže {size}",
	],
	"part-digest": [
		"{file}: its SHA-256 is not the manifest's",
		"{file}: SHA-256 nije onaj iz manifesta",
	],
	"part-within-sector": [
		"{file}: it begins at {at}, within a sector of flash",
		"{file}: počinje na {at}, usred sektora fleša",
	],
	"part-beyond-flash": [
		"{file}: it ends at {end}, beyond a flash of {bytes} bytes",
		"{file}: završava na {end}, van fleša od {bytes} bajtova",
	],
	"part-runs-into": ["{file}: it runs into {part} at {at}", "{file}: prelazi u {part} na {at}"],
	"part-over-kept": [
		"{file}: it would overwrite {label} at {at}",
		"{file}: prepisao bi {label} na {at}",
	],
	"what-table": ["partition table", "tabele particija"],
	"what-boot-loader": ["boot loader", "pokretača"],
	"what-otadata": ["otadata", "dela otadata"],
	"what-firmware": ["firmware", "programa stanice"],
	"no-part": ["{file}: no {what} at {at}", "{file}: nema {what} na {at}"],
	"table-lacks": [
		"{file}: its partition table has no {label}",
		"{file}: u tabeli particija nema {label}",
	],
	"table-not-manifest": [
		"{file}: it says other partitions than the manifest",
		"{file}: kaže druge particije nego manifest",
	],
	"table-digest": [
		"{file}: the MD5 of its partition table does not hold",
		"{file}: MD5 tabele particija nije ispravan",
	],
	"no-table": ["{file}: no partition table", "{file}: nema tabele particija"],
	"otadata-not-blank": [
		"{file}: it must be blank, or another slot than ota_0 would run",
		"{file}: mora biti prazan, inače bi radio drugi deo, a ne ota_0",
	],
	"no-image": [
		"{file}: no image for an ESP32 (it does not begin with e9)",
		"{file}: nije program za ESP32 (ne počinje sa e9)",
	],
	"image-truncated": [
		"{file}: truncated: {found} bytes, its header says {needed}",
		"{file}: odsečeno: {found} bajtova, zaglavlje kaže {needed}",
	],
	"image-other-chip": [
		"{file}: an image for another chip (id {chip}, the ESP32 has 0)",
		"{file}: program za drugi čip (broj {chip}, ESP32 ima 0)",
	],
	"image-segments": [
		"{file}: {count} segments, 1 to 16 can be",
		"{file}: segmenata {count}, može ih biti od 1 do 16",
	],
	"image-checksum": [
		"{file}: damaged: its checksum does not hold",
		"{file}: oštećeno: kontrolni zbir nije ispravan",
	],
	"image-digest": [
		"{file}: damaged: its SHA-256 does not hold",
		"{file}: oštećeno: SHA-256 nije ispravan",
	],
	"image-too-long": [
		"{file}: {count} bytes too many after its end",
		"{file}: {count} bajtova viška iza kraja",
	],
	"image-too-large": [
		"{file}: {found} bytes do not fit ota_0 of {size}",
		"{file}: {found} bajtova ne staje u ota_0 od {size}",
	],
	"image-foreign": [
		'{file}: a foreign image: of "{project}", not of "bistrina"',
		'{file}: tuđ program: "{project}", a ne "`bistrina`"',
	],
	"image-version": [
		"{file}: it is version {found}, the manifest says {version}",
		"{file}: verzija je {found}, manifest kaže {version}",
	],
} as const satisfies Readonly<Record<string, Text>>);
