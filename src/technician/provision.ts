/** Tells a board who it is from one reviewed file, and brings back the signed word by which a collector enrols it. */
import { randomBytes } from "node:crypto";
import { bytesOfBase64 } from "../core/base64.js";
import { bytesOfHex } from "../core/bytes.js";
import { OperationalError } from "../host/errors.js";
import { notice } from "../host/messages/notice.js";
import { fingerprintOf, type StationResult, verifiedPossession } from "../host/station-result.js";
import type { ConsoleFields } from "../protocol/line/console.js";
import { POSSESSION_NONCE_BYTES, UNPROVISIONED_STATION } from "../protocol/wire/possession.js";
import { wholeOf } from "./answer-numbers.js";
import { type ConsoleClient, LineError } from "./client.js";

/** With name, place and checksum a line has 256 characters. */
const PART_CHARACTERS = 150;
/** A restart, and the recovery of a full ring. */
const RESTART_MILLISECONDS = 20_000;
const ASK_MILLISECONDS = 1500;
const LOOK_MILLISECONDS = 300;

export interface ShownField {
	readonly field: string;
	readonly state: string;
	readonly text: string;
}

export interface ProvisionOptions {
	readonly client: ConsoleClient;
	/** As the line takes them: texts percent-encoded. */
	readonly fields: ReadonlyMap<string, string>;
	/** Sees the whole draft, secrets by their hash; false: the draft is dropped. */
	readonly review: (lines: readonly ShownField[]) => Promise<boolean>;
}

/** The id of the configuration that the board now has. Throws OperationalError with all problems at once. */
export async function provision(options: ProvisionOptions): Promise<number | undefined> {
	const { client, fields, review } = options;
	const wanted = fields.get("station");
	if (wanted !== undefined) {
		// A journal is its station's for ever: under another id the board would record nothing.
		const { station } = await askIdentity(client);
		if (station !== UNPROVISIONED_STATION && station !== wanted) {
			throw new OperationalError(notice("board-is-other", { station, wanted }));
		}
	}
	await client.request("provision-begin");
	const refused: string[] = [];
	for (const [field, value] of fields) {
		let at = 0;
		do {
			const text = value.slice(at, at + PART_CHARACTERS);
			try {
				await client.request("provision-set", { fields: { field, at, text } });
			} catch (error) {
				if ((error as { code?: unknown }).code !== "failed") throw error;
				refused.push((error as Error).message.replace(/^.*configuration-invalid, /, ""));
				break;
			}
			at += text.length;
		} while (at < value.length);
	}
	const { parts, fields: answer } = await client.request("provision-show");
	const lines = parts.map(shownField);
	const wrong = lines.filter(({ state }) => state === "wrong").map(({ text }) => text);
	if (wrong.length + refused.length > 0) {
		await client.request("provision-drop");
		const wrongs = [...refused, ...wrong].join("; ");
		throw new OperationalError(notice("provision-wrong", { wrongs }));
	}
	if (!(await review(lines))) {
		await client.request("provision-drop");
		return undefined;
	}
	const check = answer.get("check") ?? "";
	const committed = await client.request("provision-commit", { fields: { check } });
	return wholeOf(committed.fields, "configuration");
}

/** Waits until the station runs under the configuration that it was given. Throws OperationalError. */
export async function restarted(client: ConsoleClient, configurationId: number): Promise<void> {
	const until = performance.now() + RESTART_MILLISECONDS;
	for (;;) {
		await client.greet(ASK_MILLISECONDS, RESTART_MILLISECONDS);
		try {
			const { parts } = await client.request("status");
			if (parts.some((part) => part.get("configuration") === String(configurationId))) return;
		} catch (error) {
			// The board that greeted went into its restart meanwhile; of a port that is gone the next greeting tells.
			if (!(error instanceof LineError)) throw error;
		}
		if (performance.now() > until) {
			throw new OperationalError(notice("not-restarted", { id: configurationId }));
		}
		await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
	}
}

/** Asks the station who it is, and checks what it signed. Throws OperationalError. */
export async function identified(client: ConsoleClient): Promise<StationResult> {
	const result = await askIdentity(client);
	verifiedPossession(result);
	return result;
}

/** Its identity, also of a board that is not provisioned. */
export async function askIdentity(client: ConsoleClient): Promise<StationResult> {
	const nonce = new Uint8Array(randomBytes(POSSESSION_NONCE_BYTES));
	const { parts, fields } = await client.request("identity", {
		fields: { nonce: Buffer.from(nonce).toString("hex") },
	});
	const signed = Buffer.concat(parts.map((part) => bytesOf(part)));
	const publicKey = bytesOfHex(fields.get("publicKey") ?? "") ?? new Uint8Array(0);
	return {
		station: fields.get("station") ?? "",
		publicKey: Buffer.from(publicKey).toString("hex"),
		fingerprint: fingerprintOf(publicKey),
		epoch: wholeOf(fields, "epoch"),
		firmware: fields.get("firmware") ?? "",
		nonce: Buffer.from(nonce).toString("hex"),
		proof: signed.toString("base64"),
	};
}

function bytesOf(part: ConsoleFields): Uint8Array {
	return bytesOfBase64(part.get("bytes") ?? "") ?? new Uint8Array(0);
}

function shownField(part: ConsoleFields): ShownField {
	return {
		field: part.get("field") ?? "",
		state: part.get("state") ?? "",
		text: part.get("text") ?? "",
	};
}
