{{/* Kubernetes takes only strings in labels, annotations and selectors. */}}

{{/* A scalar as a string: 1000000 as the user wrote it. */}}
{{- define "sidecar.text" -}}
{{- kindIs "string" . | ternary . (toJson .) -}}
{{- end -}}

{{/* A map of scalars as a map of strings. */}}
{{- define "sidecar.texts" -}}
{{- $texts := dict -}}
{{- range $key, $value := . -}}
{{- $_ := set $texts $key (include "sidecar.text" $value) -}}
{{- end -}}
{{- toYaml $texts -}}
{{- end -}}
