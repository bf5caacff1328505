/**
 * No command of the line says the private key or a password: every row of the commands' table is asked, with every
 * argument that it takes, and all that comes is searched for the key's bytes, however they are written.
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSimulatedBoard } from "../../../sim/shell/chip/board-folder.js";
import { COMMANDS, type CommandRow } from "../../../src/protocol/line/commands.js";
import { ConsoleClient } from "../../../src/technician/client.js";
import { type ControlledPort, lineOf } from "../../../src/technician/controlled-port.js";
import { flashBoard } from "../../../src/technician/flash/flash-board.js";
import { provision, restarted } from "../../../src/technician/provision.js";
import { encoded } from "../../../src/technician/provision-file.js";
import { bundleOf } from "../../support/bench/plain-bundle.js";
import { sample } from "../../support/depth.js";

const PASSWORD = "very secret 100%";
const FIELDS: ReadonlyMap<string, string> = new Map([
	["station", "bor-1"],
	["collectorHost", "collector.bistrina.invalid"],
	// Nobody listens there.
	["collectorPort", "9"],
	["collectorPublicKey", "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"],
	["authority", "30".repeat(80)],
	["trustFloorUtcSeconds", "1795800000"],
	["network1Name", "field"],
	["network1Password", encoded(PASSWORD)],
]);
/** What a good request has; arguments of rows to come are asked with the words of ATTEMPTS alone. */
const GOOD_WORDS: Readonly<Record<string, string>> = {
	command: "identity",
	channel: "pH",
	act: "calibration",
	by: "amina",
	standard: "pH7.00",
	lot: "1",
	expiry: "2030-01-01",
	field: "network1Password",
	nonce: "00".repeat(16),
	text: "x",
	check: "00000000",
};
const ATTEMPTS = sample(
	["privateKey", "network1Password", "key", "nvs", "bistrina/key", "00".repeat(32)],
	1,
);
/** Any eight bytes of the key in a row are a leak. */
const WINDOW_BYTES = 8;

/** A row's requests: bare, as it is meant, and each argument with each word or limit in turn. */
function requestsOf(name: string, { takes = {} }: CommandRow): string[] {
	const names = Object.keys(takes);
	const textLast = [
		...names.filter((each) => each !== "text"),
		...names.filter((each) => each === "text"),
	];
	const line = (values: Readonly<Record<string, string>>): string =>
		[
			name,
			...textLast.filter((each) => each in values).map((each) => `${each}=${values[each]}`),
		].join(" ");
	const good: Record<string, string> = {};
	for (const [argument, limits] of Object.entries(takes)) {
		if (name === "log" && argument === "act") good[argument] = "cleaning";
		else if (limits === "word") good[argument] = GOOD_WORDS[argument] ?? "x";
		else good[argument] = String(limits[0]);
	}
	const lines = [name, line(good)];
	for (const [argument, limits] of Object.entries(takes)) {
		const values = limits === "word" ? ATTEMPTS : [String(limits[0])];
		for (const value of values)
			lines.push(line({ ...good, [argument]: value }), line({ [argument]: value }));
	}
	return [...new Set(lines)];
}

/** Whether any run of the secret's bytes stands in what was heard: raw, hexadecimal, or base64 of anything around it. */
function holds(heard: string, secret: Uint8Array): boolean {
	const held = [Buffer.from(heard, "latin1")];
	for (const [digits] of heard.matchAll(/(?:[0-9a-f]{2}){8,}/gi)) {
		held.push(Buffer.from(digits, "hex"), Buffer.from(digits.slice(1), "hex"));
	}
	for (const [text] of heard.matchAll(/[A-Za-z0-9+/]{11,}={0,2}/g)) {
		for (let skip = 0; skip < 4; skip++) held.push(Buffer.from(text.slice(skip), "base64"));
	}
	for (let at = 0; at + WINDOW_BYTES <= secret.length; at++) {
		const part = secret.subarray(at, at + WINDOW_BYTES);
		if (held.some((bytes) => bytes.includes(Buffer.from(part)))) return true;
	}
	return false;
}

