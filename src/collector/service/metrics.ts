/** Counts of a collector for Prometheus, in its text format (version 0.0.4). Labels have few values; only the last contact names stations. */

/** Seconds: a good acknowledgement takes some milliseconds, a station waits 30 s for it. */
const ACKNOWLEDGEMENT_BOUNDS: readonly number[] = Object.freeze([
	0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]);
/** A line of 80 bytes each: what a scrape can bear. */
const STATIONS_MAX = 10_000;

type Labels = Readonly<Record<string, string>>;

/** A number for each set of labels. */
export class Family {
	readonly #name: string;
	readonly #type: "counter" | "gauge";
	readonly #help: string;
	readonly #values = new Map<string, number>();
	readonly #countMax: number;

	constructor(
		name: string,
		type: "counter" | "gauge",
		help: string,
		countMax = Number.POSITIVE_INFINITY,
	) {
		this.#name = name;
		this.#type = type;
		this.#help = help;
		this.#countMax = countMax;
	}

	add(labels: Labels, value = 1): void {
		const key = textOfLabels(labels);
		this.#values.set(key, (this.#values.get(key) ?? 0) + value);
	}

	/** The one that was set first goes where there are too many. */
	set(labels: Labels, value: number): void {
		const key = textOfLabels(labels);
		this.#values.delete(key);
		this.#values.set(key, value);
		for (const oldest of this.#values.keys()) {
			if (this.#values.size <= this.#countMax) break;
			this.#values.delete(oldest);
		}
	}

	text(): string {
		const lines = [...this.#values].map(([labels, value]) => `${this.#name}${labels} ${value}\n`);
		return `${headOf(this.#name, this.#type, this.#help)}${lines.join("")}`;
	}
}

export class Histogram {
	readonly #name: string;
	readonly #help: string;
	readonly #bounds: readonly number[];
	readonly #counts: number[];
	#sum = 0;

	constructor(name: string, help: string, bounds: readonly number[]) {
		this.#name = name;
		this.#help = help;
		this.#bounds = bounds;
		this.#counts = [...bounds.map(() => 0), 0];
	}

	observe(value: number): void {
		const index = this.#bounds.findIndex((bound) => value <= bound);
		const at = index < 0 ? this.#bounds.length : index;
		this.#counts[at] = (this.#counts[at] ?? 0) + 1;
		this.#sum += value;
	}

	text(): string {
		let below = 0;
		const lines = [...this.#bounds.map(String), "+Inf"].map((bound, index) => {
			below += this.#counts[index] ?? 0;
			return `${this.#name}_bucket{le="${bound}"} ${below}\n`;
		});
		const ends = `${this.#name}_sum ${this.#sum}\n${this.#name}_count ${below}\n`;
		return `${headOf(this.#name, "histogram", this.#help)}${lines.join("")}${ends}`;
	}
}

/** What is counted of a collector. */
export class CollectorMetrics {
	readonly batches = new Family(
		"bistrina_batches_total",
		"counter",
		"Batches by result: stored, known, refused, unreadable, failed.",
	);
	readonly refusals = new Family(
		"bistrina_refusals_total",
		"counter",
		"Refused batches by reason.",
	);
	readonly entries = new Family(
		"bistrina_entries_stored_total",
		"counter",
		"Entries that nobody had before.",
	);
	readonly acknowledgement = new Histogram(
		"bistrina_acknowledgement_seconds",
		"From a request's headers to the acknowledgement's last byte.",
		ACKNOWLEDGEMENT_BOUNDS,
	);
	readonly requests = new Family(
		"bistrina_http_requests_total",
		"counter",
		"Requests of either port by route and status.",
	);
	readonly streams = new Family("bistrina_streams", "gauge", "Readers that listen to events.");
	readonly lastContact = new Family(
		"bistrina_station_last_contact_timestamp_seconds",
		"gauge",
		"When a station last delivered something new.",
		STATIONS_MAX,
	);
	readonly deliveries = new Family(
		"bistrina_alarm_deliveries_total",
		"counter",
		"Attempts to hand an alarm over, by hook and result: taken, failed.",
	);
	readonly waiting = new Family(
		"bistrina_alarms_waiting",
		"gauge",
		"Alarms that a hook has not taken, muted ones included.",
	);
	readonly ready = new Family("bistrina_ready", "gauge", "1 while batches can come.");
	readonly #build = new Family("bistrina_build_info", "gauge", "The program.");
	readonly #process = new Family(
		"process_resident_memory_bytes",
		"gauge",
		"Memory of the process.",
	);
	readonly #start = new Family("process_start_time_seconds", "gauge", "When the process began.");

	constructor(version: string, startSeconds: number) {
		this.#build.set({ version }, 1);
		this.#start.set({}, startSeconds);
		this.entries.add({}, 0);
	}

	text(): string {
		this.#process.set({}, process.memoryUsage.rss());
		const families = [
			...[this.batches, this.refusals, this.entries, this.acknowledgement, this.requests],
			...[this.streams, this.lastContact, this.deliveries, this.waiting, this.ready],
			...[this.#build, this.#process, this.#start],
		];
		return families.map((family) => family.text()).join("");
	}
}

function headOf(name: string, type: string, help: string): string {
	return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function textOfLabels(labels: Labels): string {
	const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
	return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
	return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
