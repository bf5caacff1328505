/** Debian's Chromium, driven headless; undefined where there is none. */
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";

export function chromiumProgram(): string | undefined {
	return existsSync(PROGRAM) ? PROGRAM : undefined;
}

export function openBrowser(program: string): Promise<Browser> {
	// Its own sandbox needs rights that a container's root does not have; pages here are ours.
	return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
}

/** A page that notes what it must not do: words on its console, errors, requests elsewhere, answers of 400 and above. */
export interface WatchedPage {
	readonly page: Page;
	readonly complaints: string[];
}

export async function watchedPage(
	browser: Browser,
	origin: string,
	options: BrowserContextOptions = {},
): Promise<WatchedPage> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage();
	const complaints: string[] = [];
	page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
	page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
	page.on("request", (request) => {
		if (!request.url().startsWith(origin)) complaints.push(`request to ${request.url()}`);
	});
	page.on("response", (response) => {
		if (response.status() >= 400) complaints.push(`${response.status()} of ${response.url()}`);
	});
	return { page, complaints };
}
