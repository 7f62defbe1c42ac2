{{/*
Before a jaeger-agent: a container that ends once the gateway can be reached. An agent that starts
before its gateway gives each packet up after three tries. A collector keeps what it has instead.
*/}}

{{- define "sidecar.wait.seconds" -}}
{{- $seconds := .Values.gateway.waitSeconds -}}
{{- if .Values.standIn.enabled -}}{{- $seconds = .Values.standIn.waitSeconds -}}{{- end -}}
{{- if include "sidecar.agent.isCollector" . -}}{{- $seconds = 0 -}}{{- end -}}
{{- int $seconds -}}
{{- end -}}

{{/* Takes host, port and seconds as arguments. What it prints is the container's message, too. */}}
{{- define "sidecar.wait.script" -}}
trap 'exit 143' TERM
say() { echo "$1" | tee /dev/termination-log; }
until timeout 2 bash -c ': > "/dev/tcp/$0/$1"' "$1" "$2" 2> /dev/null; do
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
  args: [{{ $host | quote }}, {{ int .Values.gateway.port | quote }}, {{ $seconds | quote }}]
  {{- /* it ends before the agent starts, so that its requests are not added to the pod's */}}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
{{- end -}}
{{- end -}}
