{{/* Names of images. */}}

{{/* A name without a registry gets global.imageRegistry. Takes root and name. */}}
{{- define "sidecar.image" -}}
{{- $first := splitList "/" .name | first -}}
{{- $isHost := or (contains "." $first) (contains ":" $first) (eq $first "localhost") -}}
{{- $registry := .root.Values.global.imageRegistry | trimSuffix "/" -}}
{{- if or (not $registry) (and $isHost (contains "/" .name)) -}}
{{ .name }}
{{- else -}}
{{ printf "%s/%s" $registry .name }}
{{- end -}}
{{- end -}}

{{/* A name without a tag or digest gets agent.version as its tag. */}}
{{- define "sidecar.agent.image" -}}
{{- $name := .Values.images.agent -}}
{{- if not (regexMatch "(:[^/]+|@.+)$" $name) -}}
{{- $name = printf "%s:%s" $name .Values.agent.version -}}
{{- end -}}
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
