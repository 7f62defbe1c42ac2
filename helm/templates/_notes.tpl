{{/* The service that NOTES calls: the sample's frontend, or the first with a port. */}}
{{- define "sidecar.notes.first" -}}
{{- $names := list -}}
{{- range $name, $service := .Values.services -}}
{{- if and (include "sidecar.runs" $service) $service.port (ne (toString $service.replicas) "0") -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- if has "frontend" $names -}}
frontend
{{- else if $names -}}
{{ first $names }}
{{- end -}}
{{- end -}}
