#!/usr/bin/env bash
# Builds and runs the firmware with the Moddable SDK: `xs.sh sim` on this machine with a simulated
# board, `xs.sh esp32` for the board. Says what is missing; see "With the Moddable SDK" in README.md.
#   --flash 8|4  MiB of flash that the board has (8): partitions.csv or partitions-4m.csv.
#   --modules    module by module instead of the small bundle, for `npm run bench -- image` and for xsbug.
set -euo pipefail
cd "$(dirname "$0")/.."

SDK_VERSION=8.2.3
IDF_VERSION=v6.0
SDK_DOCUMENTATION=https://github.com/Moddable-OpenSource/moddable/blob/public/documentation

missing() {
	echo "xs: $1" >&2
	echo "    $2" >&2
	exit 1
}

target=${1:-}
[ "$target" = sim ] || [ "$target" = esp32 ] || {
	echo "usage: scripts/xs.sh sim|esp32 [--flash 8|4] [--modules] [arguments for mcconfig]" >&2
	exit 2
}
shift

flash=8
form=bundle
while [ $# -gt 0 ]; do
	case $1 in
	--flash)
		flash=${2:-}
		[ "$flash" = 8 ] || [ "$flash" = 4 ] || {
			echo "xs: --flash takes 8 or 4 (MiB)" >&2
			exit 2
		}
		shift
		;;
	--modules) form=modules ;;
	*) break ;;
	esac
	shift
done

[ -n "${MODDABLE:-}" ] && [ -f "$MODDABLE/xs/includes/xs.h" ] ||
	missing "there is no Moddable SDK: MODDABLE does not name its folder" \
		"install SDK $SDK_VERSION: $SDK_DOCUMENTATION/Moddable%20SDK%20%E2%80%93%20Getting%20Started.md"

case "$(uname -s)" in
Linux) host=lin ;;
Darwin) host=mac ;;
*) missing "$(uname -s) is not supported" "use Linux; the SDK's Windows tools run from its own shell" ;;
esac
export PATH="$MODDABLE/build/bin/$host/release:$PWD/node_modules/.bin:$PATH"
command -v mcconfig >/dev/null ||
	missing "the SDK's tools are not built: there is no mcconfig" \
		"run make in $MODDABLE/build/makefiles/$host"
command -v tsc >/dev/null || missing "there is no TypeScript compiler" "run npm ci"

found=$(cat "$MODDABLE/tools/VERSION" 2>/dev/null || echo "unknown")
[ "$found" = "$SDK_VERSION" ] ||
	echo "xs: this SDK is $found; the firmware was tried with $SDK_VERSION" >&2

mkdir -p build/xs
if [ "$target" = sim ]; then
	[ "$host" = lin ] ||
		missing "the simulated board is set up for Linux only" "add a platform to manifest.json like lin"
	# mcconfig starts them in the background and would end well without them.
	for tool in mcsim xsbug; do
		[ -x "$MODDABLE/build/bin/lin/release/$tool" ] ||
			missing "the SDK's simulator is not built: there is no $tool" \
				"install GTK 3 as $SDK_DOCUMENTATION/Moddable%20SDK%20%E2%80%93%20Getting%20Started.md says, then run make in $MODDABLE/build/makefiles/lin"
	done
	# A debug build: the SDK's trace, which shows the run, is silent in others.
	exec mcconfig -d -m -p lin -o "$PWD/build/xs" "$@" "$PWD/manifest.json"
fi

[ -n "${IDF_PATH:-}" ] && [ -f "$IDF_PATH/tools/idf.py" ] ||
	missing "there is no ESP-IDF: IDF_PATH does not name its folder" \
		"install ESP-IDF $IDF_VERSION: $SDK_DOCUMENTATION/devices/esp32.md"
command -v idf.py >/dev/null ||
	missing "ESP-IDF is not in this shell" "run: . $IDF_PATH/export.sh"

board=$PWD/src/firmware/board/target
if [ "$flash" = 4 ]; then
	copy=$PWD/build/xs/target-4m
	rm -rf "$copy"
	cp -r "$board" "$copy"
	mv "$copy/partitions-4m.csv" "$copy/partitions.csv"
	sed -i.8m "s#\"\.\./native/#\"$PWD/src/firmware/board/native/#g" "$copy/manifest.json"
	sed -i.8m -e 's/^\(CONFIG_ESPTOOLPY_FLASHSIZE_4MB\)=n/\1=y/' \
		-e 's/^\(CONFIG_ESPTOOLPY_FLASHSIZE_8MB\)=y/\1=n/' "$copy/sdkconfig/sdkconfig.defaults"
	rm "$copy/manifest.json.8m" "$copy/sdkconfig/sdkconfig.defaults.8m"
	board=$copy
fi

manifest=$PWD/manifest.json
if [ "$form" = bundle ]; then
	manifest=$PWD/manifest-image.json
	npm run --silent build
	node build/scripts/bundle/main.js build/xs/bundle
fi
# The SDK's linker keeps each key that it once saw: names of an earlier build would stay in the image.
find build/xs -name mc.xsi -delete
exec mcconfig -m -p "esp32:$board" -o "$PWD/build/xs" "$@" "$manifest"
