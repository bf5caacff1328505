/** The collector of a simulation as a process of its own: started, asked and killed by collector-process.ts. */
import { OperationalError } from "../../../src/host/errors.js";
import { type CollectorHost, openCollectorHost, openCollectorIdentity } from "../collector-host.js";
import {
	type Asked,
	type FromCollector,
	type ToCollector,
	WORLD_HEADER,
} from "./collector-messages.js";

const clock = { utcSeconds: 0 };
let collector: CollectorHost | undefined;

function notify(message: FromCollector): void {
	process.send?.(message);
}

async function open({ order }: ToCollector & { readonly kind: "open" }): Promise<void> {
	const { directory, seed, port } = order;
	const onError = (line: string): void => notify({ kind: "error", line });
	try {
		collector = await openCollectorHost({
			directory,
			port,
			identity: await openCollectorIdentity(directory, seed, onError),
			clock,
			onError,
			onStored: (station) => notify({ kind: "stored", station }),
			onHeaders: (headers) => {
				const seconds = Number(headers.get(WORLD_HEADER));
				if (Number.isFinite(seconds)) clock.utcSeconds = seconds;
			},
		});
		notify({ kind: "open", port: collector.port });
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		notify({ kind: "refused", message: error.message });
	}
}

async function answerTo(asked: Asked): Promise<unknown> {
	if (collector === undefined) throw new Error("the collector is not open");
	switch (asked.of) {
		case "record": {
			const { record } = collector;
			const method = record[asked.method] as (...of: readonly unknown[]) => Promise<unknown>;
			return method.apply(record, asked.parameters as unknown[]);
		}
		case "enrol":
			return collector.enrol(asked.results);
		case "rows":
			return collector.rowsOf(asked.station);
		case "close":
			return collector.close();
	}
}

async function take(message: ToCollector): Promise<void> {
	if (message.kind === "open") return open(message);
	const { id, asked } = message;
	try {
		const result = await answerTo(asked);
		notify({ kind: "answer", id, result, counts: { ...(collector?.counts ?? NO_COUNTS) } });
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		notify({ kind: "failure", id, message, isOperational: error instanceof OperationalError });
	}
	if (asked.of === "close") process.disconnect();
}

const NO_COUNTS = Object.freeze({ duplicates: 0, refusals: 0 });

// Ctrl-C goes to all processes of a terminal: the process that opened this one closes it.
process.on("SIGINT", () => {});
// A person who is told that this process has the data, and stops it, means the simulation.
process.on("SIGTERM", () => process.kill(process.ppid, "SIGTERM"));
process.on("message", (message: ToCollector) => void take(message));
process.once("disconnect", () => process.exit());
