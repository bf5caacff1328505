/** The station's side of the technician's line over a stream and a service that record everything. */
import { VirtualClock } from "../../../sim/board/clock.js";
import { asciiText } from "../../../src/core/bytes.js";
import { Scheduler, Signal } from "../../../src/core/task.js";
import { STATION_COMMANDS } from "../../../src/firmware/console/commands.js";
import { Console } from "../../../src/firmware/console/console.js";
import type {
	ReadingReport,
	StationService,
	UploadReport,
} from "../../../src/firmware/console/service.js";
import type { ConsoleStream } from "../../../src/firmware/ports.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";

export const BENCH_EPOCH = 77;
/** Sequences 1 to 40 are held, but 13 cannot be read. */
export const BENCH_NEXT = 41;
export const BENCH_UNREADABLE = 13;

export interface ConsoleBench {
	readonly clock: VirtualClock;
	readonly console: Console;
	/** What the service was asked, in order. */
	readonly asked: string[];
	/** Lines that the station sent, without their ends. */
	readonly lines: string[];
	/** What it sent since this was last asked, line ends and all. */
	takeOutput(): string;
	/** Bytes that the stream takes at a time; 0: the line is stuck. */
	accepts: number;
	attach(): void;
	detach(): void;
	feed(bytes: Uint8Array | string): void;
	/** Lets everything happen that can happen at once. */
	settle(): void;
	/** Time passes. */
	pass(milliseconds: number): void;
	/** Completes what `read` or `upload` waits for; they wait unless `isPrompt`. */
	finishReading(): void;
	isPrompt: boolean;
}

/** `commands`: others than a station's. `isCalled`: the wake is due to the line; `isAttached`: somebody is there already. */
export function createConsoleBench({
	isCalled = true,
	isAttached: isAttachedAtFirst = false,
	commands = STATION_COMMANDS,
} = {}): ConsoleBench {
	const clock = new VirtualClock();
	const asked: string[] = [];
	const lines: string[] = [];
	let unfinished = "";
	let output = "";
	let incoming: Uint8Array[] = [];
	let isAttached = isAttachedAtFirst;
	let reading: Signal<ReadingReport> | undefined;
	const stream: ConsoleStream = {
		read: () => incoming.shift(),
		write: (bytes) => {
			const taken = Math.min(bytes.length, bench.accepts);
			const parts = (unfinished + asciiText(bytes.subarray(0, taken))).split("\n");
			unfinished = parts.pop() ?? "";
			lines.push(...parts.map((line) => line.replace(/\r$/, "")));
			output += asciiText(bytes.subarray(0, taken));
			return taken;
		},
		get isAttached() {
			return isAttached;
		},
		onActivity: undefined,
	};
	const service: StationService = {
		station: "bench-1",
		firmwareVersion: 1_002_003,
		journal: {
			epoch: BENCH_EPOCH,
			firstSequenceHeld: 3,
			nextSequence: BENCH_NEXT,
			read: (first, count, visit) => {
				asked.push(`journal ${first} ${count}`);
				for (let sequence = first; sequence < Math.min(first + count, BENCH_NEXT); sequence++) {
					if (sequence !== BENCH_UNREADABLE) visit(sequence, benchEntry(sequence));
				}
			},
		},
		calibrations: {
			electrode: () => ({ electrode: "watch", electrodeDays: 20, electrodeBy: "acid-slope" }),
			// biome-ignore lint/correctness/useYield: it is answered at once
			*run(command) {
				asked.push(command);
				return {};
			},
		},
		status: () => {
			asked.push("status");
			return [{ station: "bench-1" }, { waiting: 7 }];
		},
		read: (isRecorded) => {
			asked.push(isRecorded ? "read" : "look");
			reading = new Signal<ReadingReport>();
			if (bench.isPrompt) bench.finishReading();
			return reading;
		},
		upload: () => {
			asked.push("upload");
			const signal = new Signal<UploadReport>();
			if (bench.isPrompt) signal.set({ cursor: 40, waiting: 0, error: undefined });
			return signal;
		},
		provisioning: {
			missing: [],
			configurationId: 1,
			begin: () => asked.push("begin"),
			set: (field, at, text) => {
				asked.push(`set ${field} ${at} ${text}`);
				return at + text.length;
			},
			show: () => ({ lines: [], check: "00000000" }),
			commit: () => 2,
			drop: () => {},
			identify: () => new Signal(),
		},
	};
	const scheduler = new Scheduler(clock, (error) => {
		throw error;
	});
	const console = new Console({
		stream,
		clock,
		service,
		start: (task, onEnd) => scheduler.start(task, onEnd),
		onCrash: (error) => {
			throw error;
		},
		isCalled,
		commands,
	});
	const bench: ConsoleBench = {
		clock,
		console,
		asked,
		lines,
		takeOutput: () => {
			const since = output;
			output = "";
			return since;
		},
		accepts: 10_000,
		isPrompt: true,
		attach: () => {
			isAttached = true;
			console.activity();
			bench.settle();
		},
		detach: () => {
			isAttached = false;
			unfinished = "";
			incoming = [];
			console.activity();
			bench.settle();
		},
		feed: (bytes) => {
			incoming.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
			console.activity();
			bench.settle();
		},
		settle: () => clock.advanceTo(clock.microseconds),
		pass: (milliseconds) => clock.advanceTo(clock.microseconds + milliseconds * 1000),
		finishReading: () => {
			reading?.set({
				utcSeconds: 1_790_812_800,
				sequence: 41,
				channels: [
					{
						channel: "pH",
						derived: { value: 7.4, unit: "pH", method: "measured", flags: 0, notes: [] },
						raw: undefined,
						rawUnit: "pH",
						flags: 0,
						bus: "probe-bus",
						failure: undefined,
					},
					{
						channel: "conductivity",
						derived: { value: undefined, unit: "uS/cm", method: "none", flags: 3, notes: [] },
						raw: undefined,
						rawUnit: "uS/cm",
						flags: 3,
						bus: "probe-bus",
						failure: "bus-stuck",
					},
				],
				durationMilliseconds: 17_000,
				clockFault: undefined,
				journalFault: undefined,
			});
		},
	};
	scheduler.start(console.run());
	stream.onActivity = () => console.activity();
	bench.settle();
	return bench;
}

/** An entry of the bench's journal. */
export function benchEntry(sequence: number): Uint8Array {
	return encodeEntry({
		kind: "event",
		code: 60,
		detail: sequence,
		text: "bench",
		channelSet: 0,
		timeQuality: 0,
		epoch: BENCH_EPOCH,
		sequence,
		boot: 1,
		uptimeSeconds: sequence,
		utcSeconds: 0,
		configurationId: 1,
		stationFlags: 0,
	});
}
