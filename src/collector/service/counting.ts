/** Where a collector's parts count what happened, for Prometheus. */
import { readFileSync } from "node:fs";
import type { LedgerAnswer, LedgerReport } from "../ledger/ledger.js";
import type { PublishingOptions } from "../publish/publishing.js";
import { CollectorMetrics } from "./metrics.js";
import { listenForMetrics } from "./metrics-listener.js";

type Counted = Parameters<NonNullable<PublishingOptions["onCounted"]>>[0];

export interface MetricsSources {
	/** What is wrong, or undefined while batches can come. */
	readonly problem: () => Promise<string | undefined>;
	/** Alarms that wait, by hook. */
	readonly waiting: () => Promise<Readonly<Record<string, number>>>;
}

export class Counting {
	readonly #metrics: CollectorMetrics;
	readonly #clock: { readonly utcSeconds: number };

	constructor(clock: { readonly utcSeconds: number }) {
		this.#clock = clock;
		this.#metrics = new CollectorMetrics(programVersion(), clock.utcSeconds);
	}

	received({ status, provenBy, entryCount, duplicateCount }: LedgerAnswer): void {
		const { batches, entries, lastContact } = this.#metrics;
		if (status !== 200) {
			batches.add({ result: status === 422 ? "refused" : "unreadable" });
			return;
		}
		batches.add({ result: provenBy === undefined ? "known" : "stored" });
		entries.add({}, entryCount - duplicateCount);
		if (provenBy !== undefined) lastContact.set({ station: provenBy }, this.#clock.utcSeconds);
	}

	refused({ reason }: LedgerReport): void {
		this.#metrics.refusals.add({ reason });
	}

	/** The store failed a batch. */
	failed(): void {
		this.#metrics.batches.add({ result: "failed" });
	}

	/** Of the stations' port. */
	answered(route: string, status: number, seconds: number): void {
		this.#metrics.requests.add({ route, code: String(status) });
		if (route === "/v1/batches" && status === 200) this.#metrics.acknowledgement.observe(seconds);
	}

	/** Of the readers' port. */
	counted({ answers, streams }: Counted): void {
		for (const [route, status, count] of answers) {
			this.#metrics.requests.add({ route: `readers:${route}`, code: String(status) }, count);
		}
		this.#metrics.streams.set({}, streams);
	}

	attempted(hook: string, isTaken: boolean): void {
		this.#metrics.deliveries.add({ hook, result: isTaken ? "taken" : "failed" });
	}

	/** Throws OperationalError that names the port when it is taken. */
	listen(
		where: { readonly host: string; readonly port: number },
		{ problem, waiting }: MetricsSources,
	): ReturnType<typeof listenForMetrics> {
		return listenForMetrics({
			...where,
			text: async () => {
				const metrics = this.#metrics;
				metrics.ready.set({}, (await problem()) === undefined ? 1 : 0);
				// A database that is gone takes no other figure with it.
				const counts = await waiting().catch(() => ({}));
				for (const [hook, count] of Object.entries(counts)) metrics.waiting.set({ hook }, count);
				return metrics.text();
			},
		});
	}
}

function programVersion(): string {
	const url = new URL("../../../../package.json", import.meta.url);
	const { version } = JSON.parse(readFileSync(url, "utf8")) as { version?: string };
	return version ?? "unknown";
}
