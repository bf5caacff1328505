/**
 * What a board is provisioned with besides a configuration, as rows of the same kind, and the names of all of it. A
 * field without a default must be given; a secret is never shown again. docs/CONSOLE.md, "Provisioning".
 */
import { CLOCK_LAST_UTC_SECONDS } from "../../core/calendar.js";
import { isDigit } from "../../core/text.js";
import { CONFIGURATION_FIELDS, type FieldRow, type FieldTable } from "./configuration-fields.js";

/** In the order in which they are tried. */
export const NETWORKS_MAX = 4;
const NETWORK = "network";
const NAME = "Name";
const SECRET = "Password";
const ADDRESS = "Address";

/** Data and clock of the system bus and of the probe bus, 1-Wire, rail of the probes, rail of the loop, service contact. */
export const REFERENCE_PINS: readonly number[] = Object.freeze([21, 22, 18, 19, 23, 32, 33, 27]);

const BOARD_FIELDS: FieldTable = Object.freeze({
	/** Certificate of the authority that the collector's is signed by, DER. */
	authority: { kind: "bytes", range: [64, 1024] },
	/** No earlier time is believed: when the board was told, Unix seconds. */
	trustFloorUtcSeconds: { kind: "number", range: [1_700_000_000, CLOCK_LAST_UTC_SECONDS] },
	/** For people; the record knows the station by its id. */
	displayName: { kind: "text", range: [0, 40], start: "" },
	/** Where it stands, in words. */
	place: { kind: "text", range: [0, 80], start: "" },
	/** North is positive. */
	latitudeMicrodegrees: { kind: "number", range: [-90_000_000, 90_000_000], start: 0 },
	/** East is positive. */
	longitudeMicrodegrees: { kind: "number", range: [-180_000_000, 180_000_000], start: 0 },
	/** What the board that this one replaces had delivered (FORMAT.md, epoch entry): 10 + 1 + 10 + 1 + 64 characters. */
	predecessor: { kind: "text", range: [0, 86], start: "" },
	/** Of a board that is wired otherwise than the reference. */
	pins: { kind: "numbers", range: [0, 33], start: REFERENCE_PINS },
});

/** Of each network: its name, what WPA takes (an open one has no password), and an address where it gives none. */
const NETWORK_FIELDS: FieldTable = Object.freeze({
	Name: { kind: "text", range: [1, 32], start: "" },
	Password: { kind: "text", range: [8, 64], start: "" },
	Address: { kind: "text", range: [0, 63], start: "" },
});

/** What must be given, besides what the tables have no default for. */
export const FIRST_NETWORK = `${NETWORK}1${NAME}`;

/** The row of a name, undefined where there is no such field. `id` is the station's own to give. */
export function provisioningRowOf(name: string): FieldRow | undefined {
	if (name === "id") return undefined;
	const digit = name.charCodeAt(NETWORK.length);
	if (name.startsWith(NETWORK) && isDigit(digit)) {
		const isOne = digit > 0x30 && digit <= 0x30 + NETWORKS_MAX;
		return isOne ? rowIn(NETWORK_FIELDS, name.slice(NETWORK.length + 1)) : undefined;
	}
	return rowIn(BOARD_FIELDS, name) ?? rowIn(CONFIGURATION_FIELDS, name);
}

export function isSecret(name: string): boolean {
	return name.endsWith(SECRET);
}

export function isAddress(name: string): boolean {
	return name.endsWith(ADDRESS);
}

/** Of a network's other fields the one that names it. */
export function networkNameOf(name: string): string | undefined {
	const what = isSecret(name) ? SECRET : ADDRESS;
	return name.endsWith(what) ? name.slice(0, -what.length) + NAME : undefined;
}

/** Names that have no default. */
export function neededFields(): string[] {
	const names = [BOARD_FIELDS, CONFIGURATION_FIELDS as FieldTable].flatMap((table) =>
		Object.keys(table).filter((name) => table[name]?.start === undefined),
	);
	return [...names, FIRST_NETWORK];
}

export function networkField(index: number, what: "Name" | "Password" | "Address"): string {
	return `${NETWORK}${index + 1}${what}`;
}

function rowIn(table: FieldTable, name: string): FieldRow | undefined {
	return Object.keys(table).includes(name) ? table[name] : undefined;
}
