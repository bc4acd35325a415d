# scripts/lib.sh: what the scripts share. Read by ". scripts/lib.sh" from the project's root.

say() {
	printf '%s\n' "== $*"
}

die() {
	printf '%s\n' "error: $*" >&2
	exit 1
}

# need_packages NAME...: installs those of Debian's packages that are missing. On a system without
# dpkg they are the reader's affair: the configure names the first that it misses.
need_packages() {
	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian: this needs, by Debian's names: $*"
		return 0
	fi
	missing=
	for package in "$@"; do
		# shellcheck disable=SC2016 # dpkg-query's own variable
		status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=
		[ "$status" = installed ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "no sudo here: as root, run: apt-get install --no-install-recommends$missing"
		as_root=sudo
	fi
	mkdir -p build
	# shellcheck disable=SC2086 # a list of words
	if ! {
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
			$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
				--no-install-recommends $missing
	} >build/packages.log 2>&1 </dev/null; then
		tail -n 20 build/packages.log
		die "apt-get could not install:$missing"
	fi
}

# What the release build needs.
# shellcheck disable=SC2034 # for the scripts that read this file
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libsodium-dev libzstd-dev libsqlite3-dev
	libjansson-dev libgnutls28-dev libyaml-dev libcurl4-gnutls-dev libexpat1-dev
	libmicrohttpd-dev libinih-dev"

# need_build [FOLDER...]: where build, or one of the folders in it that are there, cannot be written,
# that is said here and not by the first tool that trips over it.
need_build() {
	mkdir -p build 2>/dev/null || :
	for place in build "$@"; do
		[ "$place" = build ] || [ -e "$place" ] || continue
		if ! probe=$(mktemp "$place/writable.XXXXXX" 2>/dev/null); then
			die "$place cannot be written, and what is built goes there: make it yours" \
				"(chown -R $(id -u) build), remove it, or copy the project to where" \
				"you may write"
		fi
		rm "$probe"
	done
}

# configure PRESET [CMAKE OPTION...]: what CMake says is shown only if it fails.
configure() {
	need_build "build/$1"
	cmake --preset "$@" >"build/configure-$1.log" 2>&1 || {
		cat "build/configure-$1.log"
		die "configuring preset $1 failed"
	}
}