describe("the station's private key", function () {
	this.timeout(400_000);
	let folder = "";

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-secrets-"));
	});

	after(() => rmSync(folder, { recursive: true, force: true }));

	/** A board that was told all of it. */
	async function provisionedBoard(): Promise<ControlledPort> {
		const port = await openSimulatedBoard(join(folder, "board"), () => {});
		const bundle = await bundleOf({ imageBytes: 4096 });
		const common = { port, bundle, baud: 460_800, firstId: 1 };
		await flashBoard({ ...common, notify: () => {}, onProgress: () => {} });
		const client = new ConsoleClient(lineOf(port), 1000, () => {});
		await client.greet();
		const id = await provision({ client, fields: FIELDS, review: async () => true });
		await restarted(client, id ?? 0);
		// It writes what it has when it is let go.
		await port.close();
		return openSimulatedBoard(join(folder, "board"), () => {});
	}

	it("is said by no command of the line, nor is a password, whatever argument it is given", async () => {
		const port = await provisionedBoard();
		let heard = "";
		port.onBytes = (bytes) => {
			heard += Buffer.from(bytes).toString("latin1");
		};
		/** The answer's code; a station that sleeps is woken by the line's end and asked once more. */
		const ask = async (line: string): Promise<string | undefined> => {
			for (let attempt = 0; attempt < 3; attempt++) {
				await port.write(Buffer.from("\r"));
				await new Promise((resolve) => setTimeout(resolve, 20));
				const before = heard.length;
				await port.write(Buffer.from(`${line}\r`));
				for (let wait = 0; wait < 300; wait++) {
					const code = /\n! ([a-z-]+)/.exec(heard.slice(before))?.[1];
					if (code !== undefined) return code;
					await new Promise((resolve) => setTimeout(resolve, 10));
				}
			}
			return undefined;
		};
		const names = Object.keys(COMMANDS);
		const codes = new Map<string, Set<string>>();
		// What restarts the board or ends the visit comes last.
		const rank = (name: string): number => ["provision-commit", "leave"].indexOf(name);
		const ordered = [...names].sort((a, b) => rank(a) - rank(b));
		try {
			for (const name of ordered) {
				const seen = new Set<string>();
				codes.set(name, seen);
				for (const line of requestsOf(name, COMMANDS[name as keyof typeof COMMANDS])) {
					const code = await ask(line);
					if (code !== undefined) seen.add(code);
				}
			}
		} finally {
			await port.close();
		}
		// The key stands in the simulated board's partition `nvs` and nowhere else.
		const flash = readFileSync(join(folder, "board", "station-board.flash"));
		const nvs = flash.subarray(0x9000, 0xf000).toString("latin1");
		const key = Buffer.from(/"keyHex":"([0-9a-f]{64})"/.exec(nvs)?.[1] ?? "", "hex");
		assert.equal(key.length, 32);
		// Each row was reached, and each that can be done without a bottle or a collector was done.
		assert.deepEqual([...codes.keys()].sort(), [...names].sort());
		for (const [name, seen] of codes) assert.ok(seen.size > 0, `${name} was never answered`);
		const refused = [...codes].filter(([, seen]) => !seen.has("ok")).map(([name]) => name);
		assert.deepEqual(
			refused.sort(),
			["commit", "point", "provision-commit", "settle", "undo", "upload"].sort(),
		);
		assert.match(heard, /publicKey=0[23][0-9a-f]{64}/);
		assert.match(heard, /field=network1Password {2}state=(set|new) {2}set, hash [0-9a-f]{4}/);
		assert.equal(holds(heard, key), false);
		for (const word of [PASSWORD, encoded(PASSWORD)]) {
			assert.equal(holds(heard, Buffer.from(word)), false, word);
		}
	});

	it("is found where it would be said: raw, in digits, and within the base64 of something longer", () => {
		const key = Uint8Array.from({ length: 32 }, (_, index) => 0x61 + ((index * 7) % 25));
		const other = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
		const raw = Buffer.from(key);
		for (const leak of [
			raw.toString("latin1"),
			`key=${raw.toString("hex")}`,
			raw.toString("hex").toUpperCase(),
			...[0, 1, 2].map((pad) => Buffer.concat([Buffer.alloc(pad, 9), raw]).toString("base64")),
			`bytes=${raw.subarray(12, 24).toString("base64")}`,
		]) {
			assert.equal(holds(`+ x ${leak} y\n`, key), true, leak);
			assert.equal(holds(`+ x ${leak} y\n`, other), false, leak);
		}
	});
});
