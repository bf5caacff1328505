/** An I2C bus that knows what will be said on it: every transaction in order, none left over. */
import { strict as assert } from "node:assert";
import type {
	ByteBuffer,
	I2C,
	I2CConnection,
	I2CConstructor,
	I2COptions,
} from "../../../src/firmware/ports.js";

/** Bytes as numbers or as ASCII. */
type Bytes = string | readonly number[];

export type Transaction =
	| { readonly write: Bytes }
	| { readonly read: number; readonly gives: Bytes }
	| { readonly write: Bytes; readonly read: number; readonly gives: Bytes }
	/** The next transaction of whatever kind fails as the SDK's do. */
	| { readonly fails: "read" | "write" | "writeRead" };

export interface ScriptedI2C {
	readonly connection: I2CConnection;
	/** What every `new io` was asked for. */
	readonly opened: I2COptions[];
	expect(...transactions: readonly Transaction[]): void;
	/** Throws unless everything that was expected has happened. */
	assertConsumed(): void;
}

export function scriptedI2C(): ScriptedI2C {
	const script: Transaction[] = [];
	const opened: I2COptions[] = [];
	const next = (kind: "read" | "write" | "writeRead", written?: ByteBuffer, count?: number) => {
		const transaction = script.shift();
		const output = `${kind} ${written === undefined ? "" : textOf(written)} ${count ?? ""}`;
		assert.ok(transaction !== undefined, `not expected: ${output}`);
		if ("fails" in transaction) {
			assert.equal(kind, transaction.fails, `expected to fail: ${transaction.fails}`);
			throw new Error(`${kind} failed`);
		}
		const expectedKind =
			"read" in transaction ? ("write" in transaction ? "writeRead" : "read") : "write";
		assert.equal(kind, expectedKind, `expected ${JSON.stringify(transaction)}, got ${output}`);
		if ("write" in transaction) {
			assert.ok(written !== undefined && bytesOf(written).length > 0, "an empty write");
			assert.equal(textOf(written), textOf(bytesOfScript(transaction.write)));
		}
		if (!("read" in transaction)) return new ArrayBuffer(0);
		assert.equal(count, transaction.read);
		// Past the end of what a part has to say it sends zeros.
		const answer = new Uint8Array(transaction.read);
		answer.set(bytesOfScript(transaction.gives));
		return answer.buffer;
	};
	class Scripted {
		constructor(options: I2COptions) {
			assert.ok(
				!opened.some(({ address }) => address === options.address),
				`duplicate address ${options.address}`,
			);
			opened.push(options);
		}
		read(target: number | ByteBuffer): ArrayBuffer | number {
			return given(target, next("read", undefined, lengthOf(target)));
		}
		write(buffer: ByteBuffer): undefined {
			next("write", buffer);
		}
		writeRead(buffer: ByteBuffer, target: number | ByteBuffer): ArrayBuffer | number {
			return given(target, next("writeRead", buffer, lengthOf(target)));
		}
		close(): void {}
	}
	return {
		connection: {
			io: Scripted as unknown as I2CConstructor & (new () => I2C),
			data: 21,
			clock: 22,
		},
		opened,
		expect: (...transactions) => {
			script.push(...transactions);
		},
		assertConsumed: () => assert.deepEqual(script, []),
	};
}

function lengthOf(target: number | ByteBuffer): number {
	return typeof target === "number" ? target : target.byteLength;
}

function given(target: number | ByteBuffer, answer: ArrayBuffer): ArrayBuffer | number {
	if (typeof target === "number") return answer;
	bytesOf(target).set(new Uint8Array(answer));
	return answer.byteLength;
}

function bytesOf(buffer: ByteBuffer): Uint8Array {
	return buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
}

function bytesOfScript(bytes: Bytes): Uint8Array {
	return typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Uint8Array.from(bytes);
}

/** Printable bytes as they are, the others in hexadecimal. */
function textOf(buffer: ByteBuffer): string {
	let text = "";
	for (const code of bytesOf(buffer)) {
		const isPrintable = code >= 0x20 && code < 0x7f;
		text += isPrintable ? String.fromCharCode(code) : `<${code.toString(16).padStart(2, "0")}>`;
	}
	return text;
}
