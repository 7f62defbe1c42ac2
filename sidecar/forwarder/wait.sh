# bash wait.sh NAME HOST:PORT SECONDS [TLS]: returns once a gateway, forwarder or relay answers, or
# after so many seconds. Run before an agent or a collector starts. What it prints is also its
# container's message.
#
# A connection alone proves nothing: before the node routes a new Service, a transparent proxy or a
# mesh may accept it. A gRPC server answers a call to anything with HEADERS on stream 1 that begin
# with `:status 200`, 0x88 (RFC 7541, appendix A), maybe after the size of the table; such a proxy
# does not. Over TLS (true), only a connection is asked for.
#
# In bash, because Python would take a third of a second of each pod's start.

name=$1 address=$2 seconds=$3 tls=${4:-false}

trap 'exit 143' TERM

say() { echo "$name $address: $1" | tee /dev/termination-log; }

answers() {
  exec 3<> "/dev/tcp/${1%:*}/${1##*:}" || return
  if [ "$2" = true ]; then return; fi
  printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0' >&3
  printf '\0\0\x29\1\5\0\0\0\1\x83\x86\4\2/-\1\1-\x0f\x10\x10application/grpc\0\2te\x08trailers' >&3
  for _ in 1 2 3 4 5; do
    part=$(dd bs=512 count=1 status=none <&3 | od -An -v -tx1 | tr -d ' \n')
    [ -n "$part" ] || return 1
    got=$got$part
    [[ $got =~ 01..00000001(20|3f....)?88 ]] && return
  done
  return 1
}
export -f answers

case $name in
  gateway) then="The agent starts; spans are lost until it can" ;;
  *) then="The collector starts, and keeps spans until it can" ;;
esac

until timeout 2 bash -c 'answers "$@"' - "$address" "$tls" 2> /dev/null; do
  if [ "$SECONDS" -ge "$seconds" ]; then
    say "cannot be reached after $seconds s. $then"
    exit 0
  fi
  sleep 0.2
done
say "can be reached after $SECONDS s"
