/** Every number that a program takes on its command line: its range, and what is said beyond it. */
import { strict as assert } from "node:assert";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CommanderError } from "commander";
import { restore, stub } from "sinon";
import { parseBoardOptions } from "../../sim/shell/chip/board-options.js";
import { parseStartOptions } from "../../sim/shell/options.js";
import { parseServiceOptions } from "../../src/collector/service/service-options.js";
import { commandLine } from "../../src/technician/command-line/program.js";
import { UsageError } from "../support/engines/dispatch.js";
import { PROJECT } from "../support/sources.js";
import { planOf } from "../swarm/plan.js";

/** What is no whole number in digits. */
const NONSENSE = ["", "-1", "1.5", "NaN", "1e9", "0x10", "10x", " 5", "5 ", "+5", "Infinity", "٣"];
const PORTS = [0, 65_535] as const;
const UINT32 = 0xffff_ffff;
/** How help names a number; what else it names is a word, a file, an address. */
const NUMBERS = /^<(n|number|rate|seconds|days|hPa|sequence)>$/;

type Range = readonly [low: number, high: number];
type Ranges = Readonly<Record<string, Range>>;

const PROGRAMS: readonly {
	readonly name: string;
	readonly run: (argv: string[]) => unknown;
	readonly ranges: Ranges;
}[] = [
	{
		name: "bistrina-collector",
		run: (argv) => parseServiceOptions(["--data", "unused", ...argv]),
		ranges: {
			"--port": PORTS,
			"--next": [0, 604_800],
			"--connections": [1, 100_000],
			"--connections-per-address": [1, 100_000],
			"--megabytes-per-day": [1, 1_000_000],
			"--readers-port": PORTS,
			"--readers-connections-per-address": [1, 100_000],
			"--metrics-port": PORTS,
		},
	},
	{
		name: "npm start --",
		run: (argv) => parseStartOptions(argv),
		ranges: {
			"--stations": [1, 100],
			"--seed": [0, UINT32],
			"--port": PORTS,
			"--console-port": [0, 65_435],
			"--page-port": PORTS,
			"--playground-port": PORTS,
		},
	},
	{
		name: "npm run board --",
		run: (argv) => parseBoardOptions(["unused", ...argv]),
		ranges: { "--port": PORTS },
	},
];

/** Of a command and of all that it has. */
const TECHNICIAN: Ranges = {
	"bistrina --baud": [300, 3_000_000],
	"bistrina --timeout": [1, 3600],
	"bistrina watch --count": [1, 1000],
	"bistrina export --first": [1, UINT32],
	"bistrina calibrate --due": [0, 3660],
	"bistrina visit --due": [0, 3660],
	"bistrina flash --flash-baud": [9600, 921_600],
	"bistrina batch --flash-baud": [9600, 921_600],
	"bistrina erase --flash-baud": [9600, 921_600],
	"bistrina replace --flash-baud": [9600, 921_600],
	"bistrina verify --epoch": [0, UINT32],
	"bistrina verify --first": [1, UINT32],
	"bistrina verify --last": [1, UINT32],
	"bistrina readings --air-pressure": [507, 1114],
};

/** Of what is run with `npm run`: folder and file, options in their order. */
const TRIALS: Readonly<Record<string, Ranges>> = {
	"bench/alarm": { "--rivers": [3, 300], "--seed": [0, UINT32] },
	"bench/events": { "--seed": [0, UINT32], "--years": [1, 1000], "--inflows": [0, 60] },
	"bench/health": { "--years": [1, UINT32], "--seed": [0, UINT32] },
	"bench/herd": { "--seed": [0, UINT32] },
	"bench/ingest": { "--seconds": [1, 3600] },
	"bench/outage": { "--days": [2, 60], "--seed": [0, UINT32] },
	"bench/page": { "--streams": [1, 100_000], "--stations": [1, 100_000], "--seconds": [1, 3600] },
	"bench/quality": { "--days": [7, 3650] },
	"bench/winter": { "--days": [2, 90] },
	"bench/wire": { "--seed": [0, UINT32] },
	"bench/xs": { "--wakes": [1, 1_000_000] },
	"bench/year": { "--days": [1, 3650], "--turbidity-every": [1, 48] },
	"campaign/alarms": { "--runs": [1, 100_000], "--seed": [0, UINT32] },
	"campaign/calibration": { "--every": [1, UINT32], "--seed": [0, UINT32] },
	"campaign/events": { "--every": [1, UINT32], "--seed": [0, UINT32] },
	"campaign/fuzz": { "--inputs": [1, UINT32], "--seed": [0, UINT32] },
	"campaign/journal": {
		"--operations": [1, UINT32],
		"--depth": [1, 2],
		"--workers": [1, 256],
		"--seed": [0, UINT32],
	},
	"campaign/kill": { "--runs": [1, 100_000], "--readings": [1, 10_000_000], "--seed": [0, UINT32] },
	"campaign/readers": {
		"--requests": [1, UINT32],
		"--seconds": [1, UINT32],
		"--seed": [0, UINT32],
	},
	"campaign/repeats": { "--runs": [1, 100_000], "--steps": [1, 100_000], "--seed": [0, UINT32] },
	"campaign/siege": { "--seconds": [1, 3600], "--pairs": [1, 9], "--patience": [0, 1440] },
	"campaign/uplink": { "--seeds": [1, 100_000], "--days": [2, 60], "--seed": [0, UINT32] },
	"campaign/verify": { "--seeds": [1, UINT32], "--from": [0, UINT32], "--entries": [1, UINT32] },
};

/** What takes a file or a seed without a name. */
const NUMBERS_ALONE = ["bench/image", "bench/journal", "bench/qartod"];

