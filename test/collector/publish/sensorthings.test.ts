/**
 * OGC SensorThings API 1.1, reading: the requests that OGC's own tests make (ets-sta10, conformance class 1, and its
 * class 3 translated, since that one writes its data first), the same values as the published table, and bounds.
 */
import { strict as assert } from "node:assert";
import {
	datastreamId,
	epochNumbers,
	observationId,
	partsOfObservation,
	stationNumbers,
} from "../../../src/collector/publish/sensorthings/ids.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../../support/collectors/published-record.js";
import { SignedStation } from "../../support/collectors/signed-station.js";
import { CONFIGURATION_BODY } from "../../support/data/configuration-body.js";
import { dayOfReadings } from "../../support/data/day.js";

// biome-ignore lint/suspicious/noExplicitAny: what a stranger's program sees is JSON of any shape.
type Json = any;

const ROOT = "http://rivers.example.org/sta/v1.1";
const SETS = {
	Things: ["name", "description", "properties"],
	Locations: ["name", "description", "encodingType", "location"],
	HistoricalLocations: ["time"],
	Datastreams: ["name", "description", "unitOfMeasurement", "observationType"],
	Sensors: ["name", "description", "encodingType", "metadata"],
	ObservedProperties: ["name", "definition", "description"],
	Observations: ["phenomenonTime", "result", "resultTime"],
	FeaturesOfInterest: ["name", "description", "encodingType", "feature"],
} as const;
const RELATIONS: Readonly<Record<string, readonly string[]>> = {
	Things: ["Datastreams", "Locations", "HistoricalLocations"],
	Locations: ["Things", "HistoricalLocations"],
	HistoricalLocations: ["Thing", "Locations"],
	Datastreams: ["Thing", "Sensor", "ObservedProperty", "Observations"],
	Sensors: ["Datastreams"],
	ObservedProperties: ["Datastreams"],
	Observations: ["Datastream", "FeatureOfInterest"],
	FeaturesOfInterest: ["Observations"],
};
const SET_OF: Readonly<Record<string, string>> = {
	Thing: "Things",
	Sensor: "Sensors",
	ObservedProperty: "ObservedProperties",
	Datastream: "Datastreams",
	FeatureOfInterest: "FeaturesOfInterest",
};
/** Thing 7 is bor-1: its pH is Datastream 56, temperature 57, conductivity 58, turbidity 59, battery 60. */
const PH = 56;

function stationOf(): SignedStation {
	const station = new SignedStation({ station: "bor-1" });
	station.append({
		...CONFIGURATION_BODY,
		intervalSeconds: 300,
		utcSeconds: 1_773_964_800,
	} as never);
	for (const [at, draft] of [0, 1].flatMap((day) => dayOfReadings(3, day)).entries()) {
		if (draft.kind !== "reading") continue;
		const fields = [...draft.fields];
		// No calibration of these readings is in the record.
		for (const index of [2, 5, 8, 13]) fields[index] = 0;
		if (at === 100) [fields[0], fields[1]] = [-0x8000, 1];
		if (at === 101) fields[1] = 8;
		station.append({ ...draft, fields });
	}
	return station;
}

