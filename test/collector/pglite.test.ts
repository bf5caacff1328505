import { describeLedger } from "../support/ledger-suite.js";
import { emptyStore } from "../support/shared-store.js";

describe("collector with PGlite", () => {
	before(async function () {
		this.timeout(90_000);
		await emptyStore();
	});

	describeLedger("PGlite", async () => ({ ...(await emptyStore()), close: async () => {} }));
});
