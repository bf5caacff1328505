import { strict as assert } from "node:assert";
import { PassThrough } from "node:stream";
import {
	LiveView,
	render,
	type StationView,
	type ViewStream,
	type WorldView,
} from "../../../sim/shell/live-view.js";
import type { DerivedValue } from "../../../src/protocol/record/derive.js";

function derived(value: number, unit: string): DerivedValue {
	return { value, unit, flags: 0, method: "measured", notes: [] };
}

function station(name: string): StationView {
	return {
		name,
		river: "storm on the Pek",
		reading: {
			pH: derived(7.96, ""),
			temperature: derived(11.57, "degC"),
			conductivity: derived(39_512, "uS/cm"),
			turbidity: derived(1310.8, "FNU"),
			battery: derived(12.75, "V"),
			dissolvedOxygen: { ...derived(0, ""), value: undefined },
		},
		readingUtcSeconds: 1_790_812_800,
		appended: 139,
		waiting: 6,
		acknowledgedUtcSeconds: 1_790_812_800,
		state: "asleep",
		line: "socket://127.0.0.1:42303",
	};
}

function world(stationCount: number): WorldView {
	return {
		utcSeconds: 1_790_856_000,
		progress: 0.995,
		collector: "https://127.0.0.1:36225",
		stations: Array.from({ length: stationCount }, (_, index) => station(`bor-${index + 1}`)),
	};
}

/** A file, or a terminal of a size, and what was written to it. */
function stream(size?: { columns: number; rows: number }): ViewStream & { text(): string } {
	const into = new PassThrough();
	let text = "";
	into.setEncoding("utf8").on("data", (part: string) => {
		text += part;
	});
	return Object.assign(into, { text: () => text, ...(size && { isTTY: true, ...size }) });
}

