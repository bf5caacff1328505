/**
 * The signatures of a visit's page: the signed batches that hold its entries, put into the HTML out of a record, and the check
 * of them, for which page and public key are enough.
 */
import { readFileSync } from "node:fs";
import { OperationalError } from "../../host/errors.js";
import { messagesIn } from "../../host/messages/messages.js";
import { Speaker } from "../../host/messages/visit-texts.js";
import { Replacement } from "../../host/replace-file.js";
import { CalibrationLog, type LoggedCalibration } from "../../protocol/audit/calibration-log.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { decodeBatch } from "../../protocol/wire/batch.js";
import { decodeSign1 } from "../../protocol/wire/cose.js";
import { calibrationText, escaped, PROOF_DIGITS, proofOf } from "./report.js";

const PAGE_BYTES_MAX = 0x400000;
const LISTED = new RegExp(
	`<td class="entry">#(\\d+)<br><code>([0-9a-f]{${PROOF_DIGITS}})</code>`,
	"g",
);
const CARRIED = /<script type="application\/cose">([0-9A-Za-z+/=]*)<\/script>/g;
const LANGUAGES = Object.freeze(["en", "sr-Latn", "sr-Cyrl"] as const);

interface Listed {
	readonly sequence: number;
	readonly proof: string;
}

export interface PageOptions {
	readonly path: string;
	readonly station: string;
	/** Whether the station's key made the signature over `signed`. */
	readonly isSigned: (signed: Uint8Array, signature: Uint8Array) => boolean;
	readonly say: (text: string) => void;
}

/** Puts the batches that hold the page's entries into it; how many. Throws OperationalError. */
export function putSignatures(path: string, envelopes: readonly Uint8Array[]): number {
	const page = pageIn(path);
	const wanted = new Set(listedIn(page).map(({ sequence, proof }) => `${sequence} ${proof}`));
	const holding = envelopes.filter((envelope) => {
		const { first, entries } = decodeBatch(decodeSign1(envelope).payload);
		return entries.some((canonical, index) => wanted.has(`${first + index} ${proofOf(canonical)}`));
	});
	const scripts = holding.map(
		(envelope) =>
			`<script type="application/cose">${Buffer.from(envelope).toString("base64")}</script>\n`,
	);
	const bare = page.replace(new RegExp(`${CARRIED.source}\\n?`, "g"), "");
	const file = new Replacement(path);
	file.write(Buffer.from(bare.replace(/<\/html>\s*$/, `${scripts.join("")}</html>\n`), "utf8"));
	file.commit();
	return holding.length;
}

/** Whether signatures in the page cover each of its entries, and its calibrations are what those say. Exit 0 or 1. */
export function checkPage({ path, station, isSigned, say }: PageOptions): number {
	const page = pageIn(path);
	const listed = listedIn(page);
	if (listed.length === 0) throw new OperationalError(`${path}: no page of a visit`);
	const signed = new Map<string, Uint8Array>();
	let troubles = 0;
	const trouble = (text: string): void => {
		troubles++;
		say(text);
	};
	/** What each calibration says, by its entry. */
	const texts = new Map<number, readonly string[]>();
	const language = LANGUAGES.find((each) => page.includes(`<html lang="${each}">`)) ?? "en";
	const speaker = new Speaker(messagesIn(language));
	let [batches, said] = [0, 0];
	for (const [, base64 = ""] of page.matchAll(CARRIED)) {
		batches++;
		const { signature, toBeSigned, payload } = opened(path, () =>
			decodeSign1(Buffer.from(base64, "base64")),
		);
		const batch = opened(path, () => decodeBatch(payload));
		if (batch.station !== station) trouble(`batch ${batches} is of ${batch.station}`);
		else if (!isSigned(toBeSigned, signature)) {
			trouble(`batch ${batches} is not signed by the station's key`);
		} else {
			const log = new CalibrationLog();
			for (const [index, canonical] of batch.entries.entries()) {
				signed.set(`${batch.first + index} ${proofOf(canonical)}`, canonical);
				const logged = log.observe(decodeEntry(canonical));
				if (logged !== undefined) texts.set(batch.first + index, requiredOf(speaker, logged));
			}
		}
	}
	for (const { sequence, proof } of listed) {
		const canonical = signed.get(`${sequence} ${proof}`);
		if (canonical === undefined) trouble(`entry ${sequence} (${proof}): no signature covers it`);
		const text = texts.get(sequence);
		if (text === undefined || canonical === undefined) continue;
		if (text.every((each) => page.includes(escaped(each)))) said++;
		else trouble(`entry ${sequence}: the page tells it otherwise than it was signed`);
	}
	say(
		`${listed.length} entries, ${batches} signed batches, ${said} calibrations and notes told as signed, ` +
			`${troubles} troubles`,
	);
	return troubles === 0 ? 0 : 1;
}

/**
 * What a page must say of a calibration, whatever batches are at hand: person and bottles may be named in an earlier entry of the
 * boot.
 */
function requiredOf(speaker: Speaker, logged: LoggedCalibration): readonly string[] {
	const { text, more } = calibrationText(speaker, logged);
	return [
		text.replace(/ \([^()]*\)$/, ""),
		...more.map((line, index) =>
			index < logged.points.length ? line.slice(line.indexOf(": ")) : line,
		),
	];
}

function listedIn(page: string): Listed[] {
	return [...page.matchAll(LISTED)].map(([, sequence, proof = ""]) => ({
		sequence: Number(sequence),
		proof,
	}));
}

function opened<Value>(path: string, open: () => Value): Value {
	try {
		return open();
	} catch (error) {
		throw new OperationalError(`${path}: ${(error as Error).message}`, { cause: error });
	}
}

function pageIn(path: string): string {
	try {
		const bytes = readFileSync(path);
		if (bytes.length <= PAGE_BYTES_MAX) return bytes.toString("utf8");
	} catch (error) {
		throw new OperationalError(`${path}: ${(error as Error).message}`, { cause: error });
	}
	throw new OperationalError(`${path}: too long for the page of a visit`);
}
