/**
 * What `bistrina flash` writes: a folder or a zip with a manifest of esp-web-tools' form (manifest.json) and the parts
 * that it names, with our own fields beside: sizes, digests, board, partitions, versions. docs/FLASHING.md has the
 * form. Everything in it is checked against everything else before a port is opened.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { OperationalError } from "../../host/errors.js";
import type { BoardText } from "../../host/messages/board-texts.js";
import { type Notice, type NoticeValues, notice } from "../../host/messages/notice.js";
import { readEspImage } from "./esp-image.js";
import {
	type Partition,
	readPartitionTable,
	TABLE_BYTES,
	TABLE_OFFSET,
} from "./partition-table.js";

export const BUNDLE_FORMAT = 1;
export const MANIFEST_FILE = "manifest.json";
/** Ours, and what the SDK calls the project of every image that it builds. */
const PROJECT_NAMES: readonly string[] = Object.freeze(["bistrina", "xs_esp32"]);
const BOOTLOADER_OFFSET = 0x1000;
const SECTOR_BYTES = 4096;
/** The largest flash of a board of ours, and a manifest of some hundred bytes. */
const BUNDLE_BYTES_MAX = 16 * 1024 * 1024;
const MANIFEST_BYTES_MAX = 64 * 1024;
const PARTS_MAX = 16;
/** Partitions that hold what cannot be had again, as the firmware finds them (partitions.csv): `flash` touches neither. */
export const KEPT_PARTITIONS: readonly Pick<Partition, "label" | "type" | "subtype">[] =
	Object.freeze([
		{ label: "nvs", type: 1, subtype: 0x02 },
		{ label: "readings", type: 1, subtype: 0x40 },
	]);

export interface BundlePart {
	readonly path: string;
	readonly offset: number;
	readonly bytes: Uint8Array;
}

export interface Bundle {
	readonly name: string;
	/** Of the firmware, as the station's `version` says it. */
	readonly version: string;
	readonly board: string;
	readonly flashBytes: number;
	readonly sdk: string;
	readonly idf: string;
	readonly partitions: readonly Partition[];
	/** Ascending. */
	readonly parts: readonly BundlePart[];
}

/** The manifest, as `npm run bundle` writes it. */
export interface Manifest {
	readonly bistrinaBundle: number;
	readonly name: string;
	readonly version: string;
	readonly new_install_prompt_erase: boolean;
	readonly builds: readonly {
		readonly chipFamily: string;
		readonly board: string;
		readonly flashBytes: number;
		readonly sdk: string;
		readonly idf: string;
		readonly partitions: readonly Partition[];
		readonly parts: readonly {
			readonly path: string;
			readonly offset: number;
			readonly size: number;
			readonly sha256: string;
		}[];
	}[];
}

/** Reads and checks it. Throws OperationalError that says what is wrong with which part. */
export async function readBundle(path: string): Promise<Bundle> {
	const file = await openFiles(path);
	const manifest = manifestOf(file(MANIFEST_FILE), path);
	const [build, ...others] = manifest.builds;
	if (build === undefined || others.length > 0) throw wrong(path, "bundle-builds");
	if (build.chipFamily !== "ESP32") {
		throw wrong(path, "bundle-family", { family: build.chipFamily });
	}
	if (build.parts.length > PARTS_MAX) throw wrong(path, "bundle-parts");
	const parts = build.parts
		.map(({ path: name, offset, size, sha256 }) => {
			const bytes = file(name);
			if (bytes.length !== size) {
				const sizes = { found: bytes.length, size };
				throw wrong(`${path}/${name}`, "part-truncated", sizes);
			}
			const digest = createHash("sha256").update(bytes).digest("hex");
			if (digest !== sha256.toLowerCase()) throw wrong(`${path}/${name}`, "part-digest");
			return { path: name, offset, bytes };
		})
		.sort((a, b) => a.offset - b.offset);
	const { name, version } = manifest;
	const { board, flashBytes, sdk, idf, partitions } = build;
	const bundle = { name, version, board, flashBytes, sdk, idf, partitions, parts };
	requireParts(bundle, path);
	return bundle;
}

