#!/usr/bin/env bash
# Builds and runs the firmware with the Moddable SDK: `xs.sh sim` on this machine with a simulated
# board, `xs.sh esp32` for the board. Says what is missing; see "With the Moddable SDK" in README.md.
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
	echo "usage: scripts/xs.sh sim|esp32 [arguments for mcconfig]" >&2
	exit 2
}
shift

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
exec mcconfig -m -p "esp32:$PWD/src/firmware/board/target" -o "$PWD/build/xs" "$@" "$PWD/manifest.json"
