#!/usr/bin/env bash
# Makes the pictures of the README of what `./earshot report` and `./earshot report --flash` wrote last: docs/overview.png as
# a laptop shows it, docs/flash.png as a phone of 390 pixels does.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
folder=$(realpath "${1:-var/reports}")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# picture FILE ADDRESS WIDTH HEIGHT SCALE
picture() {
    chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync \
        --no-first-run --user-data-dir="$work/chromium" --hide-scrollbars --force-device-scale-factor="$5" \
        --virtual-time-budget=10000 --window-size="$3,$4" --screenshot="$PWD/docs/$1" "$2" 2> /dev/null
}

picture overview.png "file://$folder/index.html" 1280 1080 1
# Chromium's window is at least 500 wide: a frame is as narrow as a phone.
printf '<body style="margin:0"><iframe src="file://%s/flash.html" width=390 height=1000 style="border:0" scrolling=no></iframe>' \
    "$folder" > "$work/phone.html"
picture flash.png "file://$work/phone.html" 390 1000 2
