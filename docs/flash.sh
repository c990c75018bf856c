#!/usr/bin/env bash
# Makes docs/flash.png of the flash that `./earshot report --flash` wrote last, as a phone of 390 pixels shows it.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# Chromium's window is at least 500 wide: a frame is as narrow as a phone.
printf '<body style="margin:0"><iframe src="file://%s" width=390 height=1000 style="border:0" scrolling=no></iframe>' \
    "$(realpath "${1:-var/reports/flash.html}")" > "$work/phone.html"
chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync \
    --no-first-run --user-data-dir="$work/chromium" --hide-scrollbars --force-device-scale-factor=2 \
    --window-size=390,1000 --screenshot="$PWD/docs/flash.png" "file://$work/phone.html" 2> /dev/null