/** What `parts` touch that `partitions` keep: the first such pair, or undefined. */
export function keptTouched(
	parts: readonly BundlePart[],
	partitions: readonly Partition[],
): { readonly part: BundlePart; readonly partition: Partition } | undefined {
	const isKept = ({ label }: Partition): boolean =>
		KEPT_PARTITIONS.some((kept) => kept.label === label);
	for (const partition of partitions.filter(isKept)) {
		const end = partition.offset + partition.size;
		const part = parts.find((each) => each.offset < end && endOf(each) > partition.offset);
		if (part !== undefined) return { part, partition };
	}
	return undefined;
}

/** After its last byte, as flash is erased: whole sectors. */
export function endOf({ offset, bytes }: BundlePart): number {
	return Math.ceil((offset + bytes.length) / SECTOR_BYTES) * SECTOR_BYTES;
}

function requireParts(bundle: Bundle, path: string): void {
	const { parts, partitions, flashBytes, version } = bundle;
	for (const [index, part] of parts.entries()) {
		const whose = `${path}/${part.path}`;
		if (part.offset % SECTOR_BYTES !== 0) {
			throw wrong(whose, "part-within-sector", { at: hex(part.offset) });
		}
		if (endOf(part) > flashBytes) {
			throw wrong(whose, "part-beyond-flash", { end: hex(endOf(part)), bytes: flashBytes });
		}
		const next = parts[index + 1];
		if (next !== undefined && endOf(part) > next.offset) {
			throw wrong(whose, "part-runs-into", { part: next.path, at: hex(next.offset) });
		}
	}
	const kept = keptTouched(parts, partitions);
	if (kept !== undefined) {
		throw wrong(`${path}/${kept.part.path}`, "part-over-kept", {
			label: kept.partition.label,
			at: hex(kept.partition.offset),
		});
	}
	const table = partAt(parts, TABLE_OFFSET, path, "what-table");
	const found = readPartitionTable(table.bytes.subarray(0, TABLE_BYTES), `${path}/${table.path}`);
	if (JSON.stringify(found) !== JSON.stringify(partitions)) {
		throw wrong(`${path}/${table.path}`, "table-not-manifest");
	}
	requirePartitions(partitions, flashBytes, `${path}/${table.path}`);
	const bootloader = partAt(parts, BOOTLOADER_OFFSET, path, "what-boot-loader");
	readEspImage(bootloader.bytes, `${path}/${bootloader.path}`);
	const otadata = partAt(
		parts,
		partitionNamed(partitions, "otadata", path).offset,
		path,
		"what-otadata",
	);
	if (otadata.bytes.some((byte) => byte !== 0xff)) {
		throw wrong(`${path}/${otadata.path}`, "otadata-not-blank");
	}
	const slot = partitionNamed(partitions, "ota_0", path);
	const image = partAt(parts, slot.offset, path, "what-firmware");
	const { description } = readEspImage(image.bytes, `${path}/${image.path}`);
	if (description === undefined || !PROJECT_NAMES.includes(description.projectName)) {
		const whose = description?.projectName ?? "nobody";
		throw wrong(`${path}/${image.path}`, "image-foreign", { project: whose });
	}
	if (description.version !== version) {
		const versions = { found: description.version, version };
		throw wrong(`${path}/${image.path}`, "image-version", versions);
	}
	if (image.bytes.length > slot.size) {
		const sizes = { found: image.bytes.length, size: slot.size };
		throw wrong(`${path}/${image.path}`, "image-too-large", sizes);
	}
	const known = [table, bootloader, otadata, image];
	const further = parts.find((part) => !known.includes(part));
	if (further !== undefined) {
		throw wrong(`${path}/${further.path}`, "part-of-none", { at: hex(further.offset) });
	}
}

/** A firmware under such a table must find what it keeps, and may write nothing else over it. */
function requirePartitions(
	partitions: readonly Partition[],
	flashBytes: number,
	file: string,
): void {
	for (const { label, type, subtype } of KEPT_PARTITIONS) {
		const named = partitions.filter((partition) => partition.label === label);
		if (named.length === 0) throw wrong(file, "table-lacks", { label });
		if (named.length > 1 || named[0]?.type !== type || named[0].subtype !== subtype) {
			throw wrong(file, "table-kind", { label });
		}
	}
	const rising = [...partitions].sort((a, b) => a.offset - b.offset);
	let end = TABLE_OFFSET + TABLE_BYTES;
	let before: string | Notice = notice("what-table");
	for (const { label, offset, size } of rising) {
		if (offset < end) throw wrong(file, "table-overlap", { label, before });
		end = offset + size;
		before = label;
	}
	if (end > flashBytes) throw wrong(file, "table-beyond", { label: before, bytes: flashBytes });
}

