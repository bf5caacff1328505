/** A thread of readers that ends begins again, on the same port, and the collector is told. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type PublishingOptions,
	startPublishing,
} from "../../../src/collector/publish/publishing.js";
import type { RecordReader } from "../../../src/collector/publish/record-reader.js";
import { whole } from "../../support/depth.js";

const HEAP_MEGABYTES = 32;

describe("a readers' thread that ends", () => {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-publishing-"));
	after(() => rmSync(folder, { recursive: true }));

	const optionsOf = (
		stations: () => string[],
		log: PublishingOptions["log"],
		port = 0,
	): PublishingOptions => ({
		...{ folder, host: "127.0.0.1", port, proxies: [], origin: undefined, publication: undefined },
		...{ limits: {}, moreAcceptors: 0, clock: undefined, isShared: false, isSimulated: true },
		...{ heapMegabytes: HEAP_MEGABYTES, againMilliseconds: 20, log },
		reader: Promise.resolve({ stations: async () => stations() } as unknown as RecordReader),
	});

	const statusOf = async (port: number): Promise<number> =>
		(await fetch(`http://127.0.0.1:${port}/v1/health`)).status;

	whole(
		"for want of memory, too, begins again on its port, each time after twice as long, and it is told",
		async () => {
			const lines: string[] = [];
			let asked = 0;
			let onSteady: () => void = () => {};
			const steady = new Promise<void>((resolve) => {
				onSteady = resolve;
			});
			const stations = (): string[] => {
				asked++;
				// More than its heap holds.
				if (asked <= 2) return Array.from({ length: 1_500_000 }, (_, index) => `s${index}`);
				onSteady();
				return [];
			};
			const publishing = await startPublishing(optionsOf(stations, (line) => lines.push(line)));
			try {
				const { port } = publishing;
				await steady;
				assert.equal(publishing.port, port);
				assert.equal(await statusOf(port), 200);
				const waits = lines.map(
					(line) => /^publishing ended: .*; it begins again in (.*) s$/.exec(line)?.[1],
				);
				assert.deepEqual(
					waits.filter((wait) => wait !== undefined),
					["0.02", "0.04"],
				);
				assert.equal(lines.filter((line) => line === "publishing listens again").length, 2);
			} finally {
				await publishing.close();
			}
			const ended = lines.length;
			await assert.rejects(statusOf(publishing.port));
			assert.equal(lines.length, ended);
		},
	);

	it("before it ever listened is the caller's to tell", async () => {
		const taken = createServer().listen(0, "127.0.0.1");
		await new Promise((resolve) => taken.once("listening", resolve));
		const { port } = taken.address() as { readonly port: number };
		const lines: string[] = [];
		try {
			await assert.rejects(
				startPublishing(
					optionsOf(
						() => [],
						(line) => lines.push(line),
						port,
					),
				),
				/^OperationalError: port \d+ of 127\.0\.0\.1 is in use; choose another --readers-port$/,
			);
			assert.deepEqual(lines, []);
		} finally {
			taken.close();
		}
	});
});