describe("SensorThings", () => {
	let record: PublishedRecord;
	const second = new SignedStation({ station: "bor-2", seed: 2 });

	before(async () => {
		record = await openPublishedRecord({
			publication: {
				stations: {
					"bor-1": { name: "Borska reka", number: 7, latitude: 44.05, longitude: 22.15 },
					"bor-2": { name: "Ravna reka", number: 9 },
				},
			},
		});
		await record.publish(stationOf());
		for (const draft of dayOfReadings(1).slice(0, 10)) {
			if (draft.kind !== "reading") continue;
			second.append({ ...draft, channelSet: 2, fields: [...draft.fields, 912, 0, 0] });
		}
		await record.publish(second);
	});

	after(() => record.close());

	const ask = async (path: string, expected = 200): Promise<Json> => {
		const { status, text } = await record.get(encodeURI(path.replace(ROOT, "/sta/v1.1")));
		assert.equal(status, expected, `${path}: ${text.slice(0, 300)}`);
		return text.startsWith("{") ? JSON.parse(text) : undefined;
	};
	const list = async (path: string): Promise<Json[]> => (await ask(`${ROOT}/${path}`)).value;
	const ids = async (path: string): Promise<number[]> =>
		(await list(path)).map((entity) => entity["@iot.id"]);

	it("names its eight sets at the root, and what it conforms to (C1)", async () => {
		const { value, serverSettings } = await ask(ROOT);
		assert.deepEqual(
			value,
			Object.keys(SETS).map((name) => ({ name, url: `${ROOT}/${name}` })),
		);
		assert.ok(
			serverSettings.conformance.includes(
				"http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel",
			),
		);
		assert.ok(!serverSettings.conformance.join().includes("built-in-query-functions"));
	});

	it("gives of each set, and of one by its id, all that the standard demands (C2, C3)", async () => {
		for (const [set, demanded] of Object.entries(SETS)) {
			const { value } = await ask(`${ROOT}/${set}`);
			assert.ok(value.length > 0, set);
			for (const entity of value.slice(0, 2)) {
				const id = entity["@iot.id"];
				assert.equal(entity["@iot.selfLink"], `${ROOT}/${set}(${id})`);
				for (const name of demanded) assert.ok(name in entity, `${set} ${name}`);
				for (const relation of RELATIONS[set] ?? [])
					assert.equal(
						entity[`${relation}@iot.navigationLink`],
						`${ROOT}/${set}(${id})/${relation}`,
					);
				assert.deepEqual(await ask(entity["@iot.selfLink"]), entity);
			}
		}
	});

	it("answers an id that there is not with 404, whatever its size, and no id with 400 (C4)", async () => {
		const odd = ["9223372036854775807", "9007199254740993", "99999999999999999999", "-1", "0"];
		for (const set of Object.keys(SETS)) {
			for (const id of odd) await ask(`${ROOT}/${set}(${id})`, 404);
			for (const id of ["'x'", "1.5", "1e3", "", "NaN"]) await ask(`${ROOT}/${set}(${id})`, 400);
		}
		await ask(`${ROOT}/MultiDatastreams`, 404);
		await ask(`${ROOT}/__proto__`, 404);
	});

	it("gives a property by itself, and its bare value (C5, C6)", async () => {
		for (const [set, demanded] of Object.entries(SETS)) {
			const [entity] = await list(set);
			for (const name of demanded) {
				const path = `${ROOT}/${set}(${entity["@iot.id"]})/${name}`;
				assert.deepEqual(await ask(path), { [name]: entity[name] });
				const { status, text } = await record.get(`${path.replace(ROOT, "/sta/v1.1")}/$value`);
				const isObject = ["location", "feature", "unitOfMeasurement", "properties"].includes(name);
				assert.equal(status, 200);
				assert.equal(text.startsWith("{"), isObject, path);
				if (!isObject) assert.equal(text, String(entity[name]));
			}
			await ask(`${ROOT}/${set}(${entity["@iot.id"]})/constructor`, 404);
		}
		const [missing] = await list(`Datastreams(${PH})/Observations?$filter=result eq null`);
		await ask(`${missing["@iot.selfLink"]}/result`, 204);
	});

	it("is walked along every path of relations to depth four, with their references (C7, C8)", async () => {
		let walked = 0;
		const walk = async (path: string, set: string, entity: Json, depth: number): Promise<void> => {
			for (const relation of RELATIONS[set] ?? []) {
				const further = `${path}/${relation}`;
				const found = await ask(further);
				const { [SET_OF[relation] === undefined ? "value" : "none"]: value } = found;
				walked++;
				const reference = await ask(`${further}/$ref`);
				if (value === undefined) {
					assert.deepEqual(reference, { "@iot.selfLink": found["@iot.selfLink"] });
					const to = SET_OF[relation] ?? "";
					if (depth < 4) await walk(further, to, found, depth + 1);
					continue;
				}
				assert.ok(value.length > 0, further);
				assert.deepEqual(
					reference.value,
					value.map((each: Json) => ({ "@iot.selfLink": each["@iot.selfLink"] })),
				);
				if (depth < 4)
					await walk(`${further}(${value[0]["@iot.id"]})`, relation, value[0], depth + 1);
			}
			assert.ok(entity !== undefined);
		};
		for (const set of Object.keys(SETS)) {
			const [first] = await list(set);
			await walk(`${ROOT}/${set}(${first["@iot.id"]})`, set, first, 2);
		}
		assert.ok(walked > 100, String(walked));
		await ask(`${ROOT}/Things(7)/Datastreams(72)`, 404);
		const [other] = await ids("Datastreams(72)/Observations");
		await ask(`${ROOT}/Datastreams(${PH})/Observations(${other})`, 404);
	});

	it("has of each reading what the published table has", async () => {
		const { text } = await record.get("/v1/stations/bor-1/values.csv");
		const [head = "", ...lines] = text.trim().split("\r\n");
		const names = head.split(",");
		const rows = lines.map((line) => {
			const cells = line.split(",");
			return (name: string) => cells[names.indexOf(name)] ?? "";
		});
		const columns = {
			56: "ph",
			57: "temperature_c",
			58: "ec25_us_cm",
			60: "battery_v",
			62: "ec_raw_us_cm",
		};
		for (const [id, column] of Object.entries(columns)) {
			const found = await list(`Datastreams(${id})/Observations?$top=1000`);
			assert.equal(found.length, 576);
			found.forEach((each, at) => {
				const cell = rows[at]?.(column) ?? "";
				assert.equal(each.phenomenonTime, rows[at]?.("time"));
				assert.equal(each.resultTime, rows[at]?.("time"));
				assert.equal(each.result, cell === "" ? null : Number(cell), column);
				assert.equal(each.parameters.sequence, Number(rows[at]?.("sequence")));
			});
		}
		const [missing, flagged, good] = (
			await list(`Datastreams(${PH})/Observations?$top=3&$skip=100`)
		).map(({ resultQuality }) => resultQuality);
		assert.deepEqual(missing, { qualityCode: 9, resultQualifiers: ["absent"] });
		assert.deepEqual(flagged, { qualityCode: 3, resultQualifiers: ["unstable"] });
		assert.deepEqual(good, { qualityCode: 2, resultQualifiers: [] });
		const oxygen = await list("Datastreams(77)/Observations?$count=true");
		assert.deepEqual([oxygen.length, oxygen[0].result], [10, 9.12]);
	});

	it("selects properties (F1)", async () => {
		const [thing] = await list("Things?$select=id,name&$top=1");
		assert.deepEqual(thing, { "@iot.id": 7, name: "Borska reka" });
		const [stream] = await list("Datastreams?$select=Thing&$top=1");
		assert.deepEqual(stream, { "Thing@iot.navigationLink": `${ROOT}/Datastreams(56)/Thing` });
		await ask(`${ROOT}/Things?$select=name,nothing`, 400);
	});

	it("expands relations, each with options of its own (F2)", async () => {
		const [thing] = await list(
			"Things?$filter=id eq 7&$expand=Locations,Datastreams($filter=id lt 58;$count=true;$orderby=id desc;$select=id;$expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result))",
		);
		assert.equal(thing.Locations.length, 1);
		assert.equal(thing["Datastreams@iot.count"], 2);
		assert.deepEqual(
			thing.Datastreams.map((each: Json) => each["@iot.id"]),
			[57, 56],
		);
		const { Observations, ...links } = thing.Datastreams[1];
		assert.deepEqual(Object.keys(Observations[0]), ["result"]);
		const further = links["Observations@iot.nextLink"];
		assert.match(
			further,
			/^http:\/\/rivers\.example\.org\/sta\/v1\.1\/Datastreams\(56\)\/Observations\?/,
		);
		assert.deepEqual((await ask(decodeURIComponent(further))).value.length, 1);
		const [observation] = await list(
			"Observations?$top=1&$expand=Datastream/Thing,Datastream/Sensor",
		);
		assert.equal(observation.Datastream.Thing.name, "Borska reka");
		assert.equal(observation.Datastream.Sensor["@iot.id"], 56);
		await ask(`${ROOT}/Things?$expand=Nothing`, 400);
	});

	it("gives pages that follow each other without a gap, and a next link exactly where more follows (F3)", async () => {
		const all = await ids(`Datastreams(${PH})/Observations?$top=1000`);
		for (const order of ["", "&$orderby=phenomenonTime desc", "&$orderby=result,id"]) {
			const seen: number[] = [];
			let next = `${ROOT}/Datastreams(${PH})/Observations?$top=97${order}`;
			let pages = 0;
			while (next !== undefined) {
				const page = await ask(next);
				seen.push(...page.value.map((each: Json) => each["@iot.id"]));
				next = page["@iot.nextLink"] && decodeURIComponent(page["@iot.nextLink"]);
				pages++;
			}
			assert.equal(pages, 6);
			assert.equal(new Set(seen).size, 576);
			assert.deepEqual(
				[...seen].sort((a, b) => a - b),
				[...all].sort((a, b) => a - b),
			);
		}
		const whole = await ask(`${ROOT}/Observations?$top=1000&$skip=3000`);
		assert.equal(whole["@iot.nextLink"], undefined);
		assert.deepEqual((await ask(`${ROOT}/Things?$top=0&$count=true`)).value, []);
		assert.equal((await list("Things?$top=99999999")).length, 2);
		assert.equal((await ask(`${ROOT}/Things?$top=2`))["@iot.nextLink"], undefined);
		assert.equal(
			(await ask(`${ROOT}/Things?$top=1`))["@iot.nextLink"],
			`${ROOT}/Things?$top=1&$skip=1`,
		);
		assert.deepEqual(await ids("Things?$skip=1"), [9]);
		for (const bad of ["$top=-1", "$top=x", "$skip=-1", "$skip=1.5", "$skiptoken=x"])
			await ask(`${ROOT}/Things?${bad}`, 400);
	});

	it("counts after the filter and before paging, the same on every page (F4)", async () => {
		const filter = "$filter=result gt 7.5 and phenomenonTime ge 2026-03-20T12:00:00Z";
		const path = `${ROOT}/Datastreams(${PH})/Observations?$count=true&$top=50&${filter}`;
		const first = await ask(path);
		const second = await ask(decodeURIComponent(first["@iot.nextLink"]));
		assert.ok(first["@iot.count"] > 100);
		assert.equal(second["@iot.count"], first["@iot.count"]);
		assert.equal((await ask(`${ROOT}/Observations?$count=true`))["@iot.count"], 576 * 6 + 10 * 7);
		assert.equal((await ask(`${ROOT}/Things?$count=false`))["@iot.count"], undefined);
		await ask(`${ROOT}/Things?$count=x`, 400);
		const day = "phenomenonTime ge 2026-03-20T06:00:00Z and phenomenonTime lt 2026-03-20T07:00:00Z";
		const hour = await ask(`${ROOT}/Datastreams(58)/Observations?$count=true&$filter=${day}`);
		assert.deepEqual([hour["@iot.count"], hour.value.length], [12, 12]);
	});

	it("orders by several things, missing values first (F5)", async () => {
		const path = "Observations?$orderby=Datastream/id desc,phenomenonTime&$top=2";
		const found = await list(`${path}&$expand=Datastream($select=id)`);
		assert.deepEqual(
			found.map((each) => [each.Datastream["@iot.id"], each.phenomenonTime]),
			[
				[78, "2026-03-20T00:00:00Z"],
				[78, "2026-03-20T00:05:00Z"],
			],
		);
		const [least] = await list(`Datastreams(${PH})/Observations?$orderby=result asc&$top=1`);
		assert.equal(least.result, null);
		const [newest] = await list(
			`Datastreams(${PH})/Observations?$orderby=phenomenonTime DESC&$top=1`,
		);
		assert.equal(newest.phenomenonTime, "2026-03-21T23:55:03Z");
		await ask(`${ROOT}/Things?$orderby=nothing`, 400);
	});

	it("filters with OData's operators in their order of precedence (F6)", async () => {
		const truths: Readonly<Record<string, readonly number[]>> = {
			"id eq 7": [7],
			"id ne 7": [9],
			"id gt 7 or id lt 8": [7, 9],
			"id ge 7 and id le 8": [7],
			"not (id eq 7)": [9],
			"id eq 3 add 2 mul 2": [7],
			"id eq (3 add 1) mul 2 sub 1": [7],
			"id mod 7 eq 2 and id div 3 eq 3": [9],
			"id eq 9 or id eq 7 and id eq 8": [9],
			"-id eq -7": [7],
			"name eq 'Borska reka'": [7],
			"name eq 'it''s'": [],
			"Datastreams/id eq 77": [9],
			"Datastreams/ObservedProperty/name eq 'Dissolved oxygen'": [9],
			"properties/station eq 'bor-2'": [9],
			"properties/nothing eq null": [7, 9],
			"id eq 'Borska reka'": [],
		};
		for (const [filter, expected] of Object.entries(truths))
			assert.deepEqual(await ids(`Things?$filter=${filter}`), expected, filter);
		const byStream = await list(`Observations?$filter=Datastream/id eq ${PH}&$top=1000`);
		assert.equal(byStream.length, 576);
		const offset = "phenomenonTime eq 2026-03-20T01:00:00%2B01:00";
		const { text } = await record.get(
			`/sta/v1.1/Datastreams(56)/Observations?$filter=${offset.replaceAll(" ", "%20")}`,
		);
		assert.equal(JSON.parse(text).value[0].phenomenonTime, "2026-03-20T00:00:00Z");
	});

	it("knows functions of texts, times, numbers and points, and says 501 of the others (F7)", async () => {
		const truths: Readonly<Record<string, readonly number[]>> = {
			"substringof('orska',name)": [7],
			"endswith(name,'a reka')": [7, 9],
			"startswith(tolower(name),'borska')": [7],
			"length(name) eq 11": [7],
			"indexof(name,'reka') eq 6": [9],
			"substring(name,0,5) eq 'Ravna'": [9],
			"toupper(trim(concat(' ',name))) eq 'RAVNA REKA'": [9],
			"round(id div 2) eq 4 and floor(id div 2) eq 3 and ceiling(id div 2) eq 4": [7],
			"now() gt 2026-03-31T00:00:00Z and mindatetime() lt maxdatetime()": [7, 9],
		};
		for (const [filter, expected] of Object.entries(truths))
			assert.deepEqual(await ids(`Things?$filter=${filter}`), expected, filter);
		const around = "geography'POLYGON((22 44,23 44,23 45,22 45,22 44))'";
		for (const name of ["geo.intersects", "st_within", "st_intersects"])
			assert.deepEqual(await ids(`Locations?$filter=${name}(location,${around})`), [7]);
		assert.deepEqual(await ids(`Locations?$filter=st_disjoint(location,${around})`), []);
		const near = "geo.distance(location,geography'POINT(22.15 44.06)') lt 0.02";
		assert.deepEqual(await ids(`Locations?$filter=${near}`), [7]);
		const moment =
			"year(phenomenonTime) eq 2026 and month(phenomenonTime) eq 3 and day(phenomenonTime) eq 20 and hour(phenomenonTime) eq 5 and minute(phenomenonTime) eq 10 and second(phenomenonTime) lt 60 and fractionalseconds(phenomenonTime) eq 0 and totaloffsetminutes(phenomenonTime) eq 0 and date(phenomenonTime) eq '2026-03-20'";
		assert.equal((await list(`Datastreams(${PH})/Observations?$filter=${moment}`)).length, 1);
		for (const name of ["st_touches", "st_overlaps", "st_crosses"])
			await ask(`${ROOT}/Locations?$filter=${name}(location,${around})`, 501);
		await ask(`${ROOT}/Things?$filter=nofunction(name)`, 400);
		await ask(`${ROOT}/Things?$filter=length(name,name)`, 400);
	});

	it("filters, counts, orders, skips and cuts, in this order (F8)", async () => {
		const query = "$count=true&$top=1&$skip=2&$orderby=phenomenonTime asc&$filter=result gt 3";
		const { value, "@iot.count": count } = await ask(
			`${ROOT}/Datastreams(${PH})/Observations?${query}`,
		);
		assert.equal(count, 575);
		assert.deepEqual(value.length, 1);
		assert.equal(value[0].phenomenonTime, "2026-03-20T00:10:00Z");
	});

	it("refuses an unknown option with 501, a malformed one with 400, and writing with 405 (F9)", async () => {
		for (const option of ["$search=x", "$apply=x", "$format=json", "$resultFormat=CSV"])
			await ask(`${ROOT}/Observations?${option}`, 501);
		assert.equal((await list("Things?lang=sr&utm=1")).length, 2);
		for (const filter of ["id eq", "id eq 7)", "(id eq 7", "id == 7", "eq", "id eq 'x", ""])
			await ask(`${ROOT}/Things?$filter=${filter}`, 400);
		await ask(`${ROOT}/Things?$top=1&$top=2`, 400);
		await ask(`${ROOT}/Things?$filter=phenomenonTime eq 2026-02-30T00:00:00Z`, 400);
		for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
			const { status, headers } = await record.get("/sta/v1.1/Things(7)", {}, method);
			assert.deepEqual([status, headers.allow], [405, "GET, HEAD, OPTIONS"]);
		}
	});

	it("gives observations as rows, a tenth of the bytes (F10)", async () => {
		const path = `Datastreams(${PH})/Observations?$top=500`;
		const { text: plain } = await record.get(`/sta/v1.1/${path}`);
		const { text } = await record.get(`/sta/v1.1/${path}&$resultFormat=dataArray`);
		const { value } = JSON.parse(text);
		assert.equal(value.length, 1);
		assert.equal(value[0]["Datastream@iot.navigationLink"], `${ROOT}/Datastreams(56)`);
		assert.deepEqual(value[0].components, [
			"id",
			"phenomenonTime",
			"resultTime",
			"result",
			"resultQuality",
		]);
		assert.equal(value[0].dataArray.length, 500);
		const [first] = await list(path);
		assert.deepEqual(value[0].dataArray[0], [
			first["@iot.id"],
			first.phenomenonTime,
			first.resultTime,
			first.result,
			first.resultQuality,
		]);
		const short = await record.get(`/sta/v1.1/${path}&$resultFormat=dataArray&$select=id,result`);
		assert.ok(short.text.length * 10 < plain.length, `${short.text.length} of ${plain.length}`);
		await ask(`${ROOT}/Things?$resultFormat=dataArray`, 400);
	});

	it("answers questions that would never end with 400, and continues", async () => {
		const bombs = [
			`Things?$expand=${"Datastreams($expand=Thing($expand=".repeat(30)}`,
			"Things?$expand=Datastreams($expand=Observations($expand=Datastream($expand=Thing)))",
			"Things?$expand=Datastreams/Observations/Datastream/Thing",
			`Things?$filter=${"(".repeat(1000)}id eq 7${")".repeat(1000)}`,
			`Things?$filter=${"not ".repeat(900)}id eq 7`,
			`Things?$filter=${"-".repeat(1000)}1 eq 1`,
			`Things?$filter=id eq 7${" or id eq 7".repeat(300)}`,
			`Things?$orderby=${"id,".repeat(20)}id`,
			`Things?$expand=${"Locations,".repeat(40)}Locations`,
			"Observations?$filter=Datastream/Thing/Datastreams/Thing/Datastreams/Thing/Datastreams/id eq 1",
		];
		for (const bomb of bombs) await ask(`${ROOT}/${bomb}`, 400);
		// Fields that would be of every object.
		for (const name of ["constructor", "__proto__", "toString"])
			await ask(`${ROOT}/Things?$filter=${name} eq 1`, 400);
		assert.deepEqual(await ids("Things?$filter=properties/constructor eq null"), [7, 9]);
		await ask(`${ROOT}/Things(7)/Datastreams?$filter=Observations/result gt 1`, 501);
		const centuries =
			"phenomenonTime ge 0001-01-01T00:00:00Z and phenomenonTime le 9999-12-31T23:59:59Z";
		assert.equal(
			(await ask(`${ROOT}/Observations?$count=true&$filter=${centuries}`))["@iot.count"],
			576 * 6 + 10 * 7,
		);
	});

	it("tells a caller's words back as text that is none", async () => {
		const { text, headers } = await record.get(
			"/sta/v1.1/Things?$select=%3Cscript%3E%1B[2J%E2%80%AE",
		);
		assert.match(String(headers["content-type"]), /^application\/json/);
		assert.equal(headers["x-content-type-options"], "nosniff");
		for (const sign of ["\u001b", "\u202e"]) assert.ok(!text.includes(sign));
	});

	it("keeps its place between two pages when a reading comes in between", async () => {
		const path = `${ROOT}/Datastreams(72)/Observations?$orderby=phenomenonTime desc&$select=phenomenonTime`;
		const before = (await list(path.slice(ROOT.length + 1))).map((each) => each.phenomenonTime);
		const first = await ask(`${path}&$top=4`);
		const [draft] = dayOfReadings(1).slice(10, 11);
		assert.ok(draft?.kind === "reading");
		second.append({ ...draft, channelSet: 2, fields: [...draft.fields, 912, 0, 0] });
		const newest = second.entries.length;
		await record.deliver(second.envelope(newest, newest), "bor-2");
		while ((await list("Datastreams(72)/Observations")).length < 11);
		const rest = await ask(decodeURIComponent(first["@iot.nextLink"]).replace("$top=4", "$top=9"));
		const after = [...first.value, ...rest.value].map((each: Json) => each.phenomenonTime);
		assert.deepEqual(after, before);
	});
});

