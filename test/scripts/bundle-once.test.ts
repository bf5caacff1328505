/** What tests share of the bundle: it is made once, and anew when a source is another. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleOnce, sourcesHash } from "../support/engines/xs-bundle.js";

const ENTRY = "src/core/text.js";

describe("a bundle that several tests look at", () => {
	let cache: string;

	beforeEach(() => {
		cache = mkdtempSync(join(tmpdir(), "bistrina-bundles-"));
	});

	afterEach(() => rmSync(cache, { recursive: true }));

	it("is made once, although two ask at once, and the same for both", async () => {
		let made = 0;
		const make = async (path: string) => {
			await new Promise((resolve) => setImmediate(resolve));
			return { code: `${path.endsWith(ENTRY)} ${++made}`, map: "", imports: ["a"] };
		};
		const both = await Promise.all([
			bundleOnce(ENTRY, cache, make),
			bundleOnce(ENTRY, cache, make),
		]);
		const later = await bundleOnce(ENTRY, cache, make);
		const expected = { code: "true 1", map: "", imports: ["a"] };
		assert.deepEqual([...both, later], [expected, expected, expected]);
		assert.equal(readdirSync(cache).length, 1, readdirSync(cache).join(" "));
	});

	it("is made again where the first attempt failed", async () => {
		const failing = bundleOnce(ENTRY, cache, () => Promise.reject(new Error("no such form")));
		await assert.rejects(failing, /no such form/);
		assert.deepEqual(readdirSync(cache), []);
		const made = { code: "1", map: "", imports: [] };
		assert.deepEqual(await bundleOnce(ENTRY, cache, async () => made), made);
	});

	it("is another when a module changes that it imports, however deep, and not when another does", () => {
		writeFileSync(join(cache, "a.js"), 'import { b } from "./b.js";\nb();\n');
		writeFileSync(join(cache, "b.js"), 'export {\n\tc,\n} from "./c.js";\n');
		writeFileSync(join(cache, "c.js"), "export const c = 1;\n");
		writeFileSync(join(cache, "d.js"), "export const d = 1;\n");
		const before = sourcesHash("a.js", cache);
		writeFileSync(join(cache, "d.js"), "export const d = 2;\n");
		assert.equal(sourcesHash("a.js", cache), before);
		writeFileSync(join(cache, "c.js"), "export const c = 2;\n");
		assert.notEqual(sourcesHash("a.js", cache), before);
	});

	it("is made anew of other sources, and the former one is removed", async () => {
		const made = (code: string) => async () => ({ code, map: "", imports: [] });
		await bundleOnce(ENTRY, cache, made("1"), () => "a");
		assert.equal((await bundleOnce(ENTRY, cache, made("2"), () => "b")).code, "2");
		assert.equal(readdirSync(cache).length, 1);
	});
});