/** All that is beyond a range. */
function beyond([low, high]: Range): readonly string[] {
	return [...NONSENSE, ...(low > 0 ? [String(low - 1)] : []), String(high + 1), "99999999999"];
}

describe("a number on a command line", () => {
	let printed: string;

	beforeEach(() => {
		printed = "";
		for (const output of [process.stdout, process.stderr]) {
			stub(output, "write").callsFake((piece: unknown) => {
				printed += String(piece);
				return true;
			});
		}
	});

	afterEach(() => restore());

	/** Runs it to its refusal; all that was said. */
	async function refusalOf(run: () => unknown): Promise<string> {
		printed = "";
		try {
			await run();
		} catch (error) {
			if (error instanceof UsageError) return error.message;
			if (error instanceof CommanderError) return printed;
			throw error;
		}
		return "taken";
	}

	for (const { name, run, ranges } of PROGRAMS) {
		it(`has its range in ${name}, and what lies beyond is refused with it`, async () => {
			const help = await refusalOf(() => run(["--help"]));
			const numbers = [...help.matchAll(/^ {2}(--[a-z-]+) (<[^>]+>)/gm)]
				.filter(([, , placeholder = ""]) => NUMBERS.test(placeholder))
				.map(([, option = ""]) => option);
			assert.deepEqual(numbers.sort(), Object.keys(ranges).sort());
			for (const [option, range] of Object.entries(ranges)) {
				for (const text of beyond(range)) {
					const refusal = await refusalOf(() => run([`${option}=${text}`]));
					const end = `argument '${text}' is invalid. Use a whole number from ${range.join(" to ")}.\n`;
					assert.ok(refusal.includes(end), `${option}=${text}: ${refusal.slice(0, 200)}`);
				}
			}
		});
	}

	it("has its range in each command of bistrina, and what lies beyond is refused with it", async () => {
		const numbersIn = (program: ReturnType<typeof commandLine>): string[] =>
			[program, ...program.commands].flatMap((command) =>
				command.options
					.filter(({ flags }) => NUMBERS.test(flags.split(" ").at(-1) ?? ""))
					.map(({ long }) => `${command === program ? "" : "bistrina "}${command.name()} ${long}`),
			);
		assert.deepEqual(numbersIn(commandLine(() => {})).sort(), Object.keys(TECHNICIAN).sort());
		for (const [key, range] of Object.entries(TECHNICIAN)) {
			const words = key.split(" ");
			const command = words.slice(1, -1);
			for (const text of beyond(range)) {
				const argv = [...command, `${words.at(-1)}=${text}`];
				const program = commandLine(() => assert.fail(`${argv.join(" ")} ran`));
				const refusal = await refusalOf(() => program.parseAsync(argv, { from: "user" }));
				const end = `argument '${text}' is invalid. Use a whole number from ${range.join(" to ")}.\n`;
				assert.ok(refusal.includes(end), `${argv.join(" ")}: ${refusal.slice(0, 200)}`);
			}
		}
	});

	it("has its range in every bench and campaign", () => {
		const names = ["bench", "campaign"].flatMap((folder) =>
			readdirSync(join(PROJECT, "test", folder)).map((file) => `${folder}/${file.slice(0, -3)}`),
		);
		const others = ["bench/main", "campaign/main", ...NUMBERS_ALONE];
		assert.deepEqual(names.sort(), [...Object.keys(TRIALS), ...others].sort());
	});

	for (const [name, ranges] of Object.entries(TRIALS)) {
		it(`has its range in npm run ${name.replace("/", " -- ")}, and nothing is begun beyond it`, async () => {
			const { run } = (await import(`../${name}.js`)) as { run: (args: string[]) => unknown };
			for (const [option, range] of Object.entries(ranges)) {
				for (const text of beyond(range)) {
					const refusal = await refusalOf(() => run([option, text]));
					const printed = `use a whole number from ${range.join(" to ")}\n`;
					// Some take what begins with a dash for an option, and say what there is.
					const isUsage = text.startsWith("-") && refusal.includes("usage: npm run ");
					assert.ok(refusal.includes(printed) || isUsage, `${option} ${text}: ${refusal}`);
				}
			}
		});
	}

	it("has its range where it stands alone, too, and in a swarm", async () => {
		const journal = await import("../bench/journal.js");
		const image = await import("../bench/image.js");
		for (const text of NONSENSE) {
			assert.match(await refusalOf(() => journal.run([text])), /^SEED .*from 0 to 4294967295\n/);
			const limited = await refusalOf(() => image.run(["unused", text]));
			assert.match(limited, /^BYTES .*from 1 to 4294967295\n/);
			for (const [option, range] of [
				["--seeds", "1 to 999999999"],
				["--seed", "0 to 999999999"],
				["--days", "1 to 3650"],
				["--workers", "1 to 256"],
			] as const) {
				const refusal = await refusalOf(() => planOf([`${option}=${text}`]));
				assert.ok(
					refusal.startsWith(`${option} ${text}: use a whole number from ${range}\n`),
					refusal,
				);
			}
		}
	});

	it("is a speed or a span of npm start with what it may be, and no other", async () => {
		for (const text of [...NONSENSE, "0", "0.01", "1000001"]) {
			if (text === "1.5") continue;
			const refusal = await refusalOf(() => parseStartOptions([`--speed=${text}`]));
			assert.match(refusal, / is invalid\. Use a number from 0\.1 to 1000000, or max\.\n/, text);
		}
		for (const text of [...NONSENSE, "0s", "7", "7y", "1.5h", " 5h", "5 h", "1000000w"]) {
			const refusal = await refusalOf(() => parseStartOptions([`--for=${text}`]));
			assert.match(refusal, / is invalid\. Use a number with s, m, h, d or w, like 12h, /, text);
		}
	});
});
