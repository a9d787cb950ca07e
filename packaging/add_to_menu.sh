#!/bin/sh
# Lists the bundle's efface among the programs of this user. Run it again if the folder was moved;
# with --remove it takes the entry away.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
menu="${XDG_DATA_HOME:-$HOME/.local/share}/applications"
if [ "${1:-}" = "--remove" ]; then
    rm -f "$menu/efface.desktop"
    exit
fi
mkdir -p "$menu"
# A space in the folder's name is allowed between quotes.
sed -e "s|^Exec=.*|Exec=\"$here/efface-app\" %F|" -e "s|^Icon=.*|Icon=$here/efface.svg|" \
    "$here/efface.desktop" >"$menu/efface.desktop"
echo "efface is in the menu: $menu/efface.desktop"
