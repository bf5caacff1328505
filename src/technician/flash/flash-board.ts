/** Writes a bundle to a board: checks it against the board's own partition table, then only what differs, by pieces. */
import { OperationalError } from "../../host/errors.js";
import type { BoardText } from "../../host/messages/board-texts.js";
import { type Notice, type NoticeValues, notice } from "../../host/messages/notice.js";
import { ConsoleClient, type Greeting } from "../client.js";
import type { ControlledPort } from "../controlled-port.js";
import { lineOf } from "../controlled-port.js";
import { type Bundle, endOf, hex, KEPT_PARTITIONS, keptTouched } from "./bundle.js";
import { FlashError, LoaderSession, PIECE_BYTES } from "./loader-session.js";
import {
	type Partition,
	readPartitionTable,
	TABLE_BYTES,
	TABLE_OFFSET,
} from "./partition-table.js";

export interface FlashOptions {
	readonly port: ControlledPort;
	readonly bundle: Bundle;
	readonly baud: number;
	/** First id of the requests that ask the station afterwards. */
	readonly firstId: number;
	readonly notify: (what: Notice) => void;
	/** Of all bytes of the bundle, those that are known to be in flash. */
	readonly onProgress: (doneBytes: number, totalBytes: number) => void;
	readonly onLog?: (text: string) => void;
	/** Longest that the station is waited for. */
	readonly startMilliseconds?: number;
}

export interface FlashReport {
	readonly mac: string;
	readonly writtenBytes: number;
	/** Pieces that were there already. */
	readonly skippedBytes: number;
	readonly station: string;
	readonly firmware: string;
}

interface Piece {
	readonly path: string;
	readonly offset: number;
	readonly bytes: Uint8Array;
}

/** Boot, check of the image and the recovery of a full ring; where somebody has to press a button, their time. */
const START_MILLISECONDS = 20_000;
const BUTTON_MILLISECONDS = 120_000;
const ASK_MILLISECONDS = 1500;

/**
 * Ends only when the station has answered `version` with the bundle's. Throws FlashError; nothing is written when
 * its layer is `refused` or one before. The port is the caller's to close.
 */
export async function flashBoard(options: FlashOptions): Promise<FlashReport> {
	const { port, bundle, notify } = options;
	const session = await LoaderSession.open(port, options.baud);
	const table = readPartitionTable(await session.read(TABLE_OFFSET, TABLE_BYTES), "board");
	requireFit(session, bundle, table, port.name);
	const mebibytes = session.flashBytes / 2 ** 20;
	notify(notice("board-found", { port: port.name, mac: session.mac, mebibytes }));
	const { writtenBytes, skippedBytes } = await writePieces(session, options);
	await session.leave();
	if (!port.hasControlLines) {
		notify(notice("press-reset", { port: port.name }));
	}
	const greeting = await startedStation(options);
	if (greeting.firmware !== bundle.version) {
		const { firmware: found } = greeting;
		const values = { port: port.name, found, written: bundle.version };
		throw new FlashError("start", notice("other-version-runs", values));
	}
	const { station, firmware } = greeting;
	return { mac: session.mac, writtenBytes, skippedBytes, station, firmware };
}

/** The bundle against the board, whatever the bundle says of itself. */
function requireFit(
	session: LoaderSession,
	bundle: Bundle,
	table: readonly Partition[],
	name: string,
): void {
	const refused = (key: BoardText, values: NoticeValues): FlashError =>
		new FlashError("refused", notice(key, { port: name, ...values }));
	const beyond = bundle.parts.find((part) => endOf(part) > session.flashBytes);
	if (beyond !== undefined || bundle.flashBytes > session.flashBytes) {
		throw refused("smaller-flash", {
			bundle: bundle.flashBytes / 2 ** 20,
			board: session.flashBytes / 2 ** 20,
		});
	}
	const kept = keptTouched(bundle.parts, table);
	if (kept !== undefined) {
		throw refused("would-overwrite", {
			part: kept.part.path,
			at: hex(kept.part.offset),
			label: kept.partition.label,
			place: hex(kept.partition.offset),
		});
	}
	for (const { label } of KEPT_PARTITIONS) {
		const before = table.find((partition) => partition.label === label);
		const after = bundle.partitions.find((partition) => partition.label === label);
		if (before === undefined || after === undefined) continue;
		if (before.offset === after.offset && before.size === after.size) continue;
		throw refused("other-layout", {
			label,
			board: hex(before.offset),
			boardBytes: before.size,
			bundle: hex(after.offset),
			bundleBytes: after.size,
		});
	}
}

/** Firmware before boot loader and table, otadata last: until then the board starts what it started before. */
function piecesOf({ parts, partitions }: Bundle): readonly Piece[] {
	const otadata = partitions.find(({ label }) => label === "otadata")?.offset;
	const rank = (offset: number): number => (offset === otadata ? 2 : offset > TABLE_OFFSET ? 0 : 1);
	return [...parts]
		.sort((a, b) => rank(a.offset) - rank(b.offset))
		.flatMap(({ path, offset, bytes }) =>
			Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, index): Piece => {
				const begin = index * PIECE_BYTES;
				const part = bytes.subarray(begin, begin + PIECE_BYTES);
				// Words, as the loader writes them.
				const padded = new Uint8Array(Math.ceil(part.length / 4) * 4).fill(0xff);
				padded.set(part);
				return { path, offset: offset + begin, bytes: padded };
			}),
		);
}

async function writePieces(session: LoaderSession, { bundle, onProgress }: FlashOptions) {
	const pieces = piecesOf(bundle);
	const total = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
	let done = 0;
	let writtenBytes = 0;
	for (const { offset, bytes } of pieces) {
		const before = done;
		if (!(await session.holds(offset, bytes))) {
			await session.write(offset, bytes, (part) => onProgress(before + part, total));
			writtenBytes += bytes.length;
		}
		done += bytes.length;
		onProgress(done, total);
	}
	return { writtenBytes, skippedBytes: total - writtenBytes };
}

async function startedStation(options: FlashOptions): Promise<Greeting> {
	const { port, firstId } = options;
	const line = lineOf(port);
	let heard = "";
	const client = new ConsoleClient(line, firstId, options.onLog ?? (() => {}));
	const { onBytes } = line;
	line.onBytes = (bytes) => {
		heard = (heard + Buffer.from(bytes).toString("latin1")).slice(-HEARD_CHARACTERS_MAX);
		onBytes?.(bytes);
	};
	let lostReason: string | undefined;
	const { onLost } = line;
	line.onLost = (reason) => {
		lostReason = reason;
		onLost?.(reason);
	};
	const patience =
		options.startMilliseconds ?? (port.hasControlLines ? START_MILLISECONDS : BUTTON_MILLISECONDS);
	try {
		return await client.greet(ASK_MILLISECONDS, patience);
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		if (lostReason !== undefined) {
			const values = { port: port.name, why: lostReason };
			throw new FlashError("cut-off", notice("cut-off-at-end", values));
		}
		const words = heard
			.split(/[\r\n]+/)
			.map((each) => each.replace(/[^ -~]/g, "?").trim())
			.filter((each) => each !== "");
		const text = words.at(-1)?.slice(0, 100);
		const last = text === undefined ? notice("says-nothing") : notice("last-said", { text });
		throw new FlashError("start", notice("does-not-start", { port: port.name, last }));
	}
}

const HEARD_CHARACTERS_MAX = 2000;
