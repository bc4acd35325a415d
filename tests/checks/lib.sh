# tests/checks/lib.sh: what the checks share. Read by ". tests/checks/lib.sh" from the project's root.

# need COMMAND: a check that cannot run has failed.
need() {
	command -v "$1" >/dev/null || {
		echo "$1 is missing: scripts/test installs it" >&2
		exit 2
	}
}

# The project's files, one a line: those of git's index and those that it would take.
project_files() {
	if git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files --cached --others --exclude-standard
	else
		find . -path ./build -prune -o -path ./.git -prune -o -name __pycache__ -prune -o \
			-type f -print | sed 's,^\./,,'
	fi | sort -u | while IFS= read -r file; do
		# What was deleted and not yet committed is still in the index.
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# The C sources and headers of our own.
c_files() {
	project_files | grep -E '^(schemas|gateway|cli|tests)/.*\.[ch]$'
}
