/**
 * What a board was provisioned with on its line: kept as lines `name=value` in two banks of the settings, the newer one
 * in force, so that a cut leaves the older; and the draft of another, of which nothing holds before it is committed. A
 * board that was given half of it, or nothing, has placeholders for the rest and says what is missing.
 */
import {
	asciiBytes,
	asciiText,
	bytesOfHex,
	hexOf,
	putUint32,
	uint16At,
	uint32At,
} from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { StationError } from "../../core/errors.js";
import { UNPROVISIONED_STATION } from "../../protocol/wire/possession.js";
import type { SettingsMemory, Sha256, WiFiNetwork } from "../ports.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	requireConsistent,
	type StationConfiguration,
} from "./configuration.js";
import { CONFIGURATION_FIELDS, type FieldRow, requireField } from "./configuration-fields.js";
import { readField } from "./parse-configuration.js";
import { type Predecessor, predecessorOf } from "./predecessor.js";
import {
	isAddress,
	isSecret,
	NETWORKS_MAX,
	neededFields,
	networkField,
	networkNameOf,
	provisioningRowOf,
	REFERENCE_PINS,
} from "./provisioning-fields.js";
import { isStaticAddress } from "./static-address.js";

/** Told by name, as text. */
export type ProvisionedFields = ReadonlyMap<string, string>;

/** What is wrong with a field, or that it is missing: then the board continues without. */
export interface ProvisioningProblem {
	readonly field: string;
	readonly isMissing: boolean;
	readonly rule: string;
}

const PLACEHOLDERS = Object.freeze({
	station: UNPROVISIONED_STATION,
	collectorHost: "untold.invalid",
	collectorPort: 443,
	collectorPublicKey: new Uint8Array(33),
});
/** "BPRV" little-endian, serial 4, length 2; then the lines, CRC 4. */
const MAGIC = 0x56525042;
const HEAD_BYTES = 10;
const CRC_BYTES = 4;
/** Places 0 and 1 are the configurations', 2 and 3 the calibrations'. */
const BANKS: readonly number[] = Object.freeze([4, 5]);
/** Every field at its longest would be 5.2 KB; both banks and the configurations fit 20 KB of NVS. */
export const PROVISIONING_BYTES_MAX = 4000;
/** A certificate of 1024 bytes. */
export const FIELD_CHARACTERS_MAX = 2048;
/** From when the firmware is: a board without a floor of its own believes nothing earlier. */
const BUILD_UTC_SECONDS = 1_795_000_000;

/** What is in force; the newer of both banks that checks. Reads, never writes. */
export class Provisioning {
	readonly fields: ProvisionedFields;
	readonly configuration: StationConfiguration;
	/** Names of required fields that are missing. */
	readonly missing: readonly string[];
	readonly #memory: SettingsMemory;
	readonly #serial: number;

	/** `base`: what a simulated board has without being provisioned. */
	constructor(memory: SettingsMemory, base?: StationConfiguration) {
		this.#memory = memory;
		const newest = BANKS.map((bank) => read(memory, bank)).sort(
			(a, b) => (b?.serial ?? -1) - (a?.serial ?? -1),
		)[0];
		this.#serial = newest?.serial ?? 0;
		this.fields = newest?.fields ?? new Map();
		const isBased = newest === undefined && base !== undefined;
		this.missing = isBased ? [] : neededFields().filter((name) => !this.fields.has(name));
		this.configuration = isBased ? base : configurationOf(this.fields, newest?.id ?? 1);
	}

	/** All that is needed to deliver is there. */
	get isComplete(): boolean {
		return this.missing.length === 0;
	}

	get networks(): readonly WiFiNetwork[] {
		const networks: WiFiNetwork[] = [];
		for (let index = 0; index < NETWORKS_MAX; index++) {
			const of = (what: "Name" | "Password" | "Address") =>
				this.fields.get(networkField(index, what)) ?? "";
			const name = of("Name");
			if (name !== "") networks.push({ name, password: of("Password"), address: of("Address") });
		}
		return networks;
	}

	get authority(): Uint8Array {
		return bytesOfHex(this.fields.get("authority") ?? "") ?? new Uint8Array(0);
	}

	get trustFloorUtcSeconds(): number {
		return Number(this.fields.get("trustFloorUtcSeconds") ?? BUILD_UTC_SECONDS);
	}

	/** Of the board that this one replaces; undefined: of none. */
	get predecessor(): Predecessor | undefined {
		return predecessorOf(this.fields.get("predecessor") ?? "");
	}

