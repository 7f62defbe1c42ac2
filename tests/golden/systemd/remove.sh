#!/bin/sh
# Rendered by sidecar 0.1.0. Removes all that install.sh put on this host.
set -eu

case ${1:-} in
  "") ;;
  -h | --help) echo "usage: sudo sh remove.sh"; exit 0 ;;
  *) echo "remove.sh: $1: unknown argument. It takes none" >&2; exit 2 ;;
esac
root=${DESTDIR:-}
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || { echo "remove.sh: needs root. Run it with sudo" >&2; exit 1; }
  systemctl disable --quiet --now sidecar-agent.service || true
fi
rm -f "$root/etc/systemd/system/sidecar-agent.service"
rm -f "$root/etc/sidecar-agent/agent.yaml"
rm -f "$root/usr/local/lib/sidecar-agent/jaeger-agent"
for folder in /etc/sidecar-agent /usr/local/lib/sidecar-agent; do
  rmdir "$root$folder" 2>/dev/null || true
done
[ -n "$root" ] || systemctl daemon-reload
echo "sidecar-agent: removed"
