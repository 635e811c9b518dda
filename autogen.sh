#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make configure and Makefile.in from configure.ac and Makefile.am.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool is missing: install autoconf, automake and pkg-config" >&2
		echo "(Alpine: pkgconf; Fedora: pkgconf-pkg-config)" >&2
		exit 1
	}
done
mkdir -p build-aux
autoreconf --install --force --warnings=all
