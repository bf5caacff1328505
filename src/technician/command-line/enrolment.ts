/** `bistrina enrol`: lines of a collector's list out of the results of provisioning, each proved by its station. */
import { existsSync, readFileSync } from "node:fs";
import { bytesOfHex } from "../../core/bytes.js";
import { OperationalError, UsageError } from "../../host/errors.js";
import { Replacement, writing } from "../../host/replace-file.js";
import { enrolmentLine } from "../provision-commands.js";
import { type StationResult, verifiedPossession } from "../station-result.js";
import { withOperationalErrors } from "./sources.js";

export interface EnrolOptions {
	readonly result: string;
	readonly stations: string;
	readonly by: string | undefined;
	readonly why: string | undefined;
	readonly say: (line: string) => void;
}

/** Either every station of the file that is new is enrolled, or the list stays as it is. */
export async function enrol(options: EnrolOptions): Promise<number> {
	const { stations, by, why, say } = options;
	if ((by === undefined) !== (why === undefined)) {
		throw new UsageError("--by and --why belong together");
	}
	const rows = readResults(options.result);
	for (const row of rows) verifiedPossession(row);
	const { readStationList } = await import("../../collector/service/station-list.js");
	const before = existsSync(stations) ? readFileSync(stations, "latin1") : "";
	const known = existsSync(stations)
		? await withOperationalErrors(() => readStationList(stations))
		: { enrolments: [], faults: [] };
	if (known.faults.length > 0)
		throw new OperationalError(`${known.faults[0]}; mend the list first`);
	const lines: string[] = [];
	for (const row of rows) {
		const held = known.enrolments.find(({ station }) => station === row.station)?.keys ?? [];
		const isHeld = held.some(
			({ publicKey }) => Buffer.from(publicKey).toString("hex") === row.publicKey,
		);
		if (isHeld || lines.some((line) => line.startsWith(enrolmentLine(row)))) continue;
		const isFirst = held.length === 0 && !lines.some((line) => line.startsWith(`${row.station} `));
		lines.push(isFirst ? enrolmentLine(row) : replacementLine(row, by, why));
	}
	if (lines.length > 0) {
		const gap = before === "" || before.endsWith("\n") ? "" : "\n";
		const text = `${before}${gap}${lines.join("\n")}\n`;
		await replaceList(stations, text, (path) => readStationList(path).faults);
	}
	for (const line of lines) process.stdout.write(`${line}\n`);
	say(
		`${lines.length} of ${rows.length} were new in ${stations}; the collector reads it at SIGHUP`,
	);
	return 0;
}

/** The list as the collector will read it, or no change. */
async function replaceList(
	path: string,
	text: string,
	faultsOf: (path: string) => readonly string[],
): Promise<void> {
	const replacement = new Replacement(path);
	try {
		writing(path, () => replacement.write(new Uint8Array(Buffer.from(text, "latin1"))));
		const [fault] = faultsOf(replacement.besidePath);
		if (fault !== undefined) throw new OperationalError(`nothing was enrolled: ${fault}`);
		replacement.commit();
	} finally {
		replacement.abandon();
	}
}

function replacementLine(
	row: StationResult,
	by: string | undefined,
	why: string | undefined,
): string {
	if (by === undefined || why === undefined) {
		throw new OperationalError(
			`${row.station} is enrolled with another key; if this board takes its place, say --by NAME --why REASON; ` +
				"else another station has this name",
		);
	}
	const day = new Date().toISOString().slice(0, 10);
	return `${enrolmentLine(row)} from=${day} by="${by}" why="${why}"`;
}

/** Of a file of JSON lines; of a station that stands there twice the later. */
export function readResults(path: string): readonly StationResult[] {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
	const rows = new Map<string, StationResult>();
	for (const [index, line] of text.split("\n").entries()) {
		if (line.trim() === "") continue;
		if (line.startsWith('{"begun":')) continue;
		const row = rowOf(line);
		if (row === undefined)
			throw new OperationalError(`${path} line ${index + 1}: no result of provisioning`);
		rows.delete(row.station);
		rows.set(row.station, row);
	}
	return [...rows.values()];
}

function rowOf(line: string): StationResult | undefined {
	try {
		const row = JSON.parse(line) as StationResult;
		const { station, publicKey, nonce, proof } = row;
		const isWhole = [station, publicKey, nonce, proof].every((each) => typeof each === "string");
		return isWhole && bytesOfHex(publicKey)?.length === 33 ? row : undefined;
	} catch {
		return undefined;
	}
}
