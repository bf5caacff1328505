/** What the TLS of the stations' SDK needs of the collector's certificates. */
// tsyringe, inside x509, refuses to load without this polyfill.
import "reflect-metadata";
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { openIdentity } from "../../src/collector/service/identity.js";

describe("the collector's certificates", () => {
	it("carry key identifiers, by which Moddable's TLS finds the authority and breaks off without, and last as long as the stations' calendar", async () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-identity-"));
		try {
			const identity = await openIdentity(folder, "collector.example.org");
			const chain = x509.PemConverter.decode(identity.certificateChain);
			assert.equal(chain.length, 2, "leaf and authority are sent");
			const [leaf, authority] = chain.map((der) => new x509.X509Certificate(der));
			const own = authority?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
			assert.match(own ?? "", /^[0-9a-f]{40}$/);
			for (const certificate of [leaf, authority]) {
				// As long as the clock that a station judges them by.
				assert.equal(certificate?.notAfter.toISOString(), "2099-12-31T23:59:59.000Z");
				assert.equal(certificate?.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId, own);
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
