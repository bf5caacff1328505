/** Options of the collector's service form. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { plainAddress } from "../../host/client-address.js";
import { OperationalError } from "../../host/errors.js";
import { type Language, languageOf } from "../../host/messages/messages.js";
import { PRINTABLE_USAGE } from "../../host/usage.js";
import { wholeNumber } from "../../host/whole-number.js";
import { QUOTA_LIMITS } from "../ledger/station-quota.js";
import { READER_LIMITS, type ReaderLimits } from "../publish/address-limits.js";
import { ADMISSION_LIMITS } from "./admission.js";
import type { AlarmOptions } from "./alarm-service.js";
import type { LogFormat } from "./log.js";

export interface ServiceOptions {
	/** Identity and, without PostgreSQL, the database. */
	readonly data: string;
	/** Connection string without a password. */
	readonly postgres: string | undefined;
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	/** Name in the server's certificate. */
	readonly serverName: string;
	/** File with one line for each key of a station: station-list.ts. */
	readonly stations: string | undefined;
	/** Folder with a file NAME.conf for each station that is to have another configuration. */
	readonly configurations: string | undefined;
	/** What every answer asks: seconds to the next upload; 0: as the station likes. */
	readonly nextSeconds: number;
	/** Connections in all, and of one address. */
	readonly connections: number;
	readonly perAddress: number;
	/** Addresses of TCP proxies that name their clients. */
	readonly proxies: readonly string[];
	/** What one station may store a day. */
	readonly megabytesPerDay: number;
	readonly alarms: AlarmOptions;
	/** Where Prometheus asks; undefined: nowhere. */
	readonly metrics: { readonly host: string; readonly port: number } | undefined;
	readonly logFormat: LogFormat;
	/** Where readers are answered; undefined: nowhere. */
	readonly readers: ReadersOptions | undefined;
}

export interface ReadersOptions {
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	/** Addresses of HTTP proxies that name their clients. */
	readonly proxies: readonly string[];
	/** What links begin with. */
	readonly origin: string | undefined;
	/** What the operator says of the stations. */
	readonly publication: string | undefined;
	readonly limits: Pick<ReaderLimits, "connectionsPerAddress">;
}

/** The byte order mark of UTF-8, which editors of Windows put first, read as what it is not. */
const UTF8_BOM_LATIN1 = /^\xef\xbb\xbf/;
/** Comments and all; what a station gets of it is 1 KiB at most. */
const CONFIGURATION_BYTES_MAX = 65_536;

/**
 * Reads the command line; throws commander's CommanderError after it has explained itself. Long because it is one
 * list, an option after the other, with its help.
 */
export function parseServiceOptions(argv: readonly string[]): ServiceOptions {
	const command = new Command("collector")
		.description("Receives signed batches of stations, verifies, stores, acknowledges.")
		.requiredOption("--data <directory>", "identity and, without --postgres, the database")
		.option("--postgres <url>", "PostgreSQL server; the password goes into PGPASSWORD or ~/.pgpass")
		.option("--host <address>", "address to listen on", "127.0.0.1")
		.option("--port <number>", "port to listen on, 0 for a free one", wholeNumber(0, 65_535), 8443)
		.option("--server-name <name>", "name in the certificate", "collector.bistrina.invalid")
		.option("--stations <file>", "who may deliver: a line of id and public key for each key")
		.option(
			"--configurations <folder>",
			"configurations to offer: a file NAME.conf for each station",
		)
		.option(
			"--next <seconds>",
			"seconds until stations should upload again (0: station decides)",
			wholeNumber(0, 604_800),
			0,
		)
		.option(
			"--connections <number>",
			"connections at once; with none left, the one that has shown least goes",
			wholeNumber(1, 100_000),
			ADMISSION_LIMITS.connections,
		)
		.option(
			"--connections-per-address <number>",
			"of them, of one address without a delivery",
			wholeNumber(1, 100_000),
			ADMISSION_LIMITS.perAddress,
		)
		.option(
			"--proxy <address>",
			"a TCP proxy, whose connections begin with a PROXY header (repeatable)",
			addressed,
			[],
		)
		.option(
			"--megabytes-per-day <number>",
			"what one station may store; beyond it is refused",
			wholeNumber(1, 1_000_000),
			QUOTA_LIMITS.storedBytes.perDay / 1_000_000,
		)
		.option(
			"--readers-port <number>",
			"publish: port of the page and its data, HTTP for a proxy in front; 0 for a free one",
			wholeNumber(0, 65_535),
		)
		.option("--readers-host <address>", "address to listen on for readers", "127.0.0.1")
		.option("--readers-origin <url>", "how readers reach it, as https://rivers.example.org", origin)
		.option(
			"--readers-proxy <address>",
			"an HTTP proxy whose X-Forwarded-For is believed (repeatable)",
			addressed,
			[],
		)
		.option(
			"--readers-connections-per-address <number>",
			"readers' connections of one address",
			wholeNumber(1, 100_000),
			READER_LIMITS.connectionsPerAddress,
		)
		.option(
			"--alarm-command <program>",
			"is handed each alarm on its standard input: docs/OPERATING.md",
		)
		.option(
			"--alarm-webhook <file>",
			"address and secret of a webhook that each alarm is posted to",
		)
		.option("--alarm-policy <file>", "what is an alarm, station by station")
		.option(
			"--alarm-language <language>",
			"of the alarms' text: en, sr or sr-Cyrl",
			languageOf,
			"en",
		)
		.option(
			"--metrics-port <number>",
			"metrics for Prometheus, HTTP; 0 for a free one",
			wholeNumber(0, 65_535),
		)
		.option("--metrics-host <address>", "address to listen on for Prometheus", "127.0.0.1")
		.addOption(
			new Option("--log <format>", "text, or json: an object on each line of stderr")
				.choices(["text", "json"])
				.default("text"),
		)
		.option("--publication <file>", "what the operator says of the stations: docs/PUBLISHING.md")
		.configureOutput(PRINTABLE_USAGE)
		.exitOverride()
		.parse([...argv], { from: "user" });
	refuseLone(command);
	const options = command.opts<{
		data: string;
		postgres?: string;
		host: string;
		port: number;
		serverName: string;
		stations?: string;
		configurations?: string;
		next: number;
		connections: number;
		connectionsPerAddress: number;
		proxy: readonly string[];
		megabytesPerDay: number;
		readersPort?: number;
		readersHost: string;
		readersOrigin?: string;
		readersProxy: readonly string[];
		readersConnectionsPerAddress: number;
		publication?: string;
		alarmCommand?: string;
		alarmWebhook?: string;
		alarmPolicy?: string;
		alarmLanguage: Language;
		metricsPort?: number;
		metricsHost: string;
		log: LogFormat;
	}>();
	return {
		data: options.data,
		postgres: options.postgres,
		host: options.host,
		port: options.port,
		serverName: options.serverName,
		stations: options.stations,
		configurations: options.configurations,
		nextSeconds: options.next,
		connections: options.connections,
		perAddress: options.connectionsPerAddress,
		proxies: options.proxy,
		megabytesPerDay: options.megabytesPerDay,
		alarms: {
			command: options.alarmCommand,
			webhook: options.alarmWebhook,
			policy: options.alarmPolicy,
			language: options.alarmLanguage,
		},
		metrics:
			options.metricsPort === undefined
				? undefined
				: { host: options.metricsHost, port: options.metricsPort },
		logFormat: options.log,
		readers:
			options.readersPort === undefined
				? undefined
				: {
						port: options.readersPort,
						host: options.readersHost,
						proxies: options.readersProxy,
						origin: options.readersOrigin,
						publication: options.publication,
						limits: { connectionsPerAddress: options.readersConnectionsPerAddress },
					},
	};
}

