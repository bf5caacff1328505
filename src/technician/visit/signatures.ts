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
import { calibrationText, escaped, PROOF_DIGITS, proofOf, timeText } from "./report.js";

const PAGE_BYTES_MAX = 0x400000;
const LISTED = new RegExp(
	`<td class="entry">#(\\d+)<br><code>([0-9a-f]{${PROOF_DIGITS}})</code>`,
	"g",
);
/** A row of the page as report.ts writes it: its words, and the entry. */
const ROW = new RegExp(
	`<tr><td>(.*?)</td><td class="entry">#(\\d+)<br><code>([0-9a-f]{${PROOF_DIGITS}})</code></td></tr>`,
	"g",
);
const CARRIED = /<script type="application\/cose">([0-9A-Za-z+/=]*)<\/script>/g;
const LANGUAGES = Object.freeze(["en", "sr-Latn", "sr-Cyrl"] as const);

interface Listed {
	readonly sequence: number;
	readonly proof: string;
}

/** What the row of an entry must say, and whether all of it is compared. */
interface Stated {
	readonly row: RegExp;
	readonly isWhole: boolean;
}

export interface PageOptions {
	readonly path: string;
	readonly station: string;
	/** Whether the station's key made the signature over `signed`. */
	readonly isSigned: (signed: Uint8Array, signature: Uint8Array) => boolean;
	readonly print: (text: string) => void;
}

/** Puts the batches that hold the page's entries into it; how many. Throws OperationalError. */
export function putSignatures(path: string, envelopes: readonly Uint8Array[]): number {
	const page = pageIn(path);
	const wanted = new Set(listedIn(page).map(({ sequence, proof }) => `${sequence} ${proof}`));
	const holding = envelopes.filter((envelope) => {
		const { first, entries } = decodeBatch(decodeSign1(envelope).payload);
		return entries.some((canonicalBytes, index) =>
			wanted.has(`${first + index} ${proofOf(canonicalBytes)}`),
		);
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
export function checkPage({ path, station, isSigned, print }: PageOptions): number {
	const page = pageIn(path);
	const listed = listedIn(page);
	if (listed.length === 0) throw new OperationalError(`${path}: no page of a visit`);
	const signed = new Map<string, Uint8Array>();
	let problemCount = 0;
	const report = (text: string): void => {
		problemCount++;
		print(text);
	};
	/** What the row of each entry must say. */
	const stated = new Map<string, Stated>();
	const language = LANGUAGES.find((each) => page.includes(`<html lang="${each}">`)) ?? "en";
	const speaker = new Speaker(messagesIn(language));
	let [batches, statedCount] = [0, 0];
	for (const [, base64 = ""] of page.matchAll(CARRIED)) {
		batches++;
		const { signature, toBeSigned, payload } = opened(path, () =>
			decodeSign1(Buffer.from(base64, "base64")),
		);
		const batch = opened(path, () => decodeBatch(payload));
		if (batch.station !== station) report(`batch ${batches} is of ${batch.station}`);
		else if (!isSigned(toBeSigned, signature)) {
			report(`batch ${batches} is not signed by the station's key`);
		} else {
			const log = new CalibrationLog();
			for (const [index, canonicalBytes] of batch.entries.entries()) {
				signed.set(`${batch.first + index} ${proofOf(canonicalBytes)}`, canonicalBytes);
				const entry = decodeEntry(canonicalBytes);
				const logged = log.observe(entry);
				const name = `${batch.first + index} ${proofOf(canonicalBytes)}`;
				if (logged !== undefined) stated.set(name, calibrationRow(speaker, logged));
				else if (entry.kind === "reading") stated.set(name, readingRow(speaker, entry.utcSeconds));
			}
		}
	}
	const rows = new Map<string, string[]>();
	for (const [, words = "", sequence, proof] of page.matchAll(ROW)) {
		const name = `${sequence} ${proof}`;
		rows.set(name, [...(rows.get(name) ?? []), words]);
	}
	for (const { sequence, proof } of listed) {
		const name = `${sequence} ${proof}`;
		if (!signed.has(name)) report(`entry ${sequence} (${proof}): no signature covers it`);
		else {
			const asSigned = stated.get(name);
			const words = rows.get(name) ?? [];
			const isStated = words.length > 0 && words.every((each) => asSigned?.row.test(each));
			if (!isStated) report(`entry ${sequence}: the page tells it otherwise than it was signed`);
			else if (asSigned?.isWhole) statedCount++;
		}
	}
	print(
		`${listed.length} entries, ${batches} signed batches, ${statedCount} calibrations and notes told as signed, ` +
			`${problemCount} problems`,
	);
	return problemCount === 0 ? 0 : 1;
}

/**
 * What the row of a calibration must say, whatever batches are at hand: person and bottles may be named in an earlier entry of
 * the boot.
 */
function calibrationRow(speaker: Speaker, logged: LoggedCalibration): Stated {
	const { text, more } = calibrationText(speaker, { ...logged, person: "" });
	const lines = more.map((line, index) => {
		const isBottle = index < logged.points.length;
		const words = isBottle ? `[^<]*${literal(line.slice(line.indexOf(": ")))}` : literal(line);
		return `<br><small>${words}</small>`;
	});
	return {
		row: new RegExp(`^${literal(text)}( \\([^<]*\\))?${lines.join("")}$`),
		isWhole: true,
	};
}

/** Of a reading its time; its values follow from the record. */
function readingRow(speaker: Speaker, utcSeconds: number): Stated {
	const steps = ["as-found", "found-again", "as-left"].map((step) =>
		literal(speaker.word("step-", step).split(":")[0] ?? ""),
	);
	const row = new RegExp(`^${literal(timeText(utcSeconds))}  (${steps.join("|")}): [^<]*$`);
	return { row, isWhole: false };
}

/** Words of the page as a pattern that only they match. */
function literal(words: string): string {
	return escaped(words).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
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
