/**
 * `npm run bundle -- OUT`: a bundle for `bistrina flash` from what `npm run xs:esp32` left under build/xs, with the
 * versions of SDK and ESP-IDF in it. `--simulated` makes one that the simulated board runs. `--flash 4` is for boards
 * of 4 MiB, `--from DIR` another build's folder.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
	layoutOf,
	manifestOf,
	type PartFile,
	writeBundle,
	writeSimulatedBundle,
} from "../sim/shell/chip/simulated-bundle.js";
import { OperationalError } from "../src/host/errors.js";
import { readBundle } from "../src/technician/flash/bundle.js";
import { readEspImage } from "../src/technician/flash/esp-image.js";
import { TABLE_OFFSET } from "../src/technician/flash/partition-table.js";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const MEGABYTE = 1024 * 1024;
const BOOTLOADER_OFFSET = 0x1000;
/** What the SDK's build calls its files, wherever it puts them. */
const FILES = Object.freeze({
	bootloader: "bootloader.bin",
	table: "partition-table.bin",
	image: "xs_esp32.bin",
});

const USE = "use: npm run bundle -- [--simulated] [--flash 8|4] [--from DIR] OUT";

async function main(argv: readonly string[]): Promise<void> {
	const { values, positionals } = optionsOf(argv);
	const [out, ...rest] = positionals;
	const isSize = values.flash === "8" || values.flash === "4";
	if (out === undefined || rest.length > 0 || !isSize) throw new OperationalError(USE);
	const megabytes = values.flash === "4" ? 4 : 8;
	if (values.simulated) writeSimulatedBundle(out, { version: packageVersion(), megabytes });
	else writeBuilt(out, values.from, megabytes);
	// What cannot be flashed is no bundle.
	const { version, parts, board } = await readBundle(out);
	const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
	process.stdout.write(
		`${out}: version ${version} for ${board}, ${parts.length} parts, ${bytes} bytes\n`,
	);
}

/** Throws OperationalError for what it does not know. */
function optionsOf(argv: readonly string[]) {
	try {
		return parseArgs({
			args: [...argv],
			allowPositionals: true,
			options: {
				simulated: { type: "boolean", default: false },
				flash: { type: "string", default: "8" },
				from: { type: "string", default: join(PROJECT, "build/xs") },
			},
		});
	} catch (error) {
		throw new OperationalError(`${(error as Error).message}\n${USE}`);
	}
}

function writeBuilt(out: string, from: string, megabytes: 8 | 4): void {
	const partitions = layoutOf(megabytes);
	const offsetOf = (label: string): number =>
		partitions.find((partition) => partition.label === label)?.offset ?? 0;
	const otadata = partitions.find(({ label }) => label === "otadata");
	const image = readFileSync(fileOf(from, FILES.image));
	const { description } = readEspImage(new Uint8Array(image), FILES.image);
	const parts: PartFile[] = [
		{
			path: FILES.bootloader,
			offset: BOOTLOADER_OFFSET,
			bytes: readFileSync(fileOf(from, FILES.bootloader)),
		},
		{ path: FILES.table, offset: TABLE_OFFSET, bytes: readFileSync(fileOf(from, FILES.table)) },
		{
			path: "otadata.bin",
			offset: offsetOf("otadata"),
			bytes: new Uint8Array(otadata?.size ?? 0).fill(0xff),
		},
		{ path: "bistrina.bin", offset: offsetOf("ota_0"), bytes: image },
	];
	const facts = {
		version: packageVersion(),
		board: "esp32-wroom-32e",
		flashBytes: megabytes * MEGABYTE,
		sdk: sdkVersion(),
		idf: description?.idfVersion ?? "unknown",
		partitions,
	};
	writeBundle(out, manifestOf(facts, parts), parts);
}

/**
 * The one file of that name below a folder, in its `bin` if it has one: there the SDK lays what it built, and leaves what it
 * copied in `tmp`. Throws OperationalError for none and for several.
 */
function fileOf(root: string, name: string): string {
	const bin = join(root, "bin");
	const folder = existsSync(bin) ? bin : root;
	const found = existsSync(folder)
		? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
				path.endsWith(`/${name}`),
			)
		: [];
	const [path, ...others] = found;
	if (path === undefined) {
		throw new OperationalError(
			`${folder}: no ${name}; run npm run xs:esp32 first, or say --from DIR`,
		);
	}
	if (others.length > 0) {
		throw new OperationalError(`${folder}: ${name} is there ${found.length} times; say --from DIR`);
	}
	return join(folder, path);
}

function sdkVersion(): string {
	const path = join(process.env["MODDABLE"] ?? "", "tools/VERSION");
	return existsSync(path) ? readFileSync(path, "utf8").trim() : "unknown";
}

function packageVersion(): string {
	const { version } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
		version: string;
	};
	return version;
}

main(process.argv.slice(2)).catch((error: unknown) => {
	const isMendable = error instanceof OperationalError;
	process.stderr.write(
		`${isMendable ? `error: ${error.message}` : String((error as Error).stack)}\n`,
	);
	process.exitCode = isMendable ? 1 : 70;
});