/** Everybody on the machine can read a command line: a password in it is refused, and not repeated. */
export function requireNoPassword(connectionString: string): void {
	let url: URL;
	try {
		url = new URL(connectionString);
	} catch {
		throw new OperationalError(
			"--postgres: not a connection string; try postgresql://user@host/name",
		);
	}
	if (!/^postgres(ql)?:$/.test(url.protocol)) {
		throw new OperationalError(
			`--postgres: ${url.protocol}// is no PostgreSQL; try postgresql://user@host/name`,
		);
	}
	if (url.password === "" && !url.searchParams.has("password")) return;
	throw new OperationalError(
		"--postgres: leave the password out; put it into PGPASSWORD or ~/.pgpass",
	);
}

/** The files NAME.conf of a folder, in order of their names. Throws OperationalError. */
export function configurationPaths(folder: string): string[] {
	try {
		const names = readdirSync(folder).filter((name) => name.endsWith(".conf"));
		return names.sort().map((name) => join(folder, name));
	} catch (error) {
		throw new OperationalError(`${folder}: cannot be read (${codeOf(error)})`);
	}
}

/** The text of one of them. Throws OperationalError. */
export function readConfiguration(path: string): string {
	let text: string;
	try {
		if (statSync(path).size > CONFIGURATION_BYTES_MAX)
			throw new OperationalError(`${path}: too long`);
		text = readFileSync(path, "latin1");
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		throw new OperationalError(`${path}: cannot be read (${codeOf(error)})`);
	}
	return text.replace(UTF8_BOM_LATIN1, "");
}

function codeOf(error: unknown): string | undefined {
	return (error as NodeJS.ErrnoException).code;
}

/** What says how something is done, and the port without which it is not done at all. */
const NEEDED = Object.freeze({
	"readers-port": [
		"readers-host",
		"readers-origin",
		"readers-proxy",
		"readers-connections-per-address",
		"publication",
	],
	"metrics-port": ["metrics-host"],
});

/** Nobody should believe that something is published because its file is named. */
function refuseLone(command: Command): void {
	for (const [port, names] of Object.entries(NEEDED)) {
		const isGiven = (name: string): boolean =>
			command.getOptionValueSource(camelCased(name)) === "cli";
		const lone = isGiven(port) ? undefined : names.find(isGiven);
		if (lone !== undefined) command.error(`error: option '--${lone}' is nothing without --${port}`);
	}
}

function camelCased(name: string): string {
	return name.replace(/-./g, (part) => part.slice(1).toUpperCase());
}

/** A peer is known by its address alone: a name, a net or a port would silently never fit. */
function addressed(text: string, before: readonly string[]): readonly string[] {
	const address = plainAddress(text);
	if (isIP(address) === 0) throw new InvalidArgumentError("use an IP address");
	return [...before, address];
}

function origin(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (/^https?:$/.test(url?.protocol ?? "") && url?.href === `${url?.origin}/`) return url.origin;
	throw new InvalidArgumentError("use a scheme and a host, as https://rivers.example.org");
}
