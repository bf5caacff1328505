/**
 * Channel sets: what a reading's body holds, laid out from the rows of channels.ts. A new probe is a new
 * row and a set with a new id, never a new format. Codecs, exporters and the collector walk these fields.
 */
import {
	CHANNELS,
	CHANNELS_OF_SET,
	type ChannelFieldType,
	type ChannelName,
	channelIndexOf,
	type FieldRole,
} from "./channels.js";

export interface FieldSpec {
	readonly channel: ChannelName;
	readonly role: FieldRole;
	readonly type: ChannelFieldType;
	readonly byteLength: 1 | 2 | 4;
	readonly isSigned: boolean;
	/** What it holds when there is no value: the type's minimum if it is signed, else its maximum. */
	readonly absent: number;
	/** Where the field begins in the reading's body. */
	readonly offsetBytes: number;
	/** Physical unit of one step; `scale` steps make one unit. Empty for flags and ids. */
	readonly unit: string;
	/** Steps per unit: value = field / scale. */
	readonly scale: number;
	/** Steps in which the instrument moves its values: what a batch expects of the column. */
	readonly quantum: number;
}

export interface ChannelSet {
	readonly id: number;
	readonly bodyBytes: number;
	readonly fields: readonly FieldSpec[];
}

const TYPES: Readonly<
	Record<ChannelFieldType, Pick<FieldSpec, "byteLength" | "isSigned" | "absent">>
> = Object.freeze({
	u8: { byteLength: 1, isSigned: false, absent: 0xff },
	i16: { byteLength: 2, isSigned: true, absent: -0x8000 },
	u16: { byteLength: 2, isSigned: false, absent: 0xffff },
	i32: { byteLength: 4, isSigned: true, absent: -0x80000000 },
	u32: { byteLength: 4, isSigned: false, absent: 0xffffffff },
});

/** The field with a channel's quantity; undefined where the set does not have the channel. */
export function valueFieldOf({ fields }: ChannelSet, name: ChannelName): FieldSpec | undefined {
	for (const field of fields) if (field.role === "value" && field.channel === name) return field;
	return undefined;
}

/** Of all channels, in their order: a set has the first of them. */
const FIELDS: readonly FieldSpec[] = layout();

/** Every set this version knows, by id. */
export const CHANNEL_SETS: ReadonlyMap<number, ChannelSet> = new Map(
	CHANNELS_OF_SET.map((count, index) => {
		const id = index + 1;
		const fields = FIELDS.filter(({ channel }) => channelIndexOf(channel) < count);
		const { offsetBytes, byteLength } = fields[fields.length - 1] as FieldSpec;
		const set: ChannelSet = { id, bodyBytes: offsetBytes + byteLength, fields };
		Object.freeze(fields);
		return [id, Object.freeze(set)];
	}),
);

/** The smallest set that has all of the first `count` channels. Throws TypeError where none has. */
export function channelSetFor(count: number): ChannelSet {
	const set = CHANNEL_SETS.get(CHANNELS_OF_SET.findIndex((held) => held >= count) + 1);
	if (set === undefined) throw new TypeError(`no set has ${count} channels`);
	return set;
}

/** What every station measures. */
export const CHANNEL_SET_1: ChannelSet = channelSetFor(0);

function layout(): FieldSpec[] {
	let offsetBytes = 0;
	const specs: FieldSpec[] = [];
	for (const { name: channel, fields } of CHANNELS) {
		for (const [role, type, unit, scale, quantum = 1] of fields) {
			const layoutOfType = TYPES[type];
			specs.push(
				Object.freeze({ channel, role, type, ...layoutOfType, offsetBytes, unit, scale, quantum }),
			);
			offsetBytes += layoutOfType.byteLength;
		}
	}
	return specs;
}

/** Reads one field of a body that begins at `bodyOffsetBytes`. No view: to make one costs more. */
export function fieldOf(bytes: Uint8Array, bodyOffsetBytes: number, field: FieldSpec): number {
	const at = bodyOffsetBytes + field.offsetBytes;
	const { byteLength } = field;
	if (byteLength === 1) return bytes[at] ?? 0;
	const half = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
	if (byteLength === 2) return field.isSigned ? (half << 16) >> 16 : half;
	const word = half | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
	return field.isSigned ? word : word >>> 0;
}

/** The reverse of `fieldOf`; the value must fit the type. */
export function putField(
	bytes: Uint8Array,
	bodyOffsetBytes: number,
	field: FieldSpec,
	value: number,
): void {
	const at = bodyOffsetBytes + field.offsetBytes;
	const { byteLength } = field;
	bytes[at] = value;
	if (byteLength > 1) bytes[at + 1] = value >>> 8;
	if (byteLength > 2) {
		bytes[at + 2] = value >>> 16;
		bytes[at + 3] = value >>> 24;
	}
}
