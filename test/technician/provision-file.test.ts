/** The reviewed file: all that is wrong with it is told before a board is asked. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProvisionFile } from "../../src/technician/provision-file.js";

const KEY = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
/** No y fits this x. */
const NO_POINT = `02${"00".repeat(31)}01`;

describe("a file that a board is told from", () => {
	let folder = "";
	let path = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-told-"));
		path = join(folder, "bor-1.conf");
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	const read = (bytes: string | Uint8Array): Promise<ReadonlyMap<string, string>> => {
		writeFileSync(path, bytes);
		return readProvisionFile(path, {
			ask: async () => "typed by hand",
			environment: { WIFI_PASSWORD: "short" },
		});
	};
	const faultsOf = async (bytes: string | Uint8Array): Promise<readonly string[]> => {
		try {
			await read(bytes);
		} catch (error) {
			return (error as Error).message.replaceAll(`${path} line `, "").split(/; (?=\d+:|and )/);
		}
		return [];
	};

	it("is refused with all that is wrong with it at once, each with its line, field and rule", async () => {
		assert.deepEqual(
			await faultsOf(
				[
					"station=Bor 1",
					"colour=red",
					"no equals sign",
					"collectorHost=a_b",
					"collectorPort=0x20",
					`collectorPublicKey=${NO_POINT}`,
					"network1Name=field",
					"network1Password=@env:WIFI_PASSWORD",
					"network1Address=192.168.1.20",
					"network5Name=fifth",
					"pins=1,2,3",
					"supply=wind",
					"station=bor-1",
					"displayName=@env:NOBODY",
				].join("\n"),
			),
			[
				'1: station id "Bor 1": use 1 to 8 of a-z, 0-9 and -',
				"2: colour: no such field",
				"3: not name=value",
				'4: collectorHost "a_b" is not a host name of 253 characters at most',
				'5: configuration: collectorPort "0x20" is no number',
				"6: collectorPublicKey: no key (no point of P-256); copy it from where the collector prints it",
				"8: network1Password (bytes) is 5; use a whole number from 8 to 64",
				"9: network1Address: use ADDRESS,MASK,GATEWAY,NAME-SERVER, the gateway in the address's network",
				"10: network5Name: no such field",
				"11: pins: eight different ones that are free, the last three RTC pins",
				'12: supply is "wind"; use battery or mains',
				"13: station stands there twice",
				"14: displayName: no NOBODY in the environment",
			],
		);
	});

	it("is taken as it stands where the station would take it", async () => {
		const fields = await read(
			`# reviewed\nstation=bor-1\ncollectorPublicKey=${KEY}\ncollectorPort=443\nnetwork1Name=M\u00fchle 100%\n` +
				"network1Password=@ask\ntimeHost=\nplace=\n",
		);
		assert.deepEqual(
			[...fields],
			[
				["station", "bor-1"],
				["collectorPublicKey", KEY],
				["collectorPort", "443"],
				["network1Name", "M%c3%bchle 100%25"],
				["network1Password", "typed by hand"],
				["timeHost", ""],
				["place", ""],
			],
		);
	});

	it("is refused where it is no UTF-8, and where a value of the environment was none", async () => {
		assert.deepEqual(await faultsOf(Buffer.from("network1Name=M\u00fchle\n", "latin1")), [
			`${path}: not UTF-8`,
		]);
		assert.deepEqual(await faultsOf("displayName=M\ufffdhle\n"), ["1: displayName: not UTF-8"]);
	});

	it("tells of very many faults the first twenty and how many there are besides", async () => {
		const faults = await faultsOf("x\n".repeat(32_000));
		assert.equal(faults.length, 21);
		assert.deepEqual(
			[faults[0], faults[19], faults[20]],
			["1: not name=value", "20: not name=value", "and 31980 more"],
		);
	});

	it("says no password, whatever is wrong with it", async () => {
		const [fault = ""] = await faultsOf(
			`network1Name=field\nnetwork1Password=${"s3cret".repeat(20)}\n`,
		);
		assert.match(fault, /network1Password/);
		assert.doesNotMatch(fault, /s3cret/);
	});
});
