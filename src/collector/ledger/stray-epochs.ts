/** Rows of a station's record where no row can be: they belong to no epoch that a number of 32 bits names. */
import { RECORD_TABLES } from "../store/schema.js";
import type { SqlSession } from "../store/store.js";

const EPOCH_MAX = 0xffffffff;
const SHOWN_MAX = 1000;
/** An operator says who may deliver; nothing that a batch signs does. */
const KEYS_TABLE = "station_keys";

/** A walk from place to place passes by them, so they are asked for. The first thousand of each table. */
export async function visitStrayEpochs(
	session: SqlSession,
	station: string,
	visit: (table: string, epoch: string) => void,
): Promise<void> {
	for (const table of RECORD_TABLES) {
		if (table === KEYS_TABLE) continue;
		const rows = await session.query(
			`select distinct epoch::text as epoch from ${table}
			where station = $1 and (epoch < 0 or epoch > ${EPOCH_MAX}) limit ${SHOWN_MAX}`,
			[station],
		);
		for (const { epoch } of rows) visit(table, String(epoch));
	}
}
