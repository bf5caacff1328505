/** Reads mc.xs.c, the preloaded machine as the SDK's linker writes it, into what each module holds. */

export interface ImagePart {
	readonly name: string;
	/** Of the preloaded heap, 16 bytes each on the chip. */
	readonly slots: number;
	readonly functions: number;
	/** Slots, byte code and strings. */
	readonly bytes: number;
}

/** A slot of XS on a 32-bit machine. */
const SLOT_BYTES = 16;
/** A pointer in gxKeys to each key's slot. */
const KEY_POINTER_BYTES = 4;

interface Slot {
	readonly kind: string;
	readonly references: readonly number[];
	readonly contentBytes: number;
}

/** @throws Error when the text is no mc.xs.c of a known form. */
export function imageParts(text: string): ImagePart[] {
	const { slots, keys, moduleKeys, homes } = readHeap(text);
	if (slots.length === 0) throw new Error("no gxHeap in this file: is it mc.xs.c?");
	const owners = ownersOf(slots, homes, moduleKeys, keys);
	const sums = new Map<string, { slots: number; functions: number; bytes: number }>();
	const add = (name: string, count: number, functions: number, bytes: number): void => {
		const sum = sums.get(name) ?? { slots: 0, functions: 0, bytes: 0 };
		sum.slots += count;
		sum.functions += functions;
		sum.bytes += bytes;
		sums.set(name, sum);
	};
	slots.forEach((slot, index) => {
		const isKey = slot.kind === "KEY_X";
		const name = isKey ? "(keys)" : (owners.get(index) ?? "(built-in)");
		const bytes = SLOT_BYTES + slot.contentBytes + (isKey ? KEY_POINTER_BYTES : 0);
		add(name, 1, slot.kind === "CODE_X" ? 1 : 0, bytes);
	});
	for (const [name, bytes] of scriptBytes(text)) add(name, 0, 0, bytes);
	return [...sums]
		.map(([name, sum]) => ({ name, ...sum }))
		.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

interface Heap {
	readonly slots: readonly Slot[];
	/** Key number to name. */
	readonly keys: ReadonlyMap<number, string>;
	/** Index of a module's instance to its key number. */
	readonly moduleKeys: ReadonlyMap<number, number>;
	/** Index of a home slot to the index of its module's instance. */
	readonly homes: ReadonlyMap<number, number>;
}

const LINE = /^\/\* (\d+) \*\/\s+\{ (.*)$/;

function readHeap(text: string): Heap {
	const slots: Slot[] = [];
	const keys = new Map<number, string>();
	const keyOfModuleSlot = new Map<number, number>();
	const homes = new Map<number, number>();
	const start = text.indexOf("gxHeap[mxHeapCount] = {");
	const body = start < 0 ? "" : text.slice(start, text.indexOf("\n};", start));
	for (const line of body.split("\n")) {
		const content = LINE.exec(line)?.[2];
		if (content === undefined) continue;
		const kind = /\.kind = XS_(\w+)_KIND/.exec(content)?.[1] ?? "?";
		const literal = /"((?:[^"\\]|\\.)*)"/.exec(content)?.[1];
		if (kind === "KEY_X" && literal !== undefined) {
			const number = /\.ID = (\d+)/.exec(content)?.[1];
			if (number !== undefined) keys.set(Number(number), literal);
		}
		const moduleKey = /\.module = \{ [^,]*, (\d+) \}/.exec(content)?.[1];
		if (moduleKey !== undefined) keyOfModuleSlot.set(slots.length, Number(moduleKey));
		const home = /\.home = \{ [^,]*, \(txSlot\*\)&gxHeap\[(\d+)\]/.exec(content)?.[1];
		if (home !== undefined) homes.set(slots.length, Number(home));
		slots.push({
			kind,
			// The prototype of an instance is nearly always another's.
			references:
				kind === "KEY_X" ? [] : referencesIn(content.replace(/\.value = \{ \.instance.*/, "")),
			contentBytes: literal === undefined ? 0 : literalBytes(literal) + 1,
		});
	}
	const moduleKeys = new Map<number, number>();
	slots.forEach((slot, index) => {
		const next = slot.references[0];
		const key = next === undefined ? undefined : keyOfModuleSlot.get(next);
		if (slot.kind === "INSTANCE" && key !== undefined) moduleKeys.set(index, key);
	});
	return { slots, keys, moduleKeys, homes };
}

function referencesIn(content: string): number[] {
	return [...content.matchAll(/&gxHeap\[(\d+)\]/g)].map(([, index]) => Number(index));
}

/** Each escape of a C literal (\n, \x1f, \007) is one byte. */
function literalBytes(literal: string): number {
	return literal.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/g, ".").length;
}

function ownersOf(
	slots: readonly Slot[],
	homes: ReadonlyMap<number, number>,
	moduleKeys: ReadonlyMap<number, number>,
	keys: ReadonlyMap<number, string>,
): Map<number, string> {
	const owners = new Map<number, string>();
	const queue: number[] = [];
	const own = (index: number, name: string): void => {
		if (owners.has(index) || slots[index]?.kind === "KEY_X") return;
		owners.set(index, name);
		queue.push(index);
	};
	const nameOf = (instance: number): string | undefined => keys.get(moduleKeys.get(instance) ?? -1);
	// A home is in the chain of its function's instance: the chain's head is found by its successors.
	const previous = new Map<number, number>();
	slots.forEach((slot, index) => {
		const next = slot.references[0];
		if (next !== undefined && slot.kind !== "REFERENCE") previous.set(next, index);
	});
	for (const [slot, module] of homes) {
		const name = nameOf(module);
		if (name === undefined) continue;
		let head = slot;
		for (let step = 0; slots[head]?.kind !== "INSTANCE" && step < 8; step++) {
			head = previous.get(head) ?? head;
		}
		own(head, name);
		own(slot, name);
	}
	for (const instance of moduleKeys.keys()) {
		const name = nameOf(instance);
		if (name !== undefined) own(instance, name);
	}
	for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
		const name = owners.get(index) ?? "";
		for (const next of slots[index]?.references ?? []) own(next, name);
	}
	return owners;
}

/** The arrays gxCodeN: modules that are not preloaded, whole. */
function scriptBytes(text: string): [string, number][] {
	const start = text.indexOf("gxScripts[mxScriptsCount] = {");
	const body = start < 0 ? "" : text.slice(start, text.indexOf("\n};", start));
	return [...body.matchAll(/gxCode\d+, (\d+), [^"]*"([^"]*)"/g)].map(([, bytes, name]) => [
		`${name} (not preloaded)`,
		Number(bytes),
	]);
}
