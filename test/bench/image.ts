/**
 * `npm run bench -- image FILE [BYTES]`: what the SDK's generated mc.xs.c holds, by module: slots of the preloaded
 * heap (16 bytes on the chip) and bytes of byte code and strings. The last line is JSON. With BYTES, exit 1 if the
 * sum is above. It reads the text that xsl of SDK 8.2.3 writes and nothing else of the SDK.
 *
 * A function belongs to the module that its home slot names; whatever else is reached first from such a function, or
 * from what a module exports, is that module's. Keys are shared and a row of their own; what no module
 * reaches is the language's built-in objects.
 */
import { readFileSync } from "node:fs";
import { imageParts } from "../support/data/image-parts.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";

const USAGE = "usage: npm run bench -- image FILE [BYTES]";

export async function run(parameters: readonly string[]): Promise<boolean> {
	const [file, limitText] = parameters;
	if (file === undefined) throw new UsageError(USAGE);
	const limitBytes =
		limitText === undefined ? undefined : wholeNumber("BYTES", limitText, [1, 0xffff_ffff], USAGE);
	const parts = imageParts(readFileSync(file, "latin1"));
	console.log(`${"slots".padStart(7)} ${"functions".padStart(9)} ${"bytes".padStart(8)}  module`);
	const total = { slots: 0, functions: 0, bytes: 0 };
	for (const part of parts) {
		total.slots += part.slots;
		total.functions += part.functions;
		total.bytes += part.bytes;
		console.log(row(part.slots, part.functions, part.bytes, part.name));
	}
	console.log(row(total.slots, total.functions, total.bytes, "together"));
	console.log(JSON.stringify({ ...total, modules: parts.length }));
	return limitBytes === undefined || total.bytes <= limitBytes;
}

function row(slots: number, functions: number, bytes: number, name: string): string {
	const columns = [
		String(slots).padStart(7),
		String(functions).padStart(9),
		String(bytes).padStart(8),
	];
	return `${columns.join(" ")}  ${name}`;
}
