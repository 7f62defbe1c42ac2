{{/* The Secret with the token. Its key agent.yaml is the agent's configuration file. */}}

{{- define "sidecar.token.secret" -}}
{{- .Values.existingSecret | default .tokenSecret -}}
{{- end -}}

{{/* Rolls the pods when tokenRevision changes: a map of annotations, as YAML. */}}
{{- define "sidecar.token.annotations" -}}
{{- with .Values.tokenRevision }}
sidecar-kit/token-revision: {{ include "sidecar.text" . | toJson }}
{{- end }}
{{- end -}}
