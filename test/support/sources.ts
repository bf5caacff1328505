/** The project's TypeScript sources as text, for tests that judge structure and for mutants. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Top of the project: this file runs from build/test/support. */
export const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Source {
	/** Relative to the project, with `/`. */
	readonly path: string;
	readonly text: string;
	/** Without comments; strings stay. */
	readonly code: string;
}

/** All `.ts` files under `folders`. */
export function sources(...folders: readonly string[]): Source[] {
	return folders.flatMap((folder) =>
		readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
			.map((entry) => {
				const path = join(entry.parentPath, entry.name);
				const text = readFileSync(path, "utf8");
				return {
					path: relative(PROJECT, path).replaceAll("\\", "/"),
					text,
					code: withoutComments(text),
				};
			}),
	);
}

/** Where a relative or package specifier points: a path of the project without extension, or itself. */
export function importsOf(source: Source): string[] {
	const pattern = /(?<!")(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;
	const folder = source.path.split("/").slice(0, -1);
	return [...source.code.matchAll(pattern)].map(([, specifier = ""]) => {
		if (!specifier.startsWith(".")) return specifier;
		const parts = [...folder];
		for (const part of specifier.replace(/\.js$/, "").split("/")) {
			if (part === "..") parts.pop();
			else if (part !== ".") parts.push(part);
		}
		return parts.join("/");
	});
}

function withoutComments(text: string): string {
	return text.replace(
		/("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
		(_match, kept: string | undefined) => kept ?? " ",
	);
}
