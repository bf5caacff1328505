/**
 * An address that is posted each alarm, signed as Standard Webhooks has it (standardwebhooks.com, version 1): HMAC-SHA256 of
 * `id.timestamp.body`. TLS is verified; an answer counts by its status, and little of it is read.
 */
import { createHmac } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { rootCertificates } from "node:tls";
import { OperationalError } from "../../host/errors.js";
import { printable } from "../../host/printable.js";
import type { AlarmHook, HookOutcome } from "./alarm-post.js";

export interface WebhookSettings {
	readonly url: URL;
	/** 24 to 64 bytes each; the first signs, a second one too while receivers change. */
	readonly secrets: readonly Uint8Array[];
	/** PEM of an authority that is believed beside the system's. */
	readonly authority: string | undefined;
}

/** Connection, TLS, request and status; below the lease of the queue. */
const MILLISECONDS_MAX = 20_000;
const HEADER_BYTES_MAX = 8192;
/** Of what a refusal says, for the log. */
const WHY_BYTES_MAX = 200;
const READ_MILLISECONDS_MAX = 2000;
const RETRY_AFTER_SECONDS_MAX = 3600;
const FILE_BYTES_MAX = 65_536;
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const SECRET_BYTES = { min: 24, max: 64 } as const;
const SECRETS_MAX = 2;
const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
const OTHERS_READ = 0o004;

/**
 * Reads `url=`, one or two `secret=whsec_...`, and `authority=FILE` of a file; # begins a comment. Throws OperationalError,
 * which repeats no secret.
 */
export function readWebhook(path: string): WebhookSettings {
	const text = textOfFile(path);
	let url: URL | undefined;
	let authority: string | undefined;
	const secrets: Uint8Array[] = [];
	for (const [index, raw] of text.split("\n").entries()) {
		const line = raw.trim();
		if (line === "" || line.startsWith("#")) continue;
		const at = line.indexOf("=");
		const value = line.slice(at + 1).trim();
		const where = `${path} line ${index + 1}`;
		switch (line.slice(0, at).trim()) {
			case "url":
				url = urlOf(value, where);
				break;
			case "secret":
				secrets.push(secretOf(value, where));
				break;
			case "authority":
				authority = readText(value);
				break;
			default:
				throw new OperationalError(`${where}: expected url=, secret= or authority=`);
		}
	}
	if (url === undefined) throw new OperationalError(`${path}: no line url=https://...`);
	if (secrets.length === 0 || secrets.length > SECRETS_MAX) {
		throw new OperationalError(
			`${path}: one line secret=whsec_... is needed, two at most; ` +
				'make one: echo "secret=whsec_$(openssl rand -base64 32)"',
		);
	}
	return { url, secrets, authority };
}

function textOfFile(path: string): string {
	const text = readText(path);
	if (process.platform !== "win32" && (statSync(path).mode & OTHERS_READ) !== 0) {
		throw new OperationalError(`${path}: everybody can read the secret in it; chmod o-rwx it`);
	}
	return text;
}

function readText(path: string): string {
	try {
		if (statSync(path).size > FILE_BYTES_MAX) throw new OperationalError(`${path}: too long`);
		return readFileSync(path, "utf8");
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		const { code } = error as NodeJS.ErrnoException;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
}

function urlOf(text: string, where: string): URL {
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new OperationalError(`${where}: not an address; try url=https://alarms.example.org/bor`);
	}
	const isPlainLoopback = url.protocol === "http:" && LOOPBACK.test(url.hostname);
	if (url.protocol !== "https:" && !isPlainLoopback) {
		throw new OperationalError(
			`${where}: use https; plain http goes to this machine only (127.0.0.1 or [::1])`,
		);
	}
	if (url.username !== "" || url.password !== "") {
		throw new OperationalError(`${where}: no user and password in the address; the secret signs`);
	}
	return url;
}

