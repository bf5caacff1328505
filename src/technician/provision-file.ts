/**
 * The reviewed file that a board is provisioned from: a line `name=value` each, `#` begins a comment, UTF-8. A value of
 * `@file:PATH`, `@env:NAME` or `@ask` is read from there, so that a secret need not be in the file; none ever stands
 * on a command line.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { TextDecoder } from "node:util";
import { OperationalError } from "../host/errors.js";
import { type Notice, notice } from "../host/messages/notice.js";
import { faultOfField } from "./field-rules.js";

/** Certificate and all, with room for comments. */
const FILE_BYTES_MAX = 64 * 1024;
/** More than a person mends at once. */
const FAULTS_SHOWN = 20;
const NAME = /^[A-Za-z][A-Za-z0-9]*$/;
/** What does not stand for itself in a text of the line. */
const NOT_PLAIN = /[^ !-$&-~]/gu;
/** A certificate, and no text. */
const AUTHORITY = "authority";

export interface FileSources {
	/** Asks a person, without showing what is typed. */
	readonly ask: (name: string) => Promise<string>;
	readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Fields as the line takes them, in the file's order. Throws OperationalError with all that is wrong with it. */
export async function readProvisionFile(
	path: string,
	sources: FileSources,
): Promise<ReadonlyMap<string, string>> {
	const fields = new Map<string, string>();
	const faults: Notice[] = [];
	for (const [index, raw] of textOf(path).split("\n").entries()) {
		const line = raw.replace(/^\s*#.*$/, "").replace(/\r$/, "");
		if (line.trim() === "") continue;
		const equals = line.indexOf("=");
		const name = line.slice(0, equals).trim();
		const location = { file: path, line: index + 1 };
		if (equals < 1 || !NAME.test(name)) faults.push(notice("not-name-value", location));
		else if (fields.has(name)) faults.push(notice("field-twice", { ...location, field: name }));
		else {
			try {
				const value = await fieldValue(name, line.slice(equals + 1).trim(), path, sources);
				const text = name === AUTHORITY ? value : encoded(value);
				fields.set(name, text);
				const fault = faultOfField(name, text);
				if (fault !== undefined) faults.push(notice("fault-at", { ...location, fault }));
			} catch (error) {
				if (!(error instanceof OperationalError)) throw error;
				faults.push(notice("fault-at", { ...location, fault: error.notice ?? error.message }));
			}
		}
	}
	if (faults.length > 0) throw new OperationalError(listed(faults));
	return fields;
}

/** One after the other; of very many the first ones and how many more there are. */
export function listed(faults: readonly Notice[]): Notice {
	const shown = faults.slice(0, FAULTS_SHOWN);
	const last = shown.pop() ?? notice("nothing");
	const rest = faults.length - FAULTS_SHOWN;
	const end = rest > 0 ? notice("and-more", { first: last, count: rest }) : last;
	return shown.reduceRight((others, first) => notice("and-then", { first, others }), end);
}

/** Printable ASCII but `%`; every other byte of its UTF-8 as `%` and two digits. */
export function encoded(text: string): string {
	const plain = text.replace(NOT_PLAIN, (character) =>
		[...Buffer.from(character, "utf8")]
			.map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
			.join(""),
	);
	// A line's end is trimmed.
	return plain.replace(/^ | $/g, "%20");
}

async function fieldValue(
	name: string,
	value: string,
	path: string,
	{ ask, environment }: FileSources,
): Promise<string> {
	const [, kind, rest = ""] = /^@(file|env|ask)(?::(.*))?$/.exec(value) ?? [];
	switch (kind) {
		case "ask":
			return ask(name);
		case "env": {
			const found = environment[rest];
			if (found === undefined) {
				throw new OperationalError(notice("no-variable", { field: name, variable: rest }));
			}
			return found;
		}
		case "file": {
			const file = resolve(dirname(path), rest);
			return name === AUTHORITY ? certificateHex(file) : textOf(file).replace(/\r?\n$/, "");
		}
		default:
			return value;
	}
}

/** PEM or DER, as it comes, or what a collector made of itself (identity.json). */
function certificateHex(path: string): string {
	try {
		const bytes = bytesOf(path);
		const isIdentity = bytes.toString("latin1").trimStart().startsWith("{");
		const certificate = isIdentity
			? (JSON.parse(bytes.toString("utf8")) as { certificateAuthority: string })
					.certificateAuthority
			: bytes;
		return new X509Certificate(certificate).raw.toString("hex");
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		throw new OperationalError(notice("no-certificate", { file: path }));
	}
}

function textOf(path: string): string {
	const bytes = bytesOf(path);
	try {
		// A byte order mark at the beginning is left out.
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		throw new OperationalError(notice("not-utf8", { where: path }));
	}
}

function bytesOf(path: string): Buffer {
	try {
		if (statSync(path).size > FILE_BYTES_MAX) {
			throw new OperationalError(notice("too-long", { file: path }));
		}
		return readFileSync(path);
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		const why = (error as NodeJS.ErrnoException).code ?? "";
		throw new OperationalError(notice("unreadable", { file: path, why }));
	}
}
