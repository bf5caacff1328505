/** What a board is told: kept whole or not at all, judged field by field, and no secret is shown. */
import { strict as assert } from "node:assert";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { Provisioning, ProvisioningDraft } from "../../../src/firmware/config/provisioning.js";
import type { SettingsMemory } from "../../../src/firmware/ports.js";
import { UNPROVISIONED_STATION } from "../../../src/protocol/wire/possession.js";

const KEY = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const WHOLE: readonly (readonly [string, string])[] = [
	["station", "bor-1"],
	["collectorHost", "collector.example.org"],
	["collectorPort", "443"],
	["collectorPublicKey", KEY],
	["authority", "30".repeat(80)],
	["trustFloorUtcSeconds", "1795800000"],
	["network1Name", "M%c3%bchle"],
	["network1Password", "very secret"],
];

function memory(): SettingsMemory & { cut: number | undefined; banks: Map<number, Uint8Array> } {
	const banks = new Map<number, Uint8Array>();
	return {
		cut: undefined,
		banks,
		read: (bank) => banks.get(bank),
		write(bank, bytes) {
			banks.set(bank, bytes.slice(0, this.cut ?? bytes.length));
			if (this.cut !== undefined) throw new Error("power");
		},
	};
}

function draftOf(held: Provisioning, fields: readonly (readonly [string, string])[] = WHOLE) {
	const draft = new ProvisioningDraft(held.fields, held.configuration);
	for (const [field, text] of fields) draft.set(field, 0, text);
	return draft;
}

