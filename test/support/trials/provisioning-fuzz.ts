/** Lines that tell a board who it is, damaged: nothing of it holds that was not committed, and what was is sound. */
import { asciiBytes } from "../../../src/core/bytes.js";
import { StationError } from "../../../src/core/errors.js";
import { integerBelow, type RandomSource } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import type { Task } from "../../../src/core/task.js";
import { validateConfiguration } from "../../../src/firmware/config/configuration.js";
import type { ConfigurationManager } from "../../../src/firmware/config/configuration-manager.js";
import { Provisioning } from "../../../src/firmware/config/provisioning.js";
import { CommandRefusal } from "../../../src/firmware/console/command.js";
import { givenOf, STATION_COMMANDS } from "../../../src/firmware/console/commands.js";
import type { SettingsMemory } from "../../../src/firmware/ports.js";
import { ProvisioningDrafts } from "../../../src/firmware/station/provisioning-drafts.js";
import { readRequest } from "../../../src/protocol/line/console.js";

/** A draft is shown and committed once in so many lines. */
const LINES_PER_COMMIT = 50;
const LINES_PER_DRAFT = 5;
const VALUES: readonly (readonly [string, string])[] = [
	["station", "bor-1"],
	["collectorHost", "collector.example.org"],
	["collectorPort", "443"],
	["collectorPublicKey", `03${"6b".repeat(32)}`],
	["authority", "30".repeat(70)],
	["trustFloorUtcSeconds", "1795800000"],
	["network1Name", "M%c3%bchle"],
	["network1Password", "very secret"],
	["network1Address", "192.168.1.20,255.255.255.0,192.168.1.1,9.9.9.9"],
	["predecessor", `50,12,${"ab".repeat(32)}`],
	["intervalSeconds", "900"],
	["pins", "21,22,18,19,23,32,33,27"],
	["turbidityProbe", "obs-3"],
	["turbidityCoefficientsMicro", "1,2,3,4,5,6"],
];

/** Lines without a checksum: damage leaves most of them requests. */
export function provisioningParser() {
	const banks = new Map<number, Uint8Array>();
	let writes = 0;
	const memory: SettingsMemory = {
		read: (bank) => banks.get(bank),
		write: (bank, bytes) => {
			writes++;
			banks.set(bank, bytes.slice());
		},
	};
	let commits = 0;
	const sha256 = createSha256();
	const image = { isOnTrial: false, confirm: () => {} };
	const signer = { publicKey: new Uint8Array(33), sign: () => ({ cancel: () => {} }) };
	const open = (): ProvisioningDrafts => {
		const provisioning = new Provisioning(memory);
		const { configuration } = provisioning;
		const manager = { configuration, highestId: 1 } as unknown as ConfigurationManager;
		return new ProvisioningDrafts({
			board: { sha256, image, signer },
			provisioning,
			manager,
			journal: { epoch: 0 },
			restart: () => {},
		});
	};
	let drafts = open();
	const commit = (check: string): void => {
		drafts.commit(check);
		commits++;
		drafts = open();
	};
	const requireKept = (): void => {
		if (writes !== commits) throw new Error(`${writes} writes for ${commits} commits`);
		// Whatever was committed is a configuration that a station starts with.
		validateConfiguration(new Provisioning(memory).configuration);
	};
	return {
		name: "provisioning",
		samples: [
			...VALUES.flatMap(([field, text]) => [
				asciiBytes(`provision-set field=${field} text=${text}`),
				asciiBytes(`provision-set field=${field} at=3 text=${text}`),
			]),
			asciiBytes("provision-begin"),
			asciiBytes("provision-show"),
			asciiBytes("provision-drop"),
			asciiBytes("provision-commit check=00000000"),
		],
		refusals: ["configuration-invalid", "settings-failed"] as const,
		parse: (bytes: Uint8Array, random: RandomSource): void => {
			try {
				// A draft is there more often than damaged lines would begin one.
				if (integerBelow(random, LINES_PER_DRAFT) === 0) drafts.begin();
				if (integerBelow(random, LINES_PER_COMMIT) === 0) {
					drafts.begin();
					const [field, text] = VALUES[integerBelow(random, VALUES.length)] ?? ["", ""];
					drafts.set(field, 0, text);
					commit(drafts.show().check);
				}
				take(bytes, drafts, commit);
			} finally {
				requireKept();
			}
		},
	};
}

function take(
	bytes: Uint8Array,
	drafts: ProvisioningDrafts,
	commit: (check: string) => void,
): void {
	const input = readRequest(bytes);
	if (input.kind !== "request") throw notTaken(input.kind);
	const { command, fields } = input.request;
	const found = STATION_COMMANDS.get(command);
	if (found === undefined || !command.startsWith("provision-")) throw notTaken(command);
	try {
		const given = givenOf(found.row, fields);
		const counted = {
			...serviceOf(drafts),
			commit: (check: string) => {
				commit(check);
				return 2;
			},
		};
		const service = { station: "bor-1", provisioning: counted };
		const context = { service } as never;
		const task: Task<unknown> = found.run(context, given, emit, 0);
		while (task.next().done !== true);
	} catch (error) {
		throw error instanceof CommandRefusal ? notTaken(error.message) : error;
	}
}

/** As the line refuses it, in a word that the judge knows. */
function notTaken(what: string): StationError {
	return new StationError("configuration-invalid", what);
}

/** Its methods, bound: the task knows the interface. */
function serviceOf(drafts: ProvisioningDrafts) {
	return {
		missing: drafts.missing,
		configurationId: drafts.configurationId,
		begin: () => drafts.begin(),
		set: (field: string, at: number, text: string) => drafts.set(field, at, text),
		show: () => drafts.show(),
		drop: () => drafts.drop(),
	};
}

/** There is always room. */
function* emit(): Task<void> {}
