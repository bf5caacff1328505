/** The steps that make one small module of the firmware, each by what it may and may not change. */
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import MagicString from "magic-string";
import { parseAst } from "rollup/parseAst";
import { makeFunctionsArrows } from "../../scripts/bundle/arrows.js";
import { bundle } from "../../scripts/bundle/bundle.js";
import { makeBindingsGlobal } from "../../scripts/bundle/globals.js";
import { nameSource } from "../../scripts/bundle/names.js";
import { makeMembersPlain } from "../../scripts/bundle/plain-members.js";
import { refuseUnkept } from "../../scripts/bundle/refusals.js";
import {
	readMembers,
	spellBooleans,
	unrollIterations,
	yieldTasks,
} from "../../scripts/bundle/short-forms.js";
import type { Node } from "../../scripts/bundle/syntax.js";
import { foldTables } from "../../scripts/bundle/tables.js";

function changed(change: (text: MagicString, tree: Node) => void, code: string): string {
	const text = new MagicString(code);
	change(text, parseAst(code) as unknown as Node);
	return text.toString();
}

describe("private members made plain", () => {
	it("get the same few names in every class, and others than the class below them", () => {
		assert.equal(
			changed(
				makeMembersPlain,
				"class A{#x=1;get x(){return this.#x}}class B extends A{#y=2;#x(){return this.#y}}class C{#z}",
			),
			"class A{$0=1;get x(){return this.$0}}class B extends A{$1=2;$2(){return this.$1}}class C{}",
		);
	});

	it("are set where the constructor begins, after super in a derived class, in their order", () => {
		assert.equal(
			changed(makeMembersPlain, "class A{#a=[1];#b;#c=this.#a;constructor(d){this.#b=d}}"),
			"class A{constructor(d){this.$0=[1];this.$2=this.$0;this.$1=d}}",
		);
		assert.equal(
			changed(makeMembersPlain, "class B extends A{#a=f();constructor(){g();super();h()}}"),
			"class B extends A{constructor(){g();super();this.$0=f();h()}}",
		);
	});

	it("stay fields beside public ones with values, whose order would change", () => {
		assert.equal(
			changed(makeMembersPlain, "class A{#a=1;b=this.#a;constructor(){}}"),
			"class A{$0=1;b=this.$0;constructor(){}}",
		);
	});

	it("take the name of the getter that shows them, and the getter goes", () => {
		assert.equal(
			changed(
				makeMembersPlain,
				"class A{#x;#y=2;get x(){return this.#x}get z(){return this.#y+1}constructor(a){this.#x=a}}",
			),
			"class A{get z(){return this.$1+1}constructor(a){this.$1=2;this.x=a}}",
		);
	});

	it("keep the getter if it can be set, if another has the field, if the chain knows the name, or if it is static", () => {
		const kept: readonly string[] = [
			"class A{#x;get x(){return this.#x}set x(a){this.#x=a}}",
			"class A{#x;get x(){return this.#x}}class B extends A{get x(){return 1}}",
			"class A{get x(){return 1}}class B extends A{#x;get x(){return this.#x}}",
			"class A{static #x=1;static get x(){return A.#x}}",
			"class A{#x(){}get x(){return this.#x}}",
			"class A{#x=3;get x(){return this.#x}}class B extends A{y(){return super.x*2}}",
		];
		for (const code of kept) assert.match(changed(makeMembersPlain, code), /get x\(\)/, code);
		assert.equal(
			changed(makeMembersPlain, "class A{#x;get x(){return this.#x}get y(){return this.#x}}"),
			"class A{get y(){return this.x}}",
		);
	});

	it("are refused where they could come to mean something else", () => {
		const refused: readonly (readonly [code: string, why: RegExp])[] = [
			["class A{#a;static is(b){return #a in b}}", /#a in an object/],
			["class A{#a=b;constructor(b){}}", /means another b/],
			["class A{}class B{}{class A{}}", /two classes A/],
		];
		for (const [code, why] of refused) assert.throws(() => changed(makeMembersPlain, code), why);
	});
});

describe("forms that a bundle would not keep", () => {
	it("are refused by name", () => {
		const refused: readonly (readonly [code: string, why: RegExp])[] = [
			["class A{$0=1;#a}", /a property \$0: names that begin with a dollar/],
			["const $each=[1];for(const a of $each)a()", /a binding \$each/],
			["const f=($whole0,{b,c})=>$whole0+b+c", /a binding \$whole0/],
			['class A{#a=1;constructor(){this["$0"]=7}}', /a text "\$0"/],
			['const name=["$","0"].join("")', /a text "\$"/],
			["class A{#a}const K=[A][0];class B extends K{#b}", /a base that is no class by its name/],
			["class A{#a}const K=A;class B extends K{#b}", /a base that is no class/],
			["class A{#a}const n={A};class B extends n.A{#b}", /a base that is no class/],
			["const mix=(Base)=>class extends Base{#m}", /a base that is no class/],
			["function f(Base){class A extends Base{}class B extends A{#m}}", /a base that is no class/],
			["class A{#a}const f=()=>A;class B extends f(){#b}", /a base that is no class/],
			[
				"class A{constructor(){this.hook()}hook(){}}class B extends A{#x=1;hook(){this.#x=9}}",
				/a constructor that calls hook of the class below it/,
			],
			["class A{#n=0;constructor(){Object.freeze(this)}}", /an instance looked at as a whole/],
			["class A{#n=0}const a=new A();f({...a})", /an instance looked at as a whole/],
			["class A{#n=0}JSON.stringify(new A())", /an instance looked at as a whole/],
			["class A{#n=0;keys(){return Object.keys(this)}}", /an instance looked at as a whole/],
			["function*g(){yield 1}for(const a of g())a()", /a generator that is iterated/],
			["function*g(){yield 1}const a=[...g()]", /a generator that is iterated/],
			["class A{*g(){yield 1}h(){for(const a of this.g())a()}}", /a generator that is iterated/],
			["const a={[Symbol.iterator]:()=>b}", /an iterator of one's own/],
			["function*g(){yield*[1,2,3]}", /yield\* of what is no task/],
			["function*g(){try{yield a}finally{yield*b()}}", /a wait in a finally/],
			["function*g(){try{yield a}finally{throw b}}", /a throw in a finally/],
			["class A{static zero=new A(0)}", /a static part of A that needs A while it is made/],
			["class A{static x;static{A.x=5}}", /a static part of A/],
			["function F(){}F.prototype.x=4", /the prototype of the function F/],
			["function F(){}const G=[F][0];new G()", /new G, which may be a function/],
			["const undefinedThing=1;f(globalThis.undefinedThing)", /a property of globalThis/],
			["f(globalThis[name])", /a property of globalThis/],
		];
		for (const [code, why] of refused) {
			assert.throws(() => changed((_, tree) => refuseUnkept(tree), code), why, code);
		}
	});

	it("are no forms that only look like one", () => {
		const kept: readonly string[] = [
			"class A extends Error{#a}import T from 'timer';class B extends T{#b}class C extends A{#c}",
			"class A{constructor(){this.#own()}#own(){}}class B extends A{#x;own(){}}",
			"const open=(Port)=>({io:class extends Port{constructor(){super(1)}}})",
			"class A{#n}const o={...options};Object.freeze({a:1});Object.keys(rows);JSON.stringify(o)",
			"function*task(){try{yield*other()}finally{close();try{throw a}catch{}}}for(const a of map.keys())a()",
			"class A{static zero(){return new A(0)}static one=1}globalThis.Object",
			"const price=`$${a}`;const text='$ 5'",
		];
		for (const code of kept)
			assert.equal(
				changed((_, tree) => refuseUnkept(tree), code),
				code,
			);
	});
});

describe("short forms", () => {
	it("yield the task that was delegated to, with the parentheses before it", () => {
		assert.equal(
			changed(yieldTasks, "function*a(){yield*b();return yield* (c,d)}"),
			"function*a(){yield b();return yield (c,d)}",
		);
	});

	it("go through what is iterated by its iterator, each round with a constant of its own", () => {
		const code = changed(
			unrollIterations,
			"const said=[];for(const a of [1,2,3]){if(a===2)continue;for(const [b,c] of new Map([[a,4]]))said.push(()=>a+b+c)}",
		);
		assert.doesNotMatch(code, / of /);
		const said = new Function(`${code}return said.map((each)=>each())`)() as number[];
		assert.deepEqual(said, [6, 10]);
		const growing = changed(unrollIterations, "for(const a of list){if(a<3)list.push(a+1);all+=a}");
		assert.equal(new Function(`const list=[1];let all=0;${growing}return all`)(), 6);
	});

	it("refuse a loop that they would change", () => {
		const refused: readonly (readonly [code: string, why: RegExp])[] = [
			["a:for(const b of c)continue a", /a label/],
			["for(let b of c)b()", /without const/],
			["for(b of c)b()", /without const/],
			["for(const b of (()=>{for(const d of e)d()})())b()", /in what is iterated/],
			["for(const {b=(()=>{for(const d of e)d()})()} of c)b()", /in what is iterated/],
		];
		for (const [code, why] of refused) assert.throws(() => changed(unrollIterations, code), why);
	});

	it("read members by name where a pattern has only plain names", () => {
		assert.equal(
			changed(readMembers, "function f(a){const{b,c:d}=a;const{e}=g(a);const{h,i}=g(d);}"),
			"function f(a){const b=a.b,d=a.c;const e=(g(a)).e;const $whole0=(g(d)),h=$whole0.h,i=$whole0.i;}",
		);
		assert.equal(
			changed(readMembers, "const k=({a,b})=>({a,b});class A{m({c},d){return c+d}}"),
			"const k=($whole0)=>{const a=$whole0.a,b=$whole0.b;return ({a,b})};class A{m($whole1,d){const c=$whole1.c;return c+d}}",
		);
	});

	it("leave what would come to mean something else: defaults, keys, names that are set, parentheses", () => {
		const left: readonly string[] = [
			"const a=100;function f({a},{b=a}){return a+b}",
			"const k='z';function f({k},{[k]:v}){return v}",
			"function f({a,b}){a+=b;return a}",
			"function f({a}){for(a of b)c()}",
			"function f(x){const {a,b}=(x);return a+b}",
			"function f(){const {a,b}=(c++,{a:1,b:2});return a+b}",
		];
		for (const code of left) assert.equal(changed(readMembers, code), code);
		// A member that is set is another's.
		assert.equal(
			changed(readMembers, "function f({a}){a.b=1}"),
			"function f($whole0){const a=$whole0.a;a.b=1}",
		);
		const sequence = changed(unrollIterations, 'for(const a of (all+="s",[2,3]))all+=a;');
		assert.equal(new Function(`let all="";${sequence}return all`)(), "s23");
	});

	it("leave defaults, rests, patterns in patterns, generators and the outermost level", () => {
		const code =
			"const{a,b}=c;function f({d},e=d){const{g=1}=e,{h,...i}=e,{j:{k}}=e;}function*l({m}){yield m}";
		assert.equal(changed(readMembers, code), code);
	});

	it("say what is true, and are no part of the word before it", () => {
		assert.equal(
			changed(spellBooleans, "function a(b){b=!1;return!0;return !b}"),
			"function a(b){b=false;return true;return !b}",
		);
	});
});

describe("tables folded", () => {
	it("are read at once, and go where nobody looks at the whole", () => {
		assert.equal(
			changed(foldTables, 'const A=Object.freeze({b:4,c:"d"});f(A.b,A.c);const A2=1;'),
			'const A=0;f(4,"d");const A2=1;',
		);
		assert.equal(
			changed(foldTables, "const A=Object.freeze({b:4});f(A.b,A.c,A[d]);"),
			"const A=Object.freeze({b:4});f(4,A.c,A[d]);",
		);
	});

	it("stay where a row is no short value, or a name means something else below", () => {
		const left: readonly string[] = [
			"const A=Object.freeze({b:4,c:d});f(A.b);",
			"const A=Object.freeze({...B,b:4});f(A.b);",
			"const A=Object.freeze({b:4});(A)=>A.b;",
			"const A=Object.freeze({b:4});function f(){const A=g();return A.b}",
			"const A={b:4};f(A.b);",
			'const A=Object.freeze({b:"a longer text"});f(A.b);',
			"const A=Object.freeze({b:16});A.b.toString(16);",
		];
		for (const code of left) assert.equal(changed(foldTables, code), code);
	});
});

describe("tables that are written to", () => {
	it("are refused, for nobody would hear that they are frozen", () => {
		for (const write of ["A.b=2", "A.b++", "delete A.b"]) {
			assert.throws(
				() => changed(foldTables, `const A=Object.freeze({b:4});${write};`),
				/a row of a frozen table set or deleted/,
				write,
			);
		}
	});
});

describe("functions made arrows", () => {
	it("come first, as they were hoisted, after the imports", () => {
		assert.equal(
			changed(
				makeFunctionsArrows,
				'import x from"x";const a=f(1);function f(b,c=2){return g()+b+c}function g(){return x}',
			),
			'import x from"x";const f = (b,c=2) => {return g()+b+c};\nconst g = () => {return x};\nconst a=f(1);',
		);
	});

	it("stay functions if they look at this or arguments, are constructed, or yield", () => {
		const code =
			"function A(){this.b=1}function c(){return arguments}function D(){}new D;function*e(){}async function f(){}";
		assert.equal(changed(makeFunctionsArrows, code), code);
		assert.match(
			changed(makeFunctionsArrows, "function a(){return{b(){return this}}}"),
			/^const a = /,
		);
	});
});

describe("bindings made global", () => {
	it("are set in their order, generators first; exports keep their names", () => {
		assert.equal(
			changed(
				makeBindingsGlobal,
				'import x from"x";const a=1,{b,c:d}=h(a);class E extends F{}function*g(){yield a}a();export{g as start};',
			),
			'import x from"x";globalThis.g=function*(){yield a};globalThis.a=1;({b:globalThis.b,c:globalThis.d}=h(a));globalThis.E=class extends F{};a();const $start=globalThis.g;export{$start as start};',
		);
	});

	it("are refused where they would change", () => {
		assert.throws(() => changed(makeBindingsGlobal, "let a;"), /a binding without a value/);
		assert.throws(() => changed(makeBindingsGlobal, "if(a)b();"), /a IfStatement/);
	});
});

describe("names", () => {
	it("are those of members, then properties of two words, the most used first, then new ones", () => {
		const source = nameSource(
			parseAst(
				"a.$0;a.$1;b.lastIndexOf;b.abort;b.freeBytes;b.freeBytes;b.atUtc;({endsAt:1})",
			) as unknown as Node,
		);
		assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(source), [
			"$0",
			"$1",
			"freeBytes",
			"atUtc",
			"endsAt",
			"$2",
			"$3",
		]);
	});
});

describe("a bundle", () => {
	let folder = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-bundle-"));
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	const write = (name: string, code: string): string => {
		const path = join(folder, name);
		mkdirSync(join(path, ".."), { recursive: true });
		writeFileSync(path, code);
		writeFileSync(
			`${path}.map`,
			JSON.stringify({
				version: 3,
				sources: [`${name}.ts`],
				names: [],
				mappings: code
					.split("\n")
					.map((_, line) => (line === 0 ? "AAAA" : "AACA"))
					.join(";"),
			}),
		);
		return path;
	};

	it("does what its modules did, without what nobody reaches, and the same each time", async () => {
		write(
			"tank.js",
			[
				"export class Tank { #litres = 0; fill(by) { this.#litres += by; return this; }",
				"  get litres() { return this.#litres; } #spill() { return 'nobody'; } }",
				"export class Barrel extends Tank { #name = 'oak'; get label() { return this.#name + ' ' + this.litres; } }",
				"export function unreached() { return 'unreached'; }",
			].join("\n"),
		);
		const entry = write(
			"entry.js",
			[
				"import sdk from 'timer';",
				"import { Barrel } from './tank.js';",
				"const PER_FILL = 7;",
				"function twice(count) { return 2 * count; }",
				"export function start(native) { return new Barrel().fill(twice(PER_FILL) + native).label; }",
				"start.sdk = sdk;",
			].join("\n"),
		);
		const first = await bundle(entry);
		assert.deepEqual(await bundle(entry), first);
		assert.deepEqual(first.imports, ["timer"]);
		assert.doesNotMatch(first.code, /unreached|PER_FILL|#/);
		const path = join(folder, "bundle.mjs");
		writeFileSync(path, first.code.replace('import $0 from"timer"', "const $0=1"));
		const loaded = (await import(pathToFileURL(path).href)) as { start(native: number): string };
		assert.equal(loaded.start(3), "oak 17");
		const map = JSON.parse(first.map) as { sources: string[] };
		assert.deepEqual(map.sources.map((name) => name.replace(/.*\//, "")).sort(), [
			"entry.js.ts",
			"tank.js.ts",
		]);
	});

	it("says in which file and line a form stands that it would not keep", async () => {
		const entry = write(
			"odd.js",
			"const $each = [1];\nexport function start() {\n    return $each;\n}\n",
		);
		await assert.rejects(
			bundle(entry),
			/odd\.js:1: a binding \$each: names that begin with a dollar are the bundle's: const \$each = \[1\];$/,
		);
	});

	it("takes no warning of the bundler for a bundle", async () => {
		const entry = write("lost.js", 'import { gone } from "./there.js";\ngone();\n');
		write("there.js", "export const here = 1;\n");
		await assert.rejects(bundle(entry), /gone/);
	});

	it("is what the manifest of the image loads, preloaded", () => {
		const manifest = JSON.parse(
			readFileSync(new URL("../../../manifest-image.json", import.meta.url), "utf8"),
		) as { modules: Record<string, string>; preload: string[]; include: string[] };
		assert.deepEqual(manifest.modules, {
			bistrina: "./build/xs/bundle/bistrina",
			main: "./build/xs/bundle/main",
		});
		assert.deepEqual(manifest.preload, ["bistrina"]);
		assert.deepEqual(manifest.include, ["./src/firmware/board/sdk.json"]);
	});
});
