import { strict as assert } from "node:assert";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import type { StationKey } from "../../src/collector/ledger/station-keys.js";
import { enrolledKeysOf, verifyStore } from "../../src/collector/ledger/verify.js";
import { RECORD_TABLES } from "../../src/collector/store/schema.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { integerBelow, SeededRandom, seedOf } from "../../src/core/random.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { type HonestRecord, honestRecord, isForgerSigned } from "../support/data/forged-record.js";
import { IS_WHOLE, sample, whole } from "../support/depth.js";

const DECISION = { by: "amina", why: "replaced" };

/** Delivers a record in any order, and revokes its keys after that; everything must be acknowledged. */
async function delivered(record: HonestRecord, random: SeededRandom): Promise<SqlStore> {
	const store = await emptyStore();
	const isSigned = isForgerSigned(record.keys);
	const ledger = new Ledger({
		store,
		key: signingKeyOf(new Uint8Array(32).fill(7)),
		clock: { utcSeconds: 1_800_000_000 },
		verifySignature: isSigned,
		onReport: ({ reason, detail }) => assert.fail(`${reason}: ${detail}`),
	});
	const keys = record.keys.map((key, index): StationKey => {
		const { publicKey } = key;
		return { publicKey, enrolled: { atUtcSeconds: 1_780_000_000 + index, ...DECISION } };
	});
	assert.equal(await ledger.setKeys(record.station, keys), undefined);
	const left = [...record.envelopes];
	while (left.length > 0) {
		const [one] = left.splice(integerBelow(random, left.length), 1);
		if (one === undefined) break;
		assert.equal((await ledger.receive(one.bytes)).status, 200);
	}
	const revoked = keys.map((key, index): StationKey => {
		const at = record.keys[index]?.revokedAtUtcSeconds;
		return at === undefined ? key : { ...key, revoked: { atUtcSeconds: at, ...DECISION } };
	});
	assert.equal(await ledger.setKeys(record.station, revoked), undefined);
	return store;
}

async function judged(store: SqlStore, record: HonestRecord) {
	const keys = await enrolledKeysOf(store, record.station);
	return verifyStore(store, {
		station: record.station,
		keys,
		isSigned: (publicKey, ...rest) => isForgerSigned(record.keys)(publicKey, ...rest),
	});
}

/** Every column of a table, as the database says; of another station's rows this one's record says nothing. */
async function columnsOf(store: SqlStore, table: string): Promise<string[]> {
	const rows = await store.query(
		`select attname as name from pg_attribute
		where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> 'station'`,
		[table],
	);
	return rows.map(({ name }) => String(name));
}

const JUDGED_TABLES = RECORD_TABLES.filter((name) => name !== "station_keys");
const SEEDS = IS_WHOLE ? 12 : 1;
/** Of every value: some hundreds of changes each, 8056 of twelve. */
const COLUMN_SEEDS = 2;

const ALTERED: Readonly<Record<string, string>> = Object.freeze({
	canonical: "set_byte(canonical, 20, 255 - get_byte(canonical, 20))",
	head: "set_byte(head, 20, 255 - get_byte(head, 20))",
	envelope: "set_byte(envelope, 20, 255 - get_byte(envelope, 20))",
	signed_by: "set_byte(signed_by, 2, 255 - get_byte(signed_by, 2))",
	hash: "set_byte(hash, 2, 255 - get_byte(hash, 2))",
	content: "set_byte(content, 2, 255 - get_byte(content, 2))",
	public_key: "set_byte(public_key, 20, 255 - get_byte(public_key, 20))",
	is_chained: "not is_chained",
});

