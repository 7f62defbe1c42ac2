{{/* An image's name: behind global.imageRegistry, unless it names a registry of its own. */}}
{{- define "sidecar.image" -}}
{{- $first := splitList "/" .name | first -}}
{{- $named := and (contains "/" .name) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $registry := .root.Values.global.imageRegistry | trimSuffix "/" -}}
{{- if or $named (not $registry) -}}
{{ .name }}
{{- else -}}
{{ printf "%s/%s" $registry .name }}
{{- end -}}
{{- end -}}

{{- define "sidecar.agent.image" -}}
{{- $exact := regexMatch "(:[^/]+|@.+)$" .Values.images.agent -}}
{{- $name := $exact | ternary .Values.images.agent (printf "%s:%s" .Values.images.agent .Values.agent.version) -}}
{{- include "sidecar.image" (dict "root" . "name" $name) -}}
{{- end -}}

{{- define "sidecar.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}