function partitionNamed(partitions: readonly Partition[], label: string, path: string): Partition {
	const found = partitions.find((partition) => partition.label === label);
	if (found === undefined) throw wrong(path, "table-lacks", { label });
	return found;
}

function partAt(
	parts: readonly BundlePart[],
	offset: number,
	path: string,
	what: BoardText,
): BundlePart {
	const found = parts.find((part) => part.offset === offset);
	if (found === undefined) throw wrong(path, "no-part", { what: notice(what), at: hex(offset) });
	return found;
}

function manifestOf(bytes: Uint8Array, path: string): Manifest {
	if (bytes.length > MANIFEST_BYTES_MAX) throw wrong(path, "manifest-too-long");
	let manifest: Manifest;
	try {
		manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as Manifest;
	} catch {
		throw wrong(path, "manifest-no-json");
	}
	if (manifest?.bistrinaBundle !== BUNDLE_FORMAT) {
		throw wrong(path, "manifest-format", { format: BUNDLE_FORMAT });
	}
	if (!isManifest(manifest)) throw wrong(path, "manifest-lacks");
	return manifest;
}

function isManifest(manifest: Manifest): boolean {
	const isText = (...texts: readonly unknown[]): boolean =>
		texts.every((text) => typeof text === "string" && text.length < 200);
	const areUint32 = (...numbers: readonly unknown[]): boolean =>
		numbers.every(
			(number) => Number.isInteger(number) && Number(number) >= 0 && Number(number) < 2 ** 32,
		);
	return (
		isText(manifest.name, manifest.version) &&
		Array.isArray(manifest.builds) &&
		manifest.builds.every(
			(build) =>
				isText(build.chipFamily, build.board, build.sdk, build.idf) &&
				areUint32(build.flashBytes) &&
				Array.isArray(build.parts) &&
				build.parts.every(
					(part: Manifest["builds"][number]["parts"][number]) =>
						isText(part.path, part.sha256) && areUint32(part.offset, part.size),
				) &&
				Array.isArray(build.partitions) &&
				build.partitions.every(
					(each: Partition) =>
						isText(each.label) && areUint32(each.offset, each.size, each.type, each.subtype),
				),
		)
	);
}

/** Reads a file of the folder or of the zip, bounded. */
async function openFiles(path: string): Promise<(name: string) => Uint8Array> {
	if (!existsSync(path)) throw wrong(path, "no-bundle");
	if (statSync(path).isDirectory()) {
		return (name) => {
			const whole = resolve(path, name);
			if (!whole.startsWith(resolve(path) + sep)) throw wrong(path, "part-outside", { part: name });
			if (!existsSync(whole)) throw wrong(path, "part-missing", { part: name });
			// A link may lead out of the folder; a pipe or a device has no end.
			if (!realpathSync(whole).startsWith(realpathSync(path) + sep)) {
				throw wrong(path, "part-outside", { part: name });
			}
			if (!statSync(whole).isFile()) throw wrong(join(path, name), "part-no-file");
			if (statSync(whole).size > BUNDLE_BYTES_MAX) throw wrong(join(path, name), "part-too-long");
			return new Uint8Array(readFileSync(whole));
		};
	}
	if (statSync(path).size > BUNDLE_BYTES_MAX) throw wrong(path, "bundle-too-long");
	const { unzipSync } = await import("fflate");
	let bytes = 0;
	let files: Readonly<Record<string, Uint8Array>>;
	try {
		files = unzipSync(new Uint8Array(readFileSync(path)), {
			filter: ({ originalSize }) => {
				bytes += originalSize;
				return bytes <= BUNDLE_BYTES_MAX;
			},
		});
	} catch {
		throw wrong(path, "no-zip");
	}
	if (bytes > BUNDLE_BYTES_MAX) throw wrong(path, "bundle-too-long");
	return (name) => {
		const found = Object.hasOwn(files, name) ? files[name] : undefined;
		if (found === undefined) throw wrong(path, "part-missing", { part: name });
		return found;
	};
}

export function hex(offset: number): string {
	return `0x${offset.toString(16)}`;
}

function wrong(file: string, key: BoardText, values: NoticeValues = {}): OperationalError {
	return new OperationalError(notice(key, { file, ...values }));
}
