/** What is said when a port cannot be opened, or of what comes from it. As board-texts.ts. */
import type { Text } from "./words.js";

export const LINE_TEXTS = Object.freeze({
	"line-silent": [
		"{port}: silent; check the cable, that the station has power, and that this is its port (a new board is flashed first)",
		"{port}: ćuti; proverite kabl, da li stanica ima napajanje i da li je ovo njen priključak (nova ploča se prvo upisuje)",
	],
	"line-senseless": [
		"{port}: {bytes} bytes came that make no sense; check --baud, and that a station is there",
		"{port}: stiglo je {bytes} bajtova bez smisla; proverite --baud i da li je tu stanica",
	],
	"line-late": [
		"{port}: no answer to {command} within {seconds} s; ask again",
		"{port}: nema odgovora na {command} za {seconds} s; pitajte ponovo",
	],
	"line-endless": [
		"{port}: the answer to {command} does not end; ask again",
		"{port}: odgovor na {command} se ne završava; pitajte ponovo",
	],
	"line-parts": [
		"{port}: {came} of {sent} lines of the answer came through; ask again",
		"{port}: od {sent} redova odgovora stiglo je {came}; pitajte ponovo",
	],
	"line-cut-off": [
		"{port}: cut off ({why}); plug it in and ask again",
		"{port}: prekinuto ({why}); priključite i pitajte ponovo",
	],
	"line-strange": [
		"{port}: nobody there speaks the technician's line; is this the port of a station?",
		"{port}: tamo niko ne govori jezik stanice; da li je ovo njen priključak?",
	],
	"port-socket": [
		"{port}: a plain socket cannot reset a board; use a serial port or rfc2217://HOST:PORT",
		"{port}: obična utičnica ne može da resetuje ploču; uzmite serijski priključak ili `rfc2217://HOST:PORT`",
	],
	"port-impossible": [
		'--port: "{port}" cannot be a port; use the path of a serial port (/dev/ttyUSB0, COM3), rfc2217://HOST:PORT, ' +
			"socket://HOST:PORT or sim:",
		'--port: "{port}" ne može biti priključak; navedite serijski (`/dev/ttyUSB0`, `COM3`), `rfc2217://HOST:PORT`, ' +
			"`socket://HOST:PORT` ili `sim:`",
	],
	"port-address": ["{port}: use {scheme}://HOST:PORT", "{port}: navedite {scheme}`://HOST:PORT`"],
	"port-nobody": [
		"{port}: nobody listens there; is the station (or npm start) running, and is this its port?",
		"{port}: tamo niko ne sluša; da li stanica (ili `npm start`) radi i da li je ovo njen priključak?",
	],
	"port-no-host": [
		"{port}: no such host; check the name",
		"{port}: nema takvog računara; proverite ime",
	],
	"port-late": [
		"{port}: no connection within {seconds} s; check the address and the network",
		"{port}: nema veze za {seconds} s; proverite adresu i mrežu",
	],
	"port-unreached": ["{port}: cannot be reached ({why})", "{port}: nije dostupno ({why})"],
	"port-none": [
		"{port}: no such port; none is plugged in",
		"{port}: nema takvog priključka; nijedan nije priključen",
	],
	"port-others": [
		"{port}: no such port; there is {names}",
		"{port}: nema takvog priključka; ima {names}",
	],
	"port-taken": [
		"{port}: another program has it; close that one (a terminal, perhaps)",
		"{port}: drži ga drugi program; zatvorite ga (možda terminal)",
	],
	"port-refused": [
		"{port}: not allowed; on Linux add yourself to the group dialout and log in again",
		"{port}: nije dozvoljeno; na Linuksu se dodajte u grupu `dialout` i prijavite se ponovo",
	],
	"port-no-serial": [
		"{port}: cannot be opened as a serial port ({why})",
		"{port}: ne može da se otvori kao serijski priključak ({why})",
	],
} as const satisfies Readonly<Record<string, Text>>);
