{{/*
Before a jaeger-agent: a container that ends once the gateway answers. An agent that starts
before its gateway gives each packet up after three tries. A collector keeps what it has instead.
*/}}

{{- define "sidecar.wait.seconds" -}}
{{- $seconds := .Values.gateway.waitSeconds -}}
{{- if .Values.standIn.enabled -}}{{- $seconds = .Values.standIn.waitSeconds -}}{{- end -}}
{{- if include "sidecar.agent.isCollector" . -}}{{- $seconds = 0 -}}{{- end -}}
{{- int $seconds -}}
{{- end -}}

{{/* Takes host, port, seconds and tls as arguments. What it prints is the container's message, too.

A connection alone proves nothing: before the node routes a new Service, a transparent proxy or a
mesh may accept it. A gRPC server answers a call to anything with HEADERS on stream 1 that begin
with `:status 200`, 0x88 (RFC 7541, appendix A), maybe after the size of the table; such a proxy
does not. Over TLS, only a connection is asked for. */}}
{{- define "sidecar.wait.script" -}}
trap 'exit 143' TERM
say() { echo "$1" | tee /dev/termination-log; }
answers() {
  exec 3<> "/dev/tcp/$1/$2" || return
  if [ "$3" = true ]; then return; fi
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
until timeout 2 bash -c 'answers "$@"' - "$1" "$2" "$4" 2> /dev/null; do
  if [ "$SECONDS" -ge "$3" ]; then
    say "gateway $1:$2: cannot be reached after $3 s. The agent starts; spans are lost until it can"
    exit 0
  fi
  sleep 0.2
done
say "gateway $1:$2: can be reached after $SECONDS s"
{{- end -}}

{{/* An item of initContainers, or nothing. */}}
{{- define "sidecar.wait.container" -}}
{{- $seconds := include "sidecar.wait.seconds" . -}}
{{- if ne $seconds "0" -}}
{{- $host := .Values.gateway.host | default (include "sidecar.gateway.name" .) -}}
- name: sidecar-wait
  image: {{ include "sidecar.image" (dict "root" . "name" .Values.images.gateway) | quote }}
  imagePullPolicy: {{ .Values.images.pullPolicy }}
  command:
    - bash
    - -c
    - |
      {{- include "sidecar.wait.script" . | nindent 6 }}
    - sidecar-wait
  args:
    - {{ $host | quote }}
    - {{ int .Values.gateway.port | quote }}
    - {{ $seconds | quote }}
    - {{ toString .Values.gateway.tls | quote }}
  {{- /* it ends before the agent starts, so that its requests are not added to the pod's */}}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
{{- end -}}
{{- end -}}
