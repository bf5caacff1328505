/** What the TLS of the stations' SDK needs of the collector's certificates. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { openIdentity } from "../../src/collector/identity.js";

describe("the collector's certificates", () => {
	it("carry key identifiers, by which Moddable's TLS finds the authority and breaks off without", async () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-identity-"));
		try {
			const identity = await openIdentity(folder, "collector.example.org");
			const chain = new x509.X509Certificates(identity.certificateChain);
			const [leaf, authority] = [chain[0], chain[1]];
			assert.equal(chain.length, 2, "leaf and authority are sent");
			const own = authority?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
			assert.match(own ?? "", /^[0-9a-f]{40}$/);
			for (const certificate of [leaf, authority]) {
				assert.equal(certificate?.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId, own);
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
