/** What laboratories find in water and this page shows: a row for each. */

export interface SampleParameter {
	/** In files and addresses. */
	readonly key: string;
	/** Further names, in small letters. */
	readonly names: readonly string[];
	/** That values are kept in. */
	readonly unit: string;
	/** Units that are taken, in small letters, and the power of ten to `unit`. */
	readonly units: Readonly<Record<string, number>>;
	/** A panel of the station's page that has the same quantity. */
	readonly channel?: string;
	/** Nothing is above it. */
	readonly most: number;
}

const CONCENTRATIONS: Readonly<Record<string, number>> = Object.freeze({
	"mg/l": 0,
	"µg/l": -3,
	"μg/l": -3,
	"ug/l": -3,
	"g/l": 3,
});
/** More than a kilogram in a litre is none of water. */
const CONCENTRATION_MAX = 1_000_000;

const concentration = (key: string, ...names: readonly string[]): SampleParameter => ({
	key,
	names,
	unit: "mg/L",
	units: CONCENTRATIONS,
	most: CONCENTRATION_MAX,
});

/** In the order in which they are shown. */
export const SAMPLE_PARAMETERS: readonly SampleParameter[] = Object.freeze([
	concentration("Cu", "copper", "bakar"),
	concentration("Fe", "iron", "gvožđe"),
	concentration("As", "arsenic", "arsen"),
	concentration("Zn", "zinc", "cink"),
	concentration("Pb", "lead", "olovo"),
	concentration("Mn", "manganese", "mangan"),
	concentration("Cd", "cadmium", "kadmijum"),
	concentration("Ni", "nickel", "nikl"),
	concentration("Cr", "chromium", "hrom"),
	concentration("sulfate", "so4", "sulfat", "sulfati"),
	concentration("suspended-solids", "tss", "suspended solids", "suspendovane materije"),
	{
		key: "pH",
		names: [],
		unit: "pH",
		units: { "": 0, ph: 0, "-": 0, "1": 0 },
		channel: "ph",
		most: 14,
	},
	{
		key: "EC25",
		names: ["conductivity", "provodljivost"],
		unit: "µS/cm",
		units: { "us/cm": 0, "µs/cm": 0, "μs/cm": 0, "ms/cm": 3 },
		channel: "ec25",
		most: 1_000_000,
	},
]);

const BY_NAME: ReadonlyMap<string, SampleParameter> = new Map(
	SAMPLE_PARAMETERS.flatMap((parameter) =>
		[parameter.key.toLowerCase(), ...parameter.names].map((name) => [name, parameter] as const),
	),
);

export function sampleParameter(name: string): SampleParameter | undefined {
	return BY_NAME.get(name.toLowerCase());
}
