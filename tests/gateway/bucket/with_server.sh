#!/bin/sh
# with_server.sh ENV_FILE SERVER PROGRAM [ARGUMENT...]: runs a test against one of the servers that
# scripts/test-servers started. Exit code 77, which ctest counts as skipped, if it is not there.
set -eu
env_file=$1
server=$2
shift 2
# shellcheck source=/dev/null
[ ! -f "$env_file" ] || . "$env_file"
eval "url=\${INKSEAL_TEST_${server}_URL:-}"
# shellcheck disable=SC2154 # eval sets it
if [ -z "$url" ]; then
	echo "not here: $server, which scripts/test-servers starts"
	exit 77
fi
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
export INKSEAL_TEST_S3_URL="$url"
[ -z "${INKSEAL_TEST_CA_FILE:-}" ] || export INKSEAL_TEST_CA_FILE
export no_proxy=127.0.0.1,localhost
exec "$@"
