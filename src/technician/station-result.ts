/**
 * What is known of a station once it was told who it is: a line of JSON in a result file, by which a collector enrols
 * it. The proof is the station's own signature: a key that was mistyped or mixed up is found at the table.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { bytesOfHex, equalBytes } from "../core/bytes.js";
import { StationError } from "../core/errors.js";
import { OperationalError } from "../host/errors.js";
import { decodeSignedPossession } from "../protocol/wire/possession.js";

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
/** How a board names itself that was told no name. */
const UNTOLD_STATION = "untold";
/** SubjectPublicKeyInfo of a compressed P-256 point (RFC 5480): a fixed head, then the point. */
const KEY_HEAD = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");

export function fingerprintOf(publicKey: Uint8Array): string {
	return createHash("sha256").update(publicKey).digest("hex").slice(0, FINGERPRINT_DIGITS);
}

/** Throws OperationalError unless the proof is signed by that key, for that station and that question. */
export function verifiedPossession(result: StationResult): void {
	const wrong = (what: string): OperationalError =>
		new OperationalError(
			`${result.station}: ${what}; ask the board again (bistrina --port PORT identity)`,
		);
	if (result.station === UNTOLD_STATION) throw wrong("the board was not told its station");
	const publicKey = bytesOfHex(result.publicKey);
	const nonce = bytesOfHex(result.nonce);
	if (publicKey === undefined || nonce === undefined) throw wrong("its row is damaged");
	let opened: ReturnType<typeof decodeSignedPossession>;
	try {
		opened = decodeSignedPossession(new Uint8Array(Buffer.from(result.proof, "base64")));
	} catch (error) {
		if (error instanceof StationError) throw wrong("its proof is damaged");
		throw error;
	}
	const { possession, toBeSigned, signature } = opened;
	if (!equalBytes(possession.publicKey, publicKey) || possession.station !== result.station) {
		throw wrong("its proof is another station's or another key's");
	}
	if (!equalBytes(possession.nonce, nonce)) throw wrong("its proof answers another question");
	if (!isSigned(publicKey, toBeSigned, signature)) {
		throw wrong("its proof is not signed by its key");
	}
}

function isSigned(publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
	try {
		const der = Buffer.concat([KEY_HEAD, publicKey]);
		const key = createPublicKey({ key: der, format: "der", type: "spki" });
		return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
	} catch {
		// No point of the curve.
		return false;
	}
}