describe("an attack on the tables of a collector", () => {
	whole(
		"leaves an honest record sound, and is told whatever row and column it alters",
		async function () {
			this.timeout(180_000);
			let tried = 0;
			for (let seed = 1; seed <= SEEDS; seed++) {
				const random = new SeededRandom(seedOf(seed, "attack-tables"));
				const record = honestRecord(random);
				const store = await delivered(record, random);
				const honest = await judged(store, record);
				assert.ok(honest.isSound, `seed ${seed}: ${JSON.stringify(honest.findings)}`);
				for (const table of JUDGED_TABLES) {
					const [{ count } = { count: 0 }] = await store.query(`select count(*) from ${table}`);
					if (Number(count) === 0) continue;
					const row = `(select ctid from ${table} order by ctid limit 1 offset ${integerBelow(random, Number(count))})`;
					for (const statement of [
						`delete from ${table} where ctid = ${row}`,
						...(await columnsOf(store, table)).map((column) => {
							const value = ALTERED[column] ?? `${column} + 1000000`;
							return `update ${table} set ${column} = ${value} where ctid = ${row}`;
						}),
					]) {
						await store.execute(`create table kept as select * from ${table}`);
						await store.execute(statement);
						const { isSound, findings, ranges } = await judged(store, record);
						const isReported =
							findings.length > 0 || ranges.some(({ standing }) => standing === "missing");
						// A batch whose entries another one holds is no loss, but its heads may be told.
						const isHarmless =
							statement.startsWith("delete from batches") && isSound && (await isCovered(store));
						assert.ok((!isSound && isReported) || isHarmless, `seed ${seed}: ${statement}`);
						await store.execute(
							`delete from ${table}; insert into ${table} select * from kept; drop table kept`,
						);
						tried++;
					}
				}
				assert.ok((await judged(store, record)).isSound, `seed ${seed}: not as it was`);
			}
			assert.ok(tried > 28 * SEEDS, `${tried} cases`);
		},
	);

	whole(
		"is told of every other value in each column of each row of gaps, heads and floors",
		async function () {
			this.timeout(600_000);
			const changed = { gaps: 0, heads: 0, floors: 0 };
			const unseen: string[] = [];
			for (let seed = 1; seed <= COLUMN_SEEDS; seed++) {
				const random = new SeededRandom(seedOf(seed, "attack-columns"));
				const record = honestRecord(random);
				const store = await delivered(record, random);
				assert.ok((await judged(store, record)).isSound, `seed ${seed}`);
				for (const table of ["heads", "gaps", "floors"] as const) {
					await store.execute(`create table kept as select * from ${table}`);
					const places = await store.query("select ctid::text as place from kept order by ctid");
					for (const { place } of places) {
						for (const [column, value] of await otherValues(store, table)) {
							const taken = await altered(store, table, String(place), column, value);
							if (!taken) continue;
							changed[table]++;
							const { isSound, findings } = await judged(store, record);
							if (isSound || findings.length === 0)
								unseen.push(`seed ${seed}: ${column} = ${value} of ${table} ${place}`);
							await store.execute(`delete from ${table}; insert into ${table} select * from kept`);
						}
					}
					await store.execute("drop table kept");
				}
				assert.ok((await judged(store, record)).isSound, `seed ${seed}: not as it was`);
			}
			assert.deepEqual(unseen, []);
			const total = changed.gaps + changed.heads + changed.floors;
			assert.ok(total > 500, JSON.stringify(changed));
		},
	);

	it("is told of a row that is added in an epoch that no number can name", async function () {
		this.timeout(180_000);
		const random = new SeededRandom(seedOf(1, "attack-tables-epochs"));
		const record = honestRecord(random);
		const store = await delivered(record, random);
		for (const table of JUDGED_TABLES) {
			for (const epoch of sample([
				"4294967296",
				"-1",
				"9223372036854775807",
				"-9223372036854775808",
			])) {
				const another = table === "batches" ? `, content = ${ALTERED["content"]}` : "";
				await store.execute(
					`create table added as select * from ${table} limit 1;
					update added set epoch = ${epoch}${another};
					insert into ${table} select * from added; drop table added`,
				);
				const { findings } = await judged(store, record);
				assert.deepEqual(
					findings
						.filter(({ text }) => text.startsWith("no epoch"))
						.map(({ kind, where, text }) => `${kind} ${where}: ${text}`),
					[`table ${table} epoch ${epoch}: no epoch has this number, and rows stand there`],
				);
				await store.execute(`delete from ${table} where epoch = ${epoch}`);
			}
		}
		assert.ok((await judged(store, record)).isSound, "not as it was");
	});
});

/** Of each column of a table expressions for values that it may be given, of which some rows have none other. */
async function otherValues(
	store: SqlStore,
	table: string,
): Promise<(readonly [column: string, value: string])[]> {
	const columns = await store.query(
		`select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
		where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
		[table],
	);
	return columns.flatMap(({ name, type }) => {
		const column = String(name);
		const another = `(select k.${column} from kept k where k.${column} <> ${table}.${column} limit 1)`;
		const last = `length(${column}) - 1`;
		const values =
			type === "bytea"
				? [
						...[0, 1, 255].map(
							(bit) => `set_bit(${column}, ${bit}, 1 - get_bit(${column}, ${bit}))`,
						),
						`substring(${column} from 1 for ${last})`,
						`${column} || '\\x00'::bytea`,
						"'\\x'::bytea",
						"decode(repeat('00', 32), 'hex')",
					]
				: type === "text"
					? ["'other'", "''", `${column} || ' '`, `upper(${column})`]
					: ["+ 1", "- 1", "+ 2", "+ 256", "+ 65536", "* 2", "* 0", "* -1"].map(
							(by) => `${column} ${by}`,
						);
		return [another, ...values].map((value) => [column, value] as const);
	});
}

/** False where the database does not take it, or it is the value that is there. */
async function altered(
	store: SqlStore,
	table: string,
	place: string,
	column: string,
	value: string,
): Promise<boolean> {
	// Found by what it is: its copy in `kept` stays where it is.
	try {
		const rows = await store.query(
			`update ${table} set ${column} = ${value}
			where ${table}::text = (select k::text from kept k where ctid = '${place}')
				and ${column} <> ${value} returning 1 as one`,
		);
		return rows.length > 0;
	} catch {
		return false;
	}
}

/** Every stored entry is in a batch. */
async function isCovered(store: SqlStore): Promise<boolean> {
	const [row] = await store.query(
		`select count(*) as count from entries e where not exists (select 1 from batches b
			where b.epoch = e.epoch and e.sequence between b.first and b.last)`,
	);
	return Number(row?.["count"]) === 0;
}
