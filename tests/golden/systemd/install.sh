#!/bin/sh
# Rendered by sidecar 0.1.0 for cn-shanghai (public network).
set -eu

usage() {
  cat <<'END'
Install sidecar-agent.service: the jaeger-agent of this host. Run it again to update it.

usage: sh install.sh [--program PATH] [--token-file PATH]

  --program PATH     a jaeger-agent 1.62.0 (default: `jaeger-agent` on PATH)
  --token-file PATH  what `sidecar token set` wrote (default: ../secrets/agent.yaml)

With DESTDIR in the environment, files are put below it and nothing is started.

examples:
  sudo sh install.sh
  sudo sh install.sh --program ./jaeger-agent-1.62.0-linux-amd64/jaeger-agent
END
}

fail() {
  echo "install.sh: $1" >&2
  exit "${2:-1}"
}

here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
program=
token=$here/../secrets/agent.yaml
while [ $# -gt 0 ]; do
  case $1 in
    --program) [ $# -gt 1 ] || fail "--program needs a path" 2; program=$2; shift 2 ;;
    --token-file) [ $# -gt 1 ] || fail "--token-file needs a path" 2; token=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) fail "$1: unknown argument. See --help" 2 ;;
  esac
done

[ -n "$program" ] || program=$(command -v jaeger-agent) ||
  fail "no jaeger-agent on PATH. Name one with --program"
[ -x "$program" ] && [ ! -d "$program" ] || fail "$program: not a program. Name another with --program"
[ -f "$token" ] || fail "$token: no such file. Run \`sidecar token set\` first"
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || fail "needs root. Run it with sudo"
  command -v systemctl >/dev/null || fail "no systemctl: this host does not run systemd"
  version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 247 ] || fail "systemd ${version:-?} is older than 247, the first that loads credentials"
fi

# Each file is written next to its place and moved, so a stop half-way leaves whole files.
put() {
  mkdir -p "$root$(dirname "$3")"
  rm -f "$root$3.new"
  (umask 077 && cat "$2" >"$root$3.new")
  chmod "$1" "$root$3.new"
  mv -f "$root$3.new" "$root$3"
}
put 0755 "$program" /usr/local/lib/sidecar-agent/jaeger-agent
put 0600 "$token" /etc/sidecar-agent/agent.yaml
chmod 0700 "$root$(dirname /etc/sidecar-agent/agent.yaml)"
put 0644 "$here/sidecar-agent.service" /etc/systemd/system/sidecar-agent.service
[ -z "$root" ] || exit 0

# Wait until a unit's process says that it works.
await() {
  unit=$1 port=$2
  shift 2
  tries=30
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$unit does not answer on port $port. See: journalctl --unit $unit"
    sleep 1
  done
}
systemctl daemon-reload
systemctl enable --quiet sidecar-agent.service
systemctl restart sidecar-agent.service
await sidecar-agent 14271 /usr/local/lib/sidecar-agent/jaeger-agent status --status.http.host-port=127.0.0.1:14271
echo "sidecar-agent: runs, and sends to tracing-analysis-dc-sh.aliyuncs.com:1883"
echo "Services of this host report to 127.0.0.1:6831, which is a client's default."
