#!/bin/sh
# Rendered by sidecar 0.1.0 for cn-shanghai (public network).
set -eu

usage() {
  cat <<'END'
Install sidecar-agent.service, the collector of this host, and sidecar-forwarder.service, which adds
the token. Run it again to update them, or after a new token.

usage: sh install.sh [--program PATH] [--python PATH] [--token-file PATH]

  --program PATH     an OpenTelemetry Collector 0.165.0 (default: the first on PATH of
                     otelcol, otelcol-contrib, otelcol-k8s)
  --python PATH      a Python with sidecar-kit 0.1.0, outside of /home and /root
                     (default: the one of `sidecar` on PATH)
  --token-file PATH  what `sidecar token set` wrote (default: ../secrets/forwarder/token)

With DESTDIR in the environment, files are put below it and nothing is started.

examples:
  sudo sh install.sh
  sudo sh install.sh --program ./otelcol-contrib --python /opt/sidecar/bin/python
END
}

fail() {
  echo "install.sh: $1" >&2
  exit "${2:-1}"
}

here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
program=
python=
token=$here/../secrets/forwarder/token
while [ $# -gt 0 ]; do
  case $1 in
    --program) [ $# -gt 1 ] || fail "--program needs a path" 2; program=$2; shift 2 ;;
    --python) [ $# -gt 1 ] || fail "--python needs a path" 2; python=$2; shift 2 ;;
    --token-file) [ $# -gt 1 ] || fail "--token-file needs a path" 2; token=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) fail "$1: unknown argument. See --help" 2 ;;
  esac
done

for name in otelcol otelcol-contrib otelcol-k8s; do
  [ -n "$program" ] || program=$(command -v $name) || true
done
[ -n "$program" ] || fail "no collector on PATH. Name one with --program"
[ -x "$program" ] && [ ! -d "$program" ] || fail "$program: not a program. Name another with --program"
[ -f "$token" ] || fail "$token: no such file. Run \`sidecar token set\` first"
for part in jaeger file_storage; do
  "$program" components 2>/dev/null | grep -q "$part" ||
    fail "$program: has no $part. Name otelcol-contrib or otelcol-k8s 0.165.0 with --program"
done
[ -n "$python" ] || ! command -v sidecar >/dev/null ||
  python=$(sed -n '1s/^#!\([^ ]*python[^ ]*\)$/\1/p' "$(command -v sidecar)")
[ -n "$python" ] || fail "no \`sidecar\` on PATH. Name a Python with sidecar-kit with --python"
"$python" -c 'import sidecar.forwarder' 2>/dev/null ||
  fail "$python: has no sidecar-kit. Name another with --python"
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || fail "needs root. Run it with sudo"
  command -v systemctl >/dev/null || fail "no systemctl: this host does not run systemd"
  version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 247 ] || fail "systemd ${version:-?} is older than 247, the first that loads credentials"
  case "$python $("$python" -c 'import sys; print(sys.base_prefix)')" in
    /home/* | /root/* | *" /home/"* | *" /root/"*) fail "$python: the unit sees no homes. Install sidecar-kit below /opt and name it with --python" ;;
  esac
fi

# Each file is written next to its place and moved, so a stop half-way leaves whole files.
put() {
  mkdir -p "$root$(dirname "$3")"
  rm -f "$root$3.new"
  (umask 077 && cat "$2" >"$root$3.new")
  chmod "$1" "$root$3.new"
  mv -f "$root$3.new" "$root$3"
}
put 0755 "$program" /usr/local/lib/sidecar-agent/otelcol
printf '#!/bin/sh\nexec "%s" -m sidecar.forwarder "$@"\n' "$python" | put 0755 - /usr/local/lib/sidecar-agent/forwarder
put 0600 "$token" /etc/sidecar-agent/token
put 0644 "$here/config.yaml" /etc/sidecar-agent/config.yaml
put 0644 "$here/sidecar-forwarder.service" /etc/systemd/system/sidecar-forwarder.service
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
systemctl enable --quiet sidecar-forwarder.service sidecar-agent.service
systemctl restart sidecar-forwarder.service sidecar-agent.service
fetch='import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=1)'
await sidecar-forwarder 14318 "$python" -c "$fetch" http://127.0.0.1:14318/healthz
await sidecar-agent 13133 "$python" -c "$fetch" http://127.0.0.1:13133/
echo "sidecar-agent: runs, and sends to tracing-analysis-dc-sh.aliyuncs.com:8090"
echo "Services of this host report to 127.0.0.1:6831, which is a client's default."
