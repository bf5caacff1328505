/** The page of `npm start`: the readers' half of the collector over the world's clock, with sites that are examples. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Publishing, startPublishing } from "../../src/collector/publish/publishing.js";
import type { RecordReader } from "../../src/collector/publish/record-reader.js";
import { makeFolders } from "../../src/host/folders.js";

/** Where stations stand in turn: name in English and Serbian, node of the schematic, place. */
const SITES: Readonly<Record<string, readonly (readonly [string, string, string])[]>> =
	Object.freeze({
		bor: [
			["Borska reka below Bor", "Borska reka ispod Bora", "slatina"],
			["Bela reka at Rgotina", "Bela reka kod Rgotine", "rgotina"],
			["Borska reka at Bor", "Borska reka kod Bora", "bor"],
			["Veliki Timok below Vražogrnac", "Veliki Timok ispod Vražogrnca", "vrazogrnac"],
		],
		pek: [
			["Pek at Kučevo", "Pek kod Kučeva", "kucevo"],
			["Mali Pek below Majdanpek", "Mali Pek ispod Majdanpeka", "majdanpek"],
			["Pek at Kusići", "Pek kod Kusića", "kusici"],
			["Pek at Neresnica", "Pek kod Neresnice", "neresnica"],
		],
	});
const POLICIES = fileURLToPath(new URL("../../../policies/", import.meta.url));
const CLOCK_MILLISECONDS = 200;

export interface PageOptions {
	/** Of the collector's data. */
	readonly folder: string;
	readonly port: number;
	readonly stations: readonly string[];
	readonly nowUtcSeconds: () => number;
	readonly print: (line: string) => void;
}

export interface Page {
	readonly address: string;
	/** Called when the collector's database is open. */
	provide(reader: RecordReader): void;
	stored(station: string): void;
	close(): Promise<void>;
}

/** Resolves when it listens; the record may come later. */
export async function openPage(options: PageOptions): Promise<Page> {
	makeFolders(options.folder, 0o700);
	const publication = join(options.folder, "publication.json");
	writeFileSync(publication, `${JSON.stringify(publicationOf(options.stations), null, "\t")}\n`);
	const clock = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
	const now = new Float64Array(clock);
	const tick = (): void => {
		now[0] = options.nowUtcSeconds();
	};
	tick();
	const ticking = setInterval(tick, CLOCK_MILLISECONDS).unref();
	let provide: (reader: RecordReader) => void = () => {};
	const reader = new Promise<RecordReader>((resolve) => {
		provide = resolve;
	});
	const publishing: Publishing = await startPublishing({
		folder: join(options.folder, "published"),
		host: "127.0.0.1",
		port: options.port,
		proxies: [],
		origin: undefined,
		publication,
		limits: {},
		moreAcceptors: 0,
		clock,
		isShared: false,
		isSimulated: true,
		reader,
		log: options.print,
	});
	return {
		address: `http://127.0.0.1:${publishing.port}/`,
		provide: (given) => provide(given),
		stored: (station) => publishing.arrived(station),
		close: async () => {
			clearInterval(ticking);
			await publishing.close();
		},
	};
}

function publicationOf(stations: readonly string[]) {
	const described = stations.map((station) => {
		const [river = "bor", number = "1"] = station.split("-");
		const sites = SITES[river] ?? [];
		const [name, nameSr, place] = sites[(Number(number) - 1) % Math.max(sites.length, 1)] ?? [
			station,
			station,
			"",
		];
		const policies = [join(POLICIES, `${river === "pek" ? "pek" : "bor"}.json`)];
		return [station, { name, nameSr, place, zone: "Europe/Belgrade", isExample: true, policies }];
	});
	return {
		operator: {
			name: "Bistrina, simulated",
			licence: "CC0 1.0",
			licenceUrl: "https://creativecommons.org/publicdomain/zero/1.0/",
			attribution: "Simulated rivers: nothing here was measured in nature.",
		},
		stations: Object.fromEntries(described),
	};
}