describe("the numbers of SensorThings", () => {
	it("stay below 2^53 and name station, epoch, sequence and channel", () => {
		const parts = {
			stationNumber: 0xffff,
			epochNumber: 255,
			sequence: 2 ** 26 - 1,
			channelNumber: 7,
		};
		assert.equal(observationId(parts), Number.MAX_SAFE_INTEGER);
		assert.deepEqual(partsOfObservation(Number.MAX_SAFE_INTEGER), parts);
		const other = { stationNumber: 7, epochNumber: 3, sequence: 102, channelNumber: 2 };
		assert.deepEqual(partsOfObservation(observationId(other)), other);
		assert.equal(datastreamId(0xffff, 7), 524_287);
	});

	it("of a station are what its operator says, else made of its name, each once", () => {
		const numbers = stationNumbers([
			{ station: "bor-2", number: null },
			{ station: "bor-1", number: null },
			{ station: "pek-1", number: 300 },
			{ station: "pek-2", number: 300 },
		]);
		assert.equal(numbers.get("pek-1"), 300);
		assert.equal(numbers.get("pek-2"), 301);
		const more = stationNumbers([
			{ station: "aaa", number: null },
			{ station: "bor-1", number: null },
			{ station: "bor-2", number: null },
		]);
		assert.equal(more.get("bor-1"), numbers.get("bor-1"));
		assert.equal(more.get("bor-2"), numbers.get("bor-2"));
		const many = Array.from({ length: 10_000 }, (_, at) => ({ station: `s${at}`, number: null }));
		const all = new Set(stationNumbers(many).values());
		assert.equal(all.size, 10_000);
		assert.ok(Math.min(...all) >= 1 && Math.max(...all) <= 0xffff);
	});

	it("of an epoch do not change when another comes late", () => {
		const [early, both] = [epochNumbers([77]), epochNumbers([4_000_000_000, 77])];
		assert.equal(both.get(77), early.get(77));
		assert.equal(new Set(both.values()).size, 2);
		assert.equal(epochNumbers(Array.from({ length: 300 }, (_, at) => at * 977)).size, 256);
	});
});

describe("SensorThings of a station that began in the middle of a day", () => {
	it("says since when there are readings, and not since when there is a day", async () => {
		const record = await openPublishedRecord();
		try {
			const station = new SignedStation({ station: "bor-1" });
			for (const draft of dayOfReadings(1).slice(100, 110)) station.append(draft);
			await record.publish(station);
			const { value } = JSON.parse((await record.get("/sta/v1.1/Datastreams")).text);
			assert.equal(value.length, 6);
			for (const each of value)
				assert.equal(each.phenomenonTime, "2026-03-20T08:20:00Z/2026-03-20T09:05:00Z");
			const { text } = await record.get("/sta/v1.1/HistoricalLocations");
			assert.equal(JSON.parse(text).value[0].time, "2026-03-20T08:20:00Z");
		} finally {
			await record.close();
		}
	});
});
