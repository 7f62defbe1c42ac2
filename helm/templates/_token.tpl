{{/* The token's Secret: one that exists, or one of the chart's own. Its key agent.yaml is the agent's config file. */}}

{{- define "sidecar.token.secret" -}}
{{- .Values.existingSecret | default (include "sidecar.name" (dict "root" . "component" "token")) -}}
{{- end -}}

{{/* The stand-in's public constant; no secret. */}}
{{- define "sidecar.token.local" -}}local@stand-in_local@public-constant{{- end -}}

{{- define "sidecar.token.config" -}}
{{- $key := semverCompare ">=1.16.0" .Values.agent.version | ternary "agent" "jaeger" -}}
{{- $token := .Values.token | default (include "sidecar.token.local" .) -}}
{{ $key }}:
  tags: {{ printf "Authentication=%s" $token | quote }}
{{- end -}}

{{/* True where the chart makes the Secret. */}}
{{- define "sidecar.token.made" -}}
{{- if and (not .Values.existingSecret) (or .Values.token .Values.standIn.enabled) -}}true{{- end -}}
{{- end -}}

{{/* What rolls the pods when the token changes: a map of annotations, as YAML. */}}
{{- define "sidecar.token.annotations" -}}
{{- if include "sidecar.token.made" . }}
checksum/token: {{ include "sidecar.token.config" . | sha256sum }}
{{- end }}
{{- with .Values.tokenRevision }}
sidecar-kit/token-revision: {{ include "sidecar.text" . | toJson }}
{{- end }}
{{- end -}}