function secretOf(text: string, where: string): Uint8Array {
	const bytes = Buffer.from(SECRET.exec(text)?.[1] ?? "", "base64");
	if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) {
		throw new OperationalError(
			`${where}: a secret is whsec_ and base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes`,
		);
	}
	return new Uint8Array(bytes);
}

/** `v1,` and base64, one for each secret, blanks between them. */
export function signatureOf(
	secrets: readonly Uint8Array[],
	id: string,
	timestampSeconds: number,
	body: string,
): string {
	const signed = `${id}.${timestampSeconds}.${body}`;
	return secrets
		.map((secret) => `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`)
		.join(" ");
}

/** `settings` is asked at each delivery: SIGHUP reads the file again. */
export function webhook(
	settings: () => WebhookSettings,
	clock: { readonly utcSeconds: number },
	millisecondsMax = MILLISECONDS_MAX,
): AlarmHook {
	return {
		name: "webhook",
		atOnce: 4,
		deliver: (line, id) => post(settings(), clock.utcSeconds, line, id, millisecondsMax),
	};
}

function post(
	{ url, secrets, authority }: WebhookSettings,
	utcSeconds: number,
	body: string,
	id: string,
	millisecondsMax: number,
): Promise<HookOutcome> {
	const timestamp = Math.floor(utcSeconds);
	return new Promise((resolve) => {
		const options = {
			method: "POST",
			// A connection of its own: none is kept that died meanwhile.
			agent: false,
			maxHeaderSize: HEADER_BYTES_MAX,
			headers: {
				"content-type": "application/json",
				"content-length": Buffer.byteLength(body),
				"user-agent": "bistrina-collector",
				"webhook-id": id,
				"webhook-timestamp": String(timestamp),
				"webhook-signature": signatureOf(secrets, id, timestamp, body),
			},
			...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
		};
		const outgoing: ClientRequest =
			url.protocol === "https:" ? requestHttps(url, options) : requestHttp(url, options);
		const timer = setTimeout(() => {
			outgoing.destroy(new Error(`no answer within ${millisecondsMax / 1000} s`));
		}, millisecondsMax);
		const end = (outcome: HookOutcome): void => {
			clearTimeout(timer);
			resolve(outcome);
		};
		outgoing.on("error", (error) => {
			end({ isTaken: false, why: printable(`${url.host}: ${error.message}`) });
		});
		outgoing.on("response", (response) => {
			clearTimeout(timer);
			const { statusCode: status = 0 } = response;
			const isTaken = status >= 200 && status < 300;
			if (isTaken) end({ isTaken: true });
			// The rest of the answer is read politely, but neither for long nor to the end.
			const reading = setTimeout(() => outgoing.destroy(), READ_MILLISECONDS_MAX);
			let answerText = "";
			let byteCount = 0;
			response.on("data", (part: Buffer) => {
				byteCount += part.length;
				if (answerText.length < WHY_BYTES_MAX) answerText += part.toString("latin1");
				if (byteCount > FILE_BYTES_MAX) outgoing.destroy();
			});
			response.on("error", () => {});
			response.on("close", () => {
				clearTimeout(reading);
				if (isTaken) return;
				end({
					isTaken: false,
					why: printable(`${url.host}: ${status}${whyOf(status, answerText)}`),
					...retryAfterOf(response.headers["retry-after"]),
				});
			});
		});
		outgoing.end(body);
	});
}

function whyOf(status: number, answerText: string): string {
	if (status >= 300 && status < 400) return ", redirects are not followed";
	const line = answerText.slice(0, WHY_BYTES_MAX).split("\n")[0]?.trim() ?? "";
	return line === "" ? "" : `, ${line}`;
}

function retryAfterOf(header: string | undefined): { retryAfterSeconds?: number } {
	if (header === undefined || !/^\d{1,9}$/.test(header)) return {};
	return { retryAfterSeconds: Math.min(Number(header), RETRY_AFTER_SECONDS_MAX) };
}
