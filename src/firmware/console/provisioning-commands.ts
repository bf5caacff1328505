/** Commands that provision a board, and the one that asks for its identity. */
import { base64Of } from "../../core/base64.js";
import { bytesOfHex, hexOf } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import type { COMMANDS, GivenOf } from "../../protocol/line/commands.js";
import { POSSESSION_NONCE_BYTES } from "../../protocol/wire/possession.js";
import { type CommandContext, CommandRefusal, type Emit, firmwareText } from "./command.js";
import type { AnswerFields } from "./service.js";

/** 160 characters of a line. */
const IDENTITY_PART_BYTES = 120;

export const PROVISIONING_RUNS = {
	"provision-begin": provisionBegin,
	"provision-set": provisionSet,
	"provision-show": provisionShow,
	"provision-commit": provisionCommit,
	"provision-drop": provisionDrop,
	identity,
};

// biome-ignore lint/correctness/useYield: it is answered at once
function* provisionBegin({ service }: CommandContext): Task<AnswerFields> {
	const { station, provisioning } = service;
	provisioning.begin();
	return {
		station,
		configuration: provisioning.configurationId,
		missing: listed(provisioning.missing),
	};
}

// biome-ignore lint/correctness/useYield: it is answered at once
function* provisionSet(
	{ service }: CommandContext,
	{ field = "", at, text = "" }: GivenOf<(typeof COMMANDS)["provision-set"]>,
): Task<AnswerFields> {
	return { field, length: service.provisioning.set(field, at, text) };
}

function* provisionShow(
	{ service }: CommandContext,
	_given: unknown,
	emit: Emit,
): Task<AnswerFields> {
	const { lines, check } = service.provisioning.show();
	for (const line of lines) yield* emit({ ...line });
	const count = (state: string): number => lines.filter((line) => line.state === state).length;
	return { check, wrong: count("wrong"), missing: count("missing") };
}

// biome-ignore lint/correctness/useYield: it is answered at once
function* provisionCommit(
	{ service }: CommandContext,
	{ check = "" }: GivenOf<(typeof COMMANDS)["provision-commit"]>,
): Task<AnswerFields> {
	return { configuration: service.provisioning.commit(check), restarting: "yes" };
}

// biome-ignore lint/correctness/useYield: it is answered at once
function* provisionDrop({ service }: CommandContext): Task<AnswerFields> {
	service.provisioning.drop();
	return {};
}

function* identity(
	{ service }: CommandContext,
	{ nonce = "" }: GivenOf<typeof COMMANDS.identity>,
	emit: Emit,
	waitMilliseconds: number,
): Task<AnswerFields> {
	const bytes = bytesOfHex(nonce);
	if (bytes?.length !== POSSESSION_NONCE_BYTES) {
		throw new CommandRefusal(
			"bad-argument",
			`nonce: use ${2 * POSSESSION_NONCE_BYTES} hexadecimal digits`,
		);
	}
	const found = yield* service.provisioning.identify(bytes).wait(waitMilliseconds);
	const { signed } = found ?? {};
	if (found === undefined || signed === undefined) {
		throw new StationError("sign-failed", "the station's key does not sign");
	}
	for (let at = 0; at < signed.length; at += IDENTITY_PART_BYTES) {
		yield* emit({ bytes: base64Of(signed.subarray(at, at + IDENTITY_PART_BYTES)) });
	}
	const { epoch, publicKey } = found;
	const { station, firmwareVersion } = service;
	const firmware = firmwareText(firmwareVersion);
	return { station, firmware, epoch, publicKey: hexOf(publicKey) };
}

function listed(words: readonly string[]): string {
	return words.length === 0 ? "none" : words.join(",");
}
