{{/* The Secret with the token: an existing one, or the chart's own. */}}

{{/* What the library's templates need in addition to the values: the names of the stand-in and of
the chart's own Secret. */}}
{{- define "sidecar.agent.scope" -}}
gatewayHost: {{ include "sidecar.gateway.name" . | quote }}
tokenSecret: {{ include "sidecar.name" (dict "root" . "component" "token") | quote }}
collectorConfig: {{ include "sidecar.name" (dict "root" . "component" "collector") | quote }}
{{- if .Values.agent.canary }}
compactPort: 16831
{{- end }}
{{- if include "sidecar.agent.isCollector" . }}
{{- if .Values.relay.replicas }}
forwarder: {{ printf "%s:4317" (include "sidecar.relay.name" .) | quote }}
{{- else }}
forwarder: {{ include "sidecar.forwarder.address" . | quote }}
{{- end }}
drain:
  image: {{ include "sidecar.image" (dict "root" . "name" .Values.images.gateway) | quote }}
  seconds: {{ max 1 (sub .Values.terminationGracePeriodSeconds 5) }}
{{- end }}
{{- end -}}

{{/* The stand-in's public constant, which is no secret. */}}
{{- define "sidecar.token.local" -}}local@stand-in_local@public-constant{{- end -}}

{{- define "sidecar.token.given" -}}
{{- .Values.token | default (include "sidecar.token.local" .) -}}
{{- end -}}

{{- define "sidecar.token.config" -}}
{{- $isOld := semverCompare "<1.16.0" .Values.agent.version -}}
{{- if include "sidecar.agent.isCollector" . -}}{{- $isOld = false -}}{{- end -}}
{{- $key := $isOld | ternary "jaeger" "agent" -}}
{{- $token := include "sidecar.token.given" . -}}
{{ $key }}:
  tags: {{ printf "Authentication=%s" $token | quote }}
{{- end -}}

{{/* true: the chart makes the Secret. */}}
{{- define "sidecar.token.made" -}}
{{- if and (not .Values.existingSecret) (or .Values.token .Values.standIn.enabled) -}}
true
{{- end -}}
{{- end -}}

{{/* Rolls the pods when the token changes: a map of annotations, as YAML. */}}
{{- define "sidecar.token.rollout" -}}
{{- if include "sidecar.token.made" . }}
checksum/token: {{ include "sidecar.token.config" . | sha256sum }}
{{- end }}
{{- include "sidecar.token.annotations" . }}
{{- end -}}
