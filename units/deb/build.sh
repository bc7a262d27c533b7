#!/usr/bin/env bash
# build.sh BUILD VERSION: makes BUILD/homek8sd_VERSION_ARCH.deb out of what `make` has built in
# BUILD. debian/ is made of this directory's files in a directory of its own there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath "$1")
version=$2
tree=$build/deb/homek8sd-$version

for program in dh dpkg-buildpackage; do
	command -v $program >/dev/null || {
		echo "no $program; packages needed: debhelper dpkg-dev" >&2
		exit 1
	}
done
rm -rf "$build/deb"
mkdir -p "$tree/debian/source"
cp "$here"/{control,rules,homek8sd.prerm,homek8sd.postrm} "$tree/debian/"
chmod 755 "$tree/debian/rules"
echo '3.0 (native)' >"$tree/debian/source/format"
cat >"$tree/debian/changelog" <<-END
	homek8sd ($version) unstable; urgency=medium

	  * Release $version.

	 -- $(sed -n 's/^Maintainer: //p' "$here/control")  $(date -R -r "$top/Makefile")
END
{
	echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
	echo 'Upstream-Name: homek8sd'
	echo
	echo 'Files: *'
	sed -n 's/^Copyright (c) /Copyright: /p' "$top/LICENSE"
	echo 'License: Expat'
	sed -n '/^Permission is/,$ { s/^$/./; s/^/ /p }' "$top/LICENSE"
} >"$tree/debian/copyright"
(cd "$tree" && TOP=$top BUILD=$build dpkg-buildpackage --build=binary --no-sign \
	--no-check-builddeps) >"$build/deb/log" 2>&1 || {
	tail -20 "$build/deb/log" >&2
	exit 1
}
mv "$build"/deb/homek8sd_"$version"_*.deb "$build/"
ls "$build"/homek8sd_"$version"_*.deb
