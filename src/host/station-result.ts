/**
 * What is known of a station once it is provisioned: a line of JSON in a result file, by which a collector enrols
 * it. The proof is the station's own signature: a key that was mistyped or mixed up is found at the table.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { bytesOfHex, equalBytes } from "../core/bytes.js";
import { StationError } from "../core/errors.js";
import { decodeSignedPossession, UNPROVISIONED_STATION } from "../protocol/wire/possession.js";
import { OperationalError } from "./errors.js";
import type { BoardText } from "./messages/board-texts.js";
import { notice } from "./messages/notice.js";

export interface StationResult {
	readonly station: string;
	/** 66 hexadecimal digits: a compressed point of P-256. */
	readonly publicKey: string;
	/** First 16 digits of the SHA-256 of the key's bytes. */
	readonly fingerprint: string;
	/** Of its journal; 0 while it has none. */
	readonly epoch: number;
	readonly firmware: string;
	/** What was asked, and the signed answer, base64. */
	readonly nonce: string;
	readonly proof: string;
}

const FINGERPRINT_DIGITS = 16;
/** SubjectPublicKeyInfo of a compressed P-256 point (RFC 5480): a fixed head, then the point. */
const KEY_HEAD = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");

export function fingerprintOf(publicKey: Uint8Array): string {
	return createHash("sha256").update(publicKey).digest("hex").slice(0, FINGERPRINT_DIGITS);
}

/** Throws OperationalError unless the proof is signed by that key, for that station and that question. */
export function verifiedPossession(result: StationResult): void {
	const wrong = (key: BoardText): OperationalError =>
		new OperationalError(notice(key, { station: result.station }));
	if (result.station === UNPROVISIONED_STATION) throw wrong("row-untold");
	const publicKey = bytesOfHex(result.publicKey);
	const nonce = bytesOfHex(result.nonce);
	if (publicKey === undefined || nonce === undefined) throw wrong("row-damaged");
	let opened: ReturnType<typeof decodeSignedPossession>;
	try {
		opened = decodeSignedPossession(new Uint8Array(Buffer.from(result.proof, "base64")));
	} catch (error) {
		if (error instanceof StationError) throw wrong("proof-damaged");
		throw error;
	}
	const { possession, toBeSigned, signature } = opened;
	if (!equalBytes(possession.publicKey, publicKey) || possession.station !== result.station) {
		throw wrong("proof-of-another");
	}
	if (!equalBytes(possession.nonce, nonce)) throw wrong("proof-other-question");
	if (!isSigned(publicKey, toBeSigned, signature)) {
		throw wrong("proof-unsigned");
	}
}

/** Whether a collector or a station could check anything with it. */
export function isPointOfCurve(publicKey: Uint8Array | undefined): boolean {
	return publicKey !== undefined && keyOf(publicKey) !== undefined;
}

function keyOf(publicKey: Uint8Array): KeyObject | undefined {
	try {
		const der = Buffer.concat([KEY_HEAD, publicKey]);
		return createPublicKey({ key: der, format: "der", type: "spki" });
	} catch {
		// No point of the curve.
		return undefined;
	}
}

function isSigned(publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
	const key = keyOf(publicKey);
	return (
		key !== undefined && verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature)
	);
}

/** Of a file of JSON lines; of a station that stands there twice the later. Throws OperationalError. */
export function readResults(path: string): readonly StationResult[] {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const why = (error as NodeJS.ErrnoException).code ?? "";
		throw new OperationalError(notice("unreadable", { file: path, why }));
	}
	return resultsOf(text, path);
}

/**
 * Lines of a file that rows are added to. A last one without its end that is no JSON was cut while it was written: it
 * is none yet, and `appendRow` takes it away.
 */
export function rowLines(text: string): readonly string[] {
	const lines = text.split("\n");
	const last = lines.pop() ?? "";
	return isJson(last) ? [...lines, last] : lines;
}

/** Adds a row that is on the disk when it returns. Throws OperationalError. */
export function appendRow(path: string, row: object): void {
	try {
		const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
		const end = before.lastIndexOf("\n") + 1;
		const isWhole = isJson(before.subarray(end).toString());
		if (end < before.length && !isWhole) truncateSync(path, end);
		const line = `${isWhole ? "\n" : ""}${JSON.stringify(row)}\n`;
		appendFileSync(path, line, { mode: 0o600, flush: true });
	} catch (error) {
		const why = (error as NodeJS.ErrnoException).code ?? "";
		throw new OperationalError(notice("unwritable", { file: path, why }));
	}
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

/** Of the lines of such a file, which is named `where`. */
export function resultsOf(text: string, where: string): readonly StationResult[] {
	const rows = new Map<string, StationResult>();
	for (const [index, line] of rowLines(text).entries()) {
		// Of a batch and of a replacement also what was begun stands there.
		if (line.trim() === "" || /^\{"(begun|replacing)":/.test(line)) continue;
		const row = resultOf(line);
		if (row === undefined) {
			throw new OperationalError(notice("no-result", { file: where, line: index + 1 }));
		}
		rows.delete(row.station);
		rows.set(row.station, row);
	}
	return [...rows.values()];
}

/** Undefined for what is no whole one. */
export function resultOf(line: string): StationResult | undefined {
	try {
		const row = JSON.parse(line) as StationResult;
		const { station, publicKey, nonce, proof } = row;
		const isWhole = [station, publicKey, nonce, proof].every((each) => typeof each === "string");
		return isWhole && bytesOfHex(publicKey)?.length === 33 ? row : undefined;
	} catch {
		return undefined;
	}
}
