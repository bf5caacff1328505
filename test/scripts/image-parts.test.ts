import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../bench/image.js";
import { captured } from "../support/captured.js";
import { imageParts } from "../support/data/image-parts.js";

/** As xsl of SDK 8.2.3 writes it: a key, a module with one function, an object of the language, a script. */
const IMAGE = `
static const txSlot gxHeap[mxHeapCount] = {
/* 0000 */	{ NULL, {.ID = 7, .flag = 0x87, .kind = XS_KEY_X_KIND}, .value = { .key = { "src/a", 0x1 } }},
/* 0001 */	{ (txSlot*)&gxHeap[2], {.ID = XS_NO_ID, .flag = 0xd0, .kind = XS_INSTANCE_KIND}, .value = { .instance = { NULL, NULL } } },
/* 0002 */	{ NULL, {.ID = 6, .flag = 0x81, .kind = XS_MODULE_KIND}, .value = { .module = { NULL, 7 } }},
/* 0003 */	{ (txSlot*)&gxHeap[4], {.ID = XS_NO_ID, .flag = 0xd6, .kind = XS_INSTANCE_KIND}, .value = { .instance = { NULL, (txSlot*)&gxHeap[6] } } },
/* 0004 */	{ (txSlot*)&gxHeap[5], {.ID = XS_NO_ID, .flag = 0x8b, .kind = XS_CODE_X_KIND}, .value = { .code = { (txByte*) "\\x0A\\x01b", NULL } }},
/* 0005 */	{ NULL, {.ID = 0, .flag = 0x8b, .kind = XS_HOME_KIND}, .value = { .home = { NULL, (txSlot*)&gxHeap[1] } }},
/* 0006 */	{ NULL, {.ID = XS_NO_ID, .flag = 0xd0, .kind = XS_INSTANCE_KIND}, .value = { .instance = { NULL, NULL } } }
};
static const txScript gxScripts[mxScriptsCount] = {
	{ NULL, gxCode1, 12, NULL, "src/main" }
};
`;

describe("the table of an image", () => {
	it("counts slots, functions and bytes of each module, keys and built-ins apart", () => {
		assert.deepEqual(imageParts(IMAGE), [
			{ name: "src/a", slots: 5, functions: 1, bytes: 84 },
			{ name: "(keys)", slots: 1, functions: 0, bytes: 26 },
			{ name: "(built-in)", slots: 1, functions: 0, bytes: 16 },
			{ name: "src/main (not preloaded)", slots: 0, functions: 0, bytes: 12 },
		]);
	});

	it("refuses a file that is no image", () => {
		assert.throws(() => imageParts("int main() {}"), /no gxHeap in this file/);
	});

	it("ends well within a limit and badly above it", async () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-image-"));
		try {
			const file = join(folder, "mc.xs.c");
			writeFileSync(file, IMAGE);
			const ends: Promise<boolean>[] = [];
			const text = captured(() => ends.push(run([file, "138"]), run([file, "137"])));
			assert.deepEqual(await Promise.all(ends), [true, false]);
			assert.equal(
				text.trimEnd().split("\n").at(-1),
				'{"slots":7,"functions":1,"bytes":138,"modules":4}',
			);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
