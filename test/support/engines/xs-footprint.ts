/** What a module leaves in the machine that loads it, read out of the engine's snapshots: what the chip has in flash. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { XsEngine } from "./xs-engine.js";

export interface Footprint {
	/** Objects, properties, functions, keys. */
	readonly slots: number;
	/** Names of properties and bindings that the empty machine does not have. */
	readonly keys: number;
	/** Byte code and texts. */
	readonly chunkBytes: number;
}

/** An entry of the table of keys on 64 bits. */
const KEY_BYTES = 8;

/** The module at `path` beside an empty one; both files of the comparison lie in `folder`. */
export async function footprintOf(
	path: string,
	workerPath: string,
	folder: string,
): Promise<Footprint> {
	const nothing = join(folder, "nothing.js");
	writeFileSync(nothing, "");
	const before = await machineWith(nothing, workerPath, folder);
	const after = await machineWith(path, workerPath, folder);
	return {
		slots: after.slots - before.slots,
		keys: after.keys - before.keys,
		chunkBytes: after.chunkBytes - before.chunkBytes,
	};
}

async function machineWith(path: string, workerPath: string, folder: string): Promise<Footprint> {
	const xs = new XsEngine(workerPath);
	const file = join(folder, "snapshot");
	try {
		await xs.importModule(path);
		const { slots } = await xs.collect();
		await xs.writeSnapshot(file);
		const atoms = atomBytes(readFileSync(file));
		return {
			slots,
			keys: (atoms.get("KEYS") ?? 0) / KEY_BYTES,
			chunkBytes: atoms.get("BLOC") ?? 0,
		};
	} finally {
		xs.close();
	}
}

/** A snapshot is one atom of atoms, each with its length (32 bits, big-endian) and four letters. */
function atomBytes(snapshot: Buffer): Map<string, number> {
	const atoms = new Map<string, number>();
	for (let at = 8; at + 8 <= snapshot.length; ) {
		const length = snapshot.readUInt32BE(at);
		if (length < 8) throw new Error("no snapshot of a known form");
		atoms.set(snapshot.toString("latin1", at + 4, at + 8), length);
		at += length;
	}
	return atoms;
}
