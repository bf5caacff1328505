/** OpenAPI 3.1 out of the rows of the interface. */
import type { Parameter, Route } from "./route.js";

export function openApiOf(routes: readonly Route[], licence: { name: string; url: string }) {
	const paths = routes.map(({ path, summary, type, parameters }) => {
		const get = {
			summary,
			parameters: parameters.map(parameterOf),
			responses: {
				"200": { description: "as asked", content: { [type.split(";")[0] ?? type]: {} } },
				"304": { description: "as it was" },
				"400": { description: "not a question that can be answered" },
				"404": { description: "no such thing" },
				"429": { description: "too many requests from one address; see Retry-After" },
			},
		};
		return [path, { get }];
	});
	return {
		openapi: "3.1.0",
		info: {
			title: "Bistrina for readers",
			version: "1",
			...(licence.name === ""
				? {}
				: { license: { name: licence.name, url: licence.url || undefined } }),
		},
		paths: Object.fromEntries(paths),
	};
}

function parameterOf({ name, in: where, description, example, values, isRequired }: Parameter) {
	return {
		name,
		in: where,
		description,
		...(where === "path" || isRequired === true ? { required: true } : {}),
		...(example === undefined ? {} : { example }),
		schema: { type: "string", ...(values === undefined ? {} : { enum: values }) },
	};
}
