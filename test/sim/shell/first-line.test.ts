import { strict as assert } from "node:assert";
import { FirstLine } from "../../../sim/shell/first-line.js";

describe("the first line of a technician's connection", () => {
	for (const [what, text] of [
		["a web page's POST", "POST / HTTP/1.1\r\nHost: 127.0.0.1:47110\r\n\r\nread\n"],
		["a POST with a long address", `POST /${"x".repeat(2000)}`],
		["a GET", "GET /?read HTTP/1.1\r\n\r\n"],
		["a request to a proxy", "CONNECT example.org:443 HTTP/1.1\r\n\r\n"],
		["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
		["TLS", "\u0016\u0003\u0001\u0002\u0000\u0001read\n"],
	] as const) {
		it(`lets nothing of ${what} act, in whatever pieces it comes`, () => {
			for (const size of [1, 7, 5000]) {
				const gate = new FirstLine();
				const bytes = Buffer.from(text, "latin1");
				let verdict: ReturnType<FirstLine["push"]>;
				for (let at = 0; at < bytes.length && verdict !== "foreign"; at += size) {
					verdict = gate.push(bytes.subarray(at, at + size));
					assert.ok(verdict === undefined || verdict === "foreign", `${size}`);
				}
				assert.equal(verdict, "foreign");
			}
		});
	}

	it("lets a person's and a program's lines through, whole and in order, by the first byte that no other protocol begins with", () => {
		for (const [held, first] of [
			["", "help\n"],
			["", "help\r"],
			["", "\r\n"],
			["", "@12 status *5c1b\n"],
			["", "  HELP\r"],
			["HELP", "HELP\r"],
			["HELP READ", "HELP READ\n"],
			["GET", "GET\n"],
			["H", "Help read\r\n"],
			["", "\u00ffGET / HTTP/1.1\n"],
		] as const) {
			const gate = new FirstLine();
			let passed = "";
			for (const byte of Buffer.from(first, "latin1")) {
				const verdict = gate.push(Buffer.of(byte));
				assert.notEqual(verdict, "foreign");
				if (verdict !== undefined && passed === "")
					assert.equal(verdict.length, held.length + 1, first);
				passed += Buffer.from((verdict ?? "") as Uint8Array).toString("latin1");
				assert.equal(gate.isOpen, !/[\r\n]/.test(passed), first);
			}
			assert.equal(passed, first);
			assert.deepEqual(gate.push(Buffer.from("POST / x\n")), Buffer.from("POST / x\n"));
		}
	});

	it("lets a line in capitals through that is longer than any of the console, for the console to refuse", () => {
		const gate = new FirstLine();
		const line = Buffer.from(`HELP ${"x".repeat(1020)}`);
		assert.deepEqual(gate.push(line), line);
	});
});
