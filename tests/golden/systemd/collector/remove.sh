#!/bin/sh
# Rendered by sidecar 0.1.0. Removes all that install.sh put on this host.
set -eu

queue=
case ${1:-} in
  "") ;;
  --queue) queue=yes ;;
  -h | --help)
    echo "usage: sudo sh remove.sh [--queue]"
    echo
    echo "  --queue  remove /var/lib/sidecar-agent, too, and the spans that wait in it"
    exit 0 ;;
  *) echo "remove.sh: $1: unknown argument. See --help" >&2; exit 2 ;;
esac
root=${DESTDIR:-}
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || { echo "remove.sh: needs root. Run it with sudo" >&2; exit 1; }
  systemctl disable --quiet --now sidecar-agent.service sidecar-forwarder.service || true
fi
rm -f "$root/etc/systemd/system/sidecar-agent.service"
rm -f "$root/etc/systemd/system/sidecar-forwarder.service"
rm -f "$root/etc/sidecar-agent/token"
rm -f "$root/etc/sidecar-agent/config.yaml"
rm -f "$root/usr/local/lib/sidecar-agent/otelcol"
rm -f "$root/usr/local/lib/sidecar-agent/forwarder"
for folder in /etc/sidecar-agent /usr/local/lib/sidecar-agent; do
  rmdir "$root$folder" 2>/dev/null || true
done
# The first is a link to the second, which systemd keeps for a user that comes and goes.
[ -z "$queue" ] || rm -rf "$root/var/lib/sidecar-agent" "$root/var/lib/private/sidecar-agent"
[ -n "$root" ] || systemctl daemon-reload
echo "sidecar-agent: removed"
[ -n "$queue" ] || [ ! -d "$root/var/lib/sidecar-agent" ] ||
  echo "The queue is still in /var/lib/sidecar-agent; \`remove.sh --queue\` removes it."
