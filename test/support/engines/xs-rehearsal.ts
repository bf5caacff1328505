/**
 * Runs inside the XS worker: rehearsals by command, with JSON in and out. It must import nothing but
 * portable modules, and uses what the worker adds to the language: `issueCommand` asks the host.
 */

import { createKeyedHashScheme, type SignatureScheme } from "../../../sim/keys/signature-scheme.js";
import { Rehearsal, type RehearsalOptions } from "../../../sim/station/rehearsal.js";
import { asciiBytes, asciiText, concatBytes } from "../../../src/core/bytes.js";

declare const issueCommand: (query: ArrayBuffer) => ArrayBuffer;

export type RehearsalCommand =
	| { readonly kind: "open"; readonly options: RehearsalOptions; readonly isBridged: boolean }
	| { readonly kind: "run"; readonly untilSeconds: number }
	| { readonly kind: "settle" }
	| { readonly kind: "cut" }
	| { readonly kind: "forget" }
	| { readonly kind: "press" }
	| { readonly kind: "step" }
	| { readonly kind: "converse"; readonly lines: readonly string[] }
	| { readonly kind: "plug-in" }
	| { readonly kind: "send"; readonly text: string }
	| { readonly kind: "unplug" }
	| { readonly kind: "put"; readonly where: string }
	| { readonly kind: "report" };

/** Questions to the host: one letter, then bytes of fixed length. */
function createBridgedScheme(): SignatureScheme {
	const ask = (letter: string, ...parts: Uint8Array[]): Uint8Array =>
		new Uint8Array(issueCommand(concatBytes(asciiBytes(letter), ...parts).slice().buffer));
	const initialOf = { station: asciiBytes("s"), collector: asciiBytes("c") };
	return {
		name: "ES256 of the host",
		publicKey: (holder) => ask("k", initialOf[holder]),
		sign: (holder, digest) => ask("s", initialOf[holder], digest),
		verify: (publicKey, digest, signature) => ask("v", publicKey, digest, signature)[0] === 1,
	};
}

const state: { rehearsal: Rehearsal | undefined } = { rehearsal: undefined };

function obey(command: RehearsalCommand): unknown {
	if (command.kind === "open") {
		const scheme = command.isBridged ? createBridgedScheme() : createKeyedHashScheme();
		state.rehearsal = new Rehearsal({ ...command.options, scheme });
		return null;
	}
	const { rehearsal } = state;
	if (rehearsal === undefined) throw new Error("no rehearsal is open");
	switch (command.kind) {
		case "run":
			return rehearsal.runUntil(command.untilSeconds) ?? null;
		case "cut":
			return rehearsal.station.cutPowerNow(1) ?? null;
		case "forget":
			return rehearsal.forget() ?? null;
		case "press":
			return rehearsal.station.pressServiceButton() ?? null;
		case "step":
			rehearsal.step();
			return rehearsal.station.isAsleep;
		case "converse":
			return rehearsal.converse(command.lines);
		case "plug-in":
			return rehearsal.plugIn();
		case "send":
			return rehearsal.send(command.text);
		case "unplug":
			return rehearsal.unplug() ?? null;
		case "put":
			return rehearsal.put(command.where) ?? null;
		case "settle":
			return rehearsal.settle() ?? null;
		case "report":
			return rehearsal.report();
	}
}

Object.defineProperty(globalThis, "handleCommand", {
	value: (message: ArrayBuffer): ArrayBuffer => {
		const command = JSON.parse(asciiText(new Uint8Array(message))) as RehearsalCommand;
		return asciiBytes(JSON.stringify(obey(command))).slice().buffer;
	},
});