describe("what a board is told", () => {
	it("is nothing at first: a name that records nothing, and every field that is missing", () => {
		const bare = new Provisioning(memory());
		assert.equal(bare.configuration.station, UNPROVISIONED_STATION);
		assert.equal(bare.isComplete, false);
		assert.deepEqual(bare.missing, [
			"authority",
			"trustFloorUtcSeconds",
			"station",
			"collectorHost",
			"collectorPort",
			"collectorPublicKey",
			"network1Name",
		]);
	});

	it("holds after a commit under the id that it was given, and not before", () => {
		const settings = memory();
		const bare = new Provisioning(settings);
		const draft = draftOf(bare);
		assert.deepEqual(draft.problems(), []);
		assert.equal(new Provisioning(settings).isComplete, false);
		bare.write(draft.fields, 7);
		const provisioning = new Provisioning(settings);
		assert.equal(provisioning.isComplete, true);
		assert.equal(provisioning.configuration.id, 7);
		assert.equal(provisioning.configuration.station, "bor-1");
		assert.equal(provisioning.configuration.intervalSeconds, 300);
		assert.deepEqual(provisioning.networks, [
			{ name: "M%c3%bchle", password: "very secret", address: "" },
		]);
		assert.deepEqual(provisioning.pins, [21, 22, 18, 19, 23, 32, 33, 27]);
	});

	it("is what it was before wherever power is cut while it is written", () => {
		const settings = memory();
		new Provisioning(settings).write(draftOf(new Provisioning(settings)).fields, 2);
		const before = new Provisioning(settings);
		const draft = draftOf(before, [["displayName", "upper bridge"]]);
		for (let cut = 0; cut < 700; cut++) {
			settings.cut = cut;
			assert.throws(() => before.write(draft.fields, 3), /what was told was not stored/);
			const after = new Provisioning(settings);
			assert.equal(after.configuration.id, 2);
			assert.equal(after.fields.get("displayName"), undefined);
		}
		settings.cut = undefined;
		before.write(draft.fields, 3);
		assert.equal(new Provisioning(settings).fields.get("displayName"), "upper bridge");
	});

	it("takes as floor of trust no time that its clock will never show", () => {
		const problems = (text: string) =>
			draftOf(new Provisioning(memory()), [...WHOLE, ["trustFloorUtcSeconds", text]]).problems();
		assert.deepEqual(problems("4102444799"), []);
		assert.match(
			problems("4102444800")[0]?.rule ?? "",
			/use a whole number from 1700000000 to 4102444799$/,
		);
	});

	it("tells all that is wrong at once, each with its field and rule", () => {
		const draft = draftOf(new Provisioning(memory()), [
			["station", "Bor!"],
			["collectorPort", "70000"],
			["intervalSeconds", "x"],
			["network1Password", "short"],
			["network2Name", "x".repeat(33)],
			["network1Address", "192.168.1.20"],
			["network3Password", "long enough"],
			["network4Address", "10.0.0.2,255.0.0.0,10.0.0.1,10.0.0.1"],
			["pins", "21,22,18,19,23,32,33,6"],
			["latitudeMicrodegrees", "90000001"],
		]);
		const wrong = draft.problems().filter(({ isMissing }) => !isMissing);
		assert.deepEqual(
			wrong.map(({ field }) => field),
			[
				"intervalSeconds",
				"station",
				"collectorPort",
				"network1Password",
				"network2Name",
				"network1Address",
				"network3Password",
				"network4Address",
				"pins",
				"latitudeMicrodegrees",
			],
		);
		assert.match(wrong.at(-1)?.rule ?? "", /use a whole number from -90000000 to 90000000$/);
	});

	it("takes a number as people write it, and none in another notation of the language", () => {
		for (const [field, text] of [
			["collectorPort", "0x20"],
			["intervalSeconds", "9e2"],
			["intervalSeconds", " 900"],
			["intervalSeconds", "0900"],
			["latitudeMicrodegrees", "-0"],
			["turbidityCoefficientsMicro", "1,0b1,3"],
		] as const) {
			const bare = new Provisioning(memory());
			const rules = draftOf(bare, [...WHOLE, [field, text]]).problems();
			assert.deepEqual(
				rules.map(({ rule }) => /^configuration: (\w+) "[^"]+" is no number$/.exec(rule)?.[1]),
				[field],
				text,
			);
		}
		const bare = new Provisioning(memory());
		assert.deepEqual(draftOf(bare, [...WHOLE, ["intervalSeconds", "900"]]).problems(), []);
	});

	it("takes an address where the network gives none, whole and possible or not at all", () => {
		const held = new Provisioning(memory());
		const ruleOf = (address: string): string | undefined =>
			draftOf(held, [...WHOLE, ["network1Address", address]])
				.problems()
				.find(({ isMissing }) => !isMissing)?.rule;
		for (const good of [
			"192.168.1.20,255.255.255.0,192.168.1.1,192.168.1.1",
			"10.200.0.9,255.0.0.0,10.0.0.1,9.9.9.9",
			"172.16.0.2,255.255.255.252,172.16.0.1,1.1.1.1",
			"223.255.255.254,255.255.255.0,223.255.255.1,8.8.8.8",
		]) {
			assert.equal(ruleOf(good), undefined, good);
		}
		for (const bad of [
			"192.168.1.20",
			"192.168.1.20,255.255.255.0,192.168.1.1",
			"192.168.1.20,255.255.255.0,192.168.1.1,1.1.1.1,1.1.1.1",
			"192.168.1.20,255.255.0.255,192.168.1.1,1.1.1.1",
			"192.168.1.20,255.255.255.254,192.168.1.21,1.1.1.1",
			"192.168.1.20,0.0.0.0,192.168.1.1,1.1.1.1",
			"192.168.1.20,255.255.255.0,192.168.2.1,1.1.1.1",
			"192.168.1.20,255.255.255.0,192.168.1.20,1.1.1.1",
			"192.168.1.0,255.255.255.0,192.168.1.1,1.1.1.1",
			"192.168.1.255,255.255.255.0,192.168.1.1,1.1.1.1",
			"192.168.1.020,255.255.255.0,192.168.1.1,1.1.1.1",
			"192.168.1.256,255.255.255.0,192.168.1.1,1.1.1.1",
			"192.168.1,255.255.255.0,192.168.1.1,1.1.1.1",
			"127.0.0.2,255.0.0.0,127.0.0.1,1.1.1.1",
			"224.0.0.2,255.255.255.0,224.0.0.1,1.1.1.1",
			"192.168.1.20,255.255.255.0,192.168.1.1,0.0.0.0",
			"192.168.1.20,255.255.255.0,192.168.1.1,collector",
			"-1.168.1.20,255.255.255.0,192.168.1.1,1.1.1.1",
		]) {
			assert.match(ruleOf(bad) ?? "", /^network1Address: use ADDRESS,MASK/, bad);
		}
	});

	it("keeps what the board before had delivered, whole or not at all", () => {
		const settings = memory();
		const bare = new Provisioning(settings);
		assert.equal(bare.predecessor, undefined);
		const head = "ab".repeat(32);
		for (const bad of ["", "50,12", `0,12,${head}`, `50,0,${head}`, `4294967296,12,${head}`]) {
			const draft = draftOf(bare, [...WHOLE, ["predecessor", bad || "50"]]);
			assert.match(draft.problems()[0]?.rule ?? "", /^predecessor: use EPOCH,SEQUENCE,HEAD/, bad);
		}
		bare.write(draftOf(bare, [...WHOLE, ["predecessor", `50,12,${head}`]]).fields, 2);
		assert.deepEqual(new Provisioning(settings).predecessor, {
			previousEpoch: 50,
			previousSequence: 12,
			previousHead: new Uint8Array(32).fill(0xab),
		});
	});

	it("keeps an address with its network", () => {
		const settings = memory();
		const bare = new Provisioning(settings);
		const address = "192.168.1.20,255.255.255.0,192.168.1.1,192.168.1.1";
		bare.write(draftOf(bare, [...WHOLE, ["network1Address", address]]).fields, 2);
		assert.equal(new Provisioning(settings).networks[0]?.address, address);
	});

	it("refuses a password and an address of a network that has no name", () => {
		const draft = draftOf(new Provisioning(memory()), [
			...WHOLE,
			["network2Password", "long enough"],
		]);
		assert.deepEqual(draft.problems(), [
			{
				field: "network2Password",
				isMissing: false,
				rule: "network2Password: there is no network2Name",
			},
		]);
	});

	it("refuses pins that flash, console or deep sleep need, and one that stands twice", () => {
		const held = new Provisioning(memory());
		const isWrong = (pins: string): boolean =>
			draftOf(held, [["pins", pins]])
				.problems()
				.some(({ isMissing }) => !isMissing);
		assert.equal(isWrong("21,22,18,19,23,32,33,27"), false);
		assert.equal(isWrong("13,22,18,19,23,25,26,27"), false);
		for (const pins of [
			"21,22,18,19,23,32,33",
			"21,22,18,19,23,32,33,5",
			"21,22,18,19,23,32,32,27",
			"1,22,18,19,23,32,33,27",
			"21,22,18,19,8,32,33,27",
		]) {
			assert.equal(isWrong(pins), true, pins);
		}
	});

	it("takes a long value in pieces, the same piece twice, and none that leaves a hole", () => {
		const draft = draftOf(new Provisioning(memory()), []);
		draft.set("authority", 0, "30".repeat(50));
		draft.set("authority", 100, "31".repeat(50));
		draft.set("authority", 100, "31".repeat(50));
		assert.equal(draft.fields.get("authority"), `${"30".repeat(50)}${"31".repeat(50)}`);
		assert.throws(() => draft.set("authority", 400, "30"), /200 characters so far, not 400/);
		assert.throws(() => draft.set("station", 0, "a".repeat(2049)), /too long/);
		assert.throws(() => draft.set("key", 0, "1"), /no such field/);
		assert.throws(() => draft.set("id", 0, "9"), /no such field/);
		assert.throws(() => draft.set("network5Name", 0, "x"), /no such field/);
	});

	it("shows of a secret four digits, others for another, and never itself", () => {
		const sha256 = createSha256();
		const draft = draftOf(new Provisioning(memory()));
		const shown = draft.shown("network1Password", sha256);
		assert.match(shown, /^set, hash [0-9a-f]{4}$/);
		draft.set("network1Password", 0, "another one");
		assert.notEqual(draft.shown("network1Password", sha256), shown);
	});

	it("begins a draft with the collector's newer configuration and not with what was told before it", () => {
		const settings = memory();
		const bare = new Provisioning(settings);
		bare.write(draftOf(bare).fields, 2);
		const provisioning = new Provisioning(settings);
		const fromCollector = { ...provisioning.configuration, id: 3, intervalSeconds: 900 };
		const draft = new ProvisioningDraft(provisioning.fields, fromCollector);
		assert.equal(draft.fields.get("intervalSeconds"), "900");
		assert.equal(draft.fields.get("network1Password"), "very secret");
		assert.equal(draft.fields.get("id"), undefined);
	});

	it("keeps nothing of any bytes that are not its own form", () => {
		const random = new SeededRandom(5);
		for (let round = 0; round < 2000; round++) {
			const settings = memory();
			const bare = new Provisioning(settings);
			bare.write(draftOf(bare).fields, 2);
			const bytes = settings.banks.get(5) ?? new Uint8Array(0);
			const at = integerBelow(random, bytes.length);
			bytes[at] = (bytes[at] ?? 0) ^ (1 << integerBelow(random, 8));
			assert.equal(new Provisioning(settings).isComplete, false);
		}
	});
});