describe("the live view", () => {
	it("shows each station's block where there is room", () => {
		const lines = render(world(2), { columns: 80, rows: 24 }).split("\n");
		assert.equal(lines.length, 10);
		assert.equal(lines[1], "#############################. 99 %");
		assert.equal(lines[7], "bor-2  storm on the Pek  asleep  socket://127.0.0.1:42303");
		assert.equal(
			lines[9],
			"  139 entries, 6 waiting in flash, acknowledged 2026-10-01 00:00:00 UTC",
		);
	});

	it("marks every channel that is flagged, and says what the mark means", () => {
		const dry = station("bor-1");
		const suspect = { ...derived(8.37, ""), flags: 0x20 };
		const still = { ...derived(0, "uS/cm"), flags: 0x24 };
		const reading = { ...dry.reading, pH: suspect, conductivity: still };
		const view = { ...world(0), stations: [{ ...dry, reading } as StationView] };
		const lines = render(view, { columns: 100, rows: 24 }).split("\n");
		assert.match(
			lines[4] ?? "",
			/^ {2}pH 8\.37\? {2}11\.57 degC {2}0\? uS\/cm at 25 degC {2}1310\.8 FNU/,
		);
		assert.equal(lines[5], "  ?: pH suspect, conductivity outOfRange suspect");
		const table = render(
			{ ...view, stations: Array(10).fill(view.stations[0]) },
			{ columns: 80, rows: 24 },
		);
		assert.match(table, /\n\?: flagged; bistrina --port LINE read names the flags$/);
	});

	it("has a column of oxygen, and a value in a block, only where a station measures it", () => {
		const fitted = station("bor-1");
		const reading = { ...fitted.reading, dissolvedOxygen: derived(10.256, "mg/L") };
		const one = { ...fitted, reading } as StationView;
		const block = render({ ...world(0), stations: [one] }, { columns: 120, rows: 24 });
		assert.match(block, /12\.75 V {2}10\.26 mg\/L O2/);
		const mixed = { ...world(10), stations: [one, ...world(9).stations] };
		assert.match(render(mixed, { columns: 120, rows: 24 }), /\n.*V +mg\/L O2 +entries/);
		assert.doesNotMatch(render(world(10), { columns: 120, rows: 24 }), /mg\/L O2/);
	});

	it("shows ten stations in a terminal of 24 rows, one each", () => {
		const lines = render(world(10), { columns: 80, rows: 24 }).split("\n");
		assert.equal(lines.length, 13);
		assert.match(lines[2] ?? "", /^station {2}state +pH +degC/);
		assert.match(lines[12] ?? "", /^bor-10 {3}asleep {2}7\.96 .* 139 +6 {2}:42303$/);
	});

	it("says how many stations the terminal has no room for", () => {
		const lines = render(world(10), { columns: 80, rows: 12 }).split("\n");
		assert.equal(lines.length, 11);
		assert.match(lines[9] ?? "", /^bor-7 /);
		assert.equal(lines[10], "and 3 more");
	});

	it("is never taller than the rows above the cursor, nor wider than the terminal", () => {
		for (const stationCount of [1, 2, 10, 100]) {
			for (const rows of [1, 2, 3, 4, 5, 11, 12, 13, 14, 24, 80]) {
				for (const columns of [1, 2, 20, 60, 80, 200]) {
					const lines = render(world(stationCount), { columns, rows }).split("\n");
					const output = `${stationCount} stations, ${columns} x ${rows}`;
					assert.ok(lines.length <= Math.max(rows - 1, 1), `${output}: ${lines.length} lines`);
					for (const line of lines) assert.ok(line.length <= columns, `${output}: ${line}`);
				}
			}
		}
	});

	it("follows a terminal that changes its size, on a clean screen and at once", () => {
		let milliseconds = 1000;
		const size = { columns: 80, rows: 24 };
		const terminal = stream(size);
		const term = process.env["TERM"];
		process.env["TERM"] = "xterm";
		try {
			const view = new LiveView(terminal, () => milliseconds);
			view.update(() => world(10));
			assert.match(terminal.text(), /bor-10 /);
			const before = terminal.text().length;
			Object.assign(terminal, { columns: 60, rows: 12 });
			terminal.emit("resize");
			milliseconds += 1;
			view.update(() => world(10));
			const after = terminal.text().slice(before);
			assert.ok(after.includes("\u001b[2J"), JSON.stringify(after));
			assert.match(after, /and 3 more/);
			view.finish(world(10));
		} finally {
			if (term === undefined) delete process.env["TERM"];
			else process.env["TERM"] = term;
		}
		assert.equal(terminal.listenerCount("resize"), 0);
	});

	it("writes plain lines seldom to what is no terminal", () => {
		let milliseconds = 1000;
		const file = stream();
		const view = new LiveView(file, () => milliseconds);
		view.print("bor-1: technician's line at socket://127.0.0.1:42303");
		for (; milliseconds < 64_000; milliseconds += 100) view.update(() => world(10));
		view.finish({ ...world(10), progress: 1 });
		const line = "10 stations, 1390 entries, 60 waiting in flash";
		assert.equal(
			file.text(),
			[
				"bor-1: technician's line at socket://127.0.0.1:42303",
				// After 2, 32 and 62 s, and at the end.
				`2026-10-01 12:00:00 UTC, 99 %: ${line}`,
				`2026-10-01 12:00:00 UTC, 99 %: ${line}`,
				`2026-10-01 12:00:00 UTC, 99 %: ${line}`,
				`2026-10-01 12:00:00 UTC, 100 %: ${line}`,
				"",
			].join("\n"),
		);
	});

	it("writes plain lines also to a terminal that says it has no columns", () => {
		const bare = stream({ columns: 0, rows: 0 });
		const view = new LiveView(bare, () => 1000);
		view.finish({ ...world(10), progress: 1 });
		assert.equal(
			bare.text(),
			"2026-10-01 12:00:00 UTC, 100 %: 10 stations, 1390 entries, 60 waiting in flash\n",
		);
	});
});
