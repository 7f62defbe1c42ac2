{{/* The Secret with the token. Its key agent.yaml is a jaeger-agent's configuration file, and its key
token is what a collector reads. */}}

{{- define "sidecar.token.secret" -}}
{{- .Values.existingSecret | default .tokenSecret -}}
{{- end -}}

{{- define "sidecar.token.key" -}}
{{- if include "sidecar.agent.isCollector" . -}}token{{- else -}}agent.yaml{{- end -}}
{{- end -}}

{{/* One key of it as a volume. Takes root and key. */}}
{{- define "sidecar.token.volume" -}}
- name: sidecar-token
  secret:
    secretName: {{ include "sidecar.token.secret" .root | quote }}
    items: [{key: {{ .key }}, path: {{ .key }}}]
    defaultMode: 0444
{{- end -}}

{{/* Rolls the pods when tokenRevision changes: a map of annotations, as YAML. */}}
{{- define "sidecar.token.annotations" -}}
{{- with .Values.tokenRevision }}
sidecar-kit/token-revision: {{ include "sidecar.text" . | toJson }}
{{- end }}
{{- end -}}
