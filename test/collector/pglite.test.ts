import { openMemoryStore } from "../../src/collector/pglite-store.js";
import { RECORD_TABLES } from "../../src/collector/schema.js";
import type { SqlStore } from "../../src/collector/store.js";
import { describeLedger } from "../support/ledger-suite.js";

describe("collector with PGlite", () => {
	let shared: SqlStore;

	before(async function () {
		this.timeout(60_000);
		shared = await openMemoryStore();
	});

	after(() => shared.close());

	// One engine for all: to start one takes longer than all of these tests.
	describeLedger("PGlite", async () => {
		await shared.execute(`truncate ${[...RECORD_TABLES, "evidence"].join(", ")}`);
		return { ...shared, close: async () => {} };
	});
});