	/** As PINS has them, in the order of the reference's. */
	get pins(): readonly number[] {
		return this.fields.get("pins")?.split(",").map(Number) ?? REFERENCE_PINS;
	}

	/** Throws StationError `settings-failed`; then what was in force still is. */
	write(fields: ProvisionedFields, id: number): void {
		const lines = asciiBytes(linesOf(fields, id));
		const serial = this.#serial + 1;
		const bytes = new Uint8Array(HEAD_BYTES + lines.length + CRC_BYTES);
		putUint32(bytes, 0, MAGIC);
		putUint32(bytes, 4, serial);
		bytes[8] = lines.length & 0xff;
		bytes[9] = lines.length >> 8;
		bytes.set(lines, HEAD_BYTES);
		const end = HEAD_BYTES + lines.length;
		putUint32(bytes, end, crc32(bytes, 0, end));
		const bank = BANKS[serial % 2] ?? 4;
		try {
			this.#memory.write(bank, bytes);
			if (read(this.#memory, bank)?.serial === serial) return;
		} catch (error) {
			throw notStored(error);
		}
		throw notStored(undefined);
	}
}

/** A journal is a station's, for ever: throws StationError `configuration-invalid` where there is no name. */
export function named(configuration: StationConfiguration): StationConfiguration {
	if (configuration.station !== UNPROVISIONED_STATION) return configuration;
	throw wrong("the board was not told its station");
}

/** Of the provisioned fields, and placeholders for the rest. */
function configurationOf(provisioned: ProvisionedFields, id: number): StationConfiguration {
	const fields: Record<string, unknown> = { ...DEFAULT_CONFIGURATION, ...PLACEHOLDERS, id };
	for (const [name, row] of Object.entries<FieldRow>(CONFIGURATION_FIELDS)) {
		const text = provisioned.get(name);
		if (text !== undefined) fields[name] = readField(name, row.kind, text);
	}
	return fields as unknown as StationConfiguration;
}

/** A draft: what was provisioned, what is in force, and what has been changed of it. */
export class ProvisioningDraft {
	readonly #before: ProvisionedFields;
	readonly #fields: Map<string, string>;

	/** `inForce`: a configuration that the collector gave since replaces what was provisioned. */
	constructor(fields: ProvisionedFields, inForce: StationConfiguration) {
		const begun = new Map(fields);
		const placeholders = PLACEHOLDERS as Readonly<Record<string, unknown>>;
		for (const [name, value] of Object.entries(inForce)) {
			const isPlaceholder = !fields.has(name) && String(value) === String(placeholders[name]);
			if (name !== "id" && !isPlaceholder) begun.set(name, textOf(value));
		}
		this.#before = begun;
		this.#fields = new Map(begun);
	}

	get fields(): ProvisionedFields {
		return this.#fields;
	}

	/**
	 * Puts `text` after the first `at` characters of the field. Throws StationError `configuration-invalid` for a name
	 * that there is not, a place that is not there yet, and what is too long.
	 */
	set(name: string, at: number, text: string): void {
		if (provisioningRowOf(name) === undefined) throw wrong(`${name}: no such field`);
		const held = this.#fields.get(name) ?? "";
		if (at > held.length) throw wrong(`${name}: ${held.length} characters so far, not ${at}`);
		const value = held.slice(0, at) + text;
		if (value.length > FIELD_CHARACTERS_MAX) throw wrong(`${name}: too long`);
		if (value === "" && name !== "timeHost" && !name.startsWith("turbidityCoefficients"))
			this.#fields.delete(name);
		else this.#fields.set(name, value);
	}

	/** Whether the field is other than before. */
	isNew(name: string): boolean {
		return this.#fields.get(name) !== this.#before.get(name);
	}

	/** Everything that is wrong or missing, each field by itself, then what fields must agree on. */
	problems(): readonly ProvisioningProblem[] {
		const problems: ProvisioningProblem[] = [];
		const add = (field: string, error: unknown): void => {
			if (!(error instanceof StationError)) throw error;
			problems.push({ field, isMissing: false, rule: error.message });
		};
		for (const [name, text] of this.#fields) {
			try {
				requireFieldText(name, text);
				const network = networkNameOf(name);
				if (network !== undefined && !this.#fields.has(network)) {
					throw wrong(`${name}: there is no ${network}`);
				}
			} catch (error) {
				add(name, error);
			}
		}
		if (problems.length === 0) {
			try {
				requireConsistent(configurationOf(this.#fields, 1));
			} catch (error) {
				add("turbidityProbe", error);
			}
		}
		if (linesOf(this.#fields, 0xffff).length > PROVISIONING_BYTES_MAX) {
			problems.push({ field: "all", isMissing: false, rule: "too much in all" });
		}
		for (const field of neededFields()) {
			if (!this.#fields.has(field)) problems.push({ field, isMissing: true, rule: "not told yet" });
		}
		return problems;
	}

	/** Names what would be committed: eight digits of CRC-32. */
	get check(): string {
		const lines = asciiBytes(linesOf(this.#fields, 0));
		const word = new Uint8Array(4);
		new DataView(word.buffer).setUint32(0, crc32(lines, 0, lines.length));
		return hexOf(word);
	}

	/** What may be shown of a field: of a secret four digits, which distinguish it and do not reveal it. */
	shown(name: string, sha256: Sha256): string {
		const text = this.#fields.get(name) ?? "";
		const digits = hexOf(sha256(asciiBytes(`${name}=${text}`)));
		if (isSecret(name)) return `set, hash ${digits.slice(0, 4)}`;
		return text.length > 100 ? `${text.length} characters, hash ${digits.slice(0, 8)}` : text;
	}
}

/** Throws StationError `configuration-invalid` that names the field and its rule. */
export function requireFieldText(name: string, text: string): void {
	const row = provisioningRowOf(name);
	if (row === undefined) throw wrong(`${name}: no such field`);
	requireField(name, row, readField(name, row.kind, text));
	if (name === "station" && text === UNPROVISIONED_STATION)
		throw wrong("station: choose another name");
	if (name === "pins") requirePins(text.split(",").map(Number));
	if (name === "predecessor" && predecessorOf(text) === undefined) {
		throw wrong("predecessor: use EPOCH,SEQUENCE,HEAD as bistrina replace tells it");
	}
	if (isAddress(name) && !isStaticAddress(text)) {
		throw wrong(
			`${name}: use ADDRESS,MASK,GATEWAY,NAME-SERVER, the gateway in the address's network`,
		);
	}
}

/** Pins that are free on the module, each once; rails and contact hold or wake in deep sleep only on RTC pins. */
function requirePins(pins: readonly number[]): void {
	const isFree = (pin: number): boolean => pin > 3 && (pin < 6 || pin > 12) && pin !== 15;
	const isRtc = (pin: number): boolean =>
		pin > 31 || (pin > 24 && pin < 28) || (pin > 11 && pin < 15) || pin === 4;
	const isGood =
		pins.length === REFERENCE_PINS.length &&
		pins.every((pin, index) => pins.indexOf(pin) === index && isFree(pin)) &&
		pins.slice(5).every(isRtc);
	if (!isGood) throw wrong("pins: eight different ones that are free, the last three RTC pins");
}

function textOf(value: unknown): string {
	return value instanceof Uint8Array ? hexOf(value) : String(value);
}

/** The canonical form, with `id`, of what is kept. */
function linesOf(fields: ProvisionedFields, id: number): string {
	const values: Record<string, unknown> = { id };
	for (const [name, text] of fields) values[name] = text;
	return canonicalConfiguration(values);
}

function read(memory: SettingsMemory, bank: number) {
	let bytes: Uint8Array | undefined;
	try {
		bytes = memory.read(bank);
	} catch {
		// Whatever a port throws: nothing can be had from this bank.
		return undefined;
	}
	if (bytes === undefined || bytes.length < HEAD_BYTES + CRC_BYTES) return undefined;
	const end = HEAD_BYTES + uint16At(bytes, 8);
	if (uint32At(bytes, 0) !== MAGIC || bytes.length !== end + CRC_BYTES) return undefined;
	if (uint32At(bytes, end) !== crc32(bytes, 0, end)) return undefined;
	const fields = new Map<string, string>();
	let id = 1;
	for (const line of asciiText(bytes, HEAD_BYTES, end).split("\n")) {
		const equals = line.indexOf("=");
		// Fields of another firmware are not for this one, and are left out.
		const name = line.slice(0, equals);
		const value = line.slice(equals + 1);
		if (name === "id") id = Number(value);
		else if (equals > 0 && provisioningRowOf(name) !== undefined) fields.set(name, value);
	}
	return { serial: uint32At(bytes, 4), id, fields };
}

function wrong(what: string): StationError {
	return new StationError("configuration-invalid", what);
}

function notStored(cause: unknown): StationError {
	return new StationError("settings-failed", "what was told was not stored", { cause });
}
