/** Erases the whole flash of a board, key and readings with it: what stands in the way of nothing but its own question. */
import { type Notice, notice } from "../../host/messages/notice.js";
import type { ControlledPort } from "../controlled-port.js";
import { LoaderSession } from "./loader-session.js";
import { readPartitionTable, TABLE_BYTES, TABLE_OFFSET } from "./partition-table.js";

export interface EraseOptions {
	readonly port: ControlledPort;
	readonly baud: number;
	readonly notify: (what: Notice) => void;
	/** Asked with what would be lost; false: nothing is erased. */
	readonly confirm: (mac: string, lost: Notice) => Promise<boolean>;
}

/** The board's MAC when it was erased, undefined when it was not. Throws FlashError. */
export async function eraseBoard(options: EraseOptions): Promise<string | undefined> {
	const { port, notify, confirm } = options;
	const session = await LoaderSession.open(port, options.baud);
	const lost = await contentsOf(session);
	const isMeant = await confirm(session.mac, lost);
	if (isMeant) {
		notify(notice("erasing"));
		await session.eraseAll();
	}
	await session.leave();
	return isMeant ? session.mac : undefined;
}

async function contentsOf(session: LoaderSession): Promise<Notice> {
	const erased = notice("nothing-to-lose");
	try {
		const table = readPartitionTable(await session.read(TABLE_OFFSET, TABLE_BYTES), "board");
		const sizeOf = (label: string): number => table.find((each) => each.label === label)?.size ?? 0;
		if (table.length === 0) return erased;
		return notice("key-and-readings", { kibibytes: sizeOf("readings") / 1024 });
	} catch (error) {
		if ((error as Error).name !== "OperationalError") throw error;
		return erased;
	}
}
