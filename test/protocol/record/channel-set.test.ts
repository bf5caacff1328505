import { strict as assert } from "node:assert";
import {
	CHANNEL_SET_1,
	type FieldSpec,
	fieldOf,
	putField,
} from "../../../src/protocol/record/channel-set.js";

function inView(view: DataView, at: number, { type }: FieldSpec): number {
	if (type === "u8") return view.getUint8(at);
	if (type === "i16") return view.getInt16(at, true);
	if (type === "u16") return view.getUint16(at, true);
	return type === "i32" ? view.getInt32(at, true) : view.getUint32(at, true);
}

describe("channel set", () => {
	it("writes and reads every field as a view does, at the ends of its type", () => {
		const bytes = new Uint8Array(3 + CHANNEL_SET_1.bodyBytes);
		const view = new DataView(bytes.buffer);
		for (const field of CHANNEL_SET_1.fields) {
			const bits = 8 * field.byteLength;
			const { isSigned } = field;
			const least = isSigned ? -(2 ** (bits - 1)) : 0;
			const most = least + 2 ** bits - 1;
			assert.equal(field.absent, isSigned ? least : most);
			for (const value of [least, most, 1, most - 1, least + 1, Math.floor(most / 3)]) {
				bytes.fill(0xa5);
				putField(bytes, 3, field, value);
				assert.equal(inView(view, 3 + field.offsetBytes, field), value);
				assert.equal(fieldOf(bytes, 3, field), value);
				const others = bytes.filter((byte) => byte !== 0xa5).length;
				assert.ok(others <= field.byteLength, "it writes no other field");
			}
		}
	});
});
