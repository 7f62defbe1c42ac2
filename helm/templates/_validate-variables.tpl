{{/* Names that YAML has read as something else. */}}

{{/* YAML 1.1, which Helm reads, takes an unquoted y, n, yes, no, on and off for true and false, also as
a key. Takes path and names: a map whose keys are variables. */}}
{{- define "sidecar.validate.variables" -}}
{{- range $name, $value := .names -}}
{{- if has $name (list "true" "false") -}}
{{- $names := ternary "y, yes, on or true" "n, no, off or false" (eq $name "true") -}}
{{- $cause := printf "an unquoted %s, which YAML reads as %s" $names $name -}}
{{- fail (printf "%s.%s: %s. Quote the variable's name, e.g. \"N\"" $.path $name $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of one workload. Takes path and workload. */}}
{{- define "sidecar.validate.workloadVariables" -}}
{{- range $section := list "env" "peers" -}}
{{- $names := get $.workload $section | default dict -}}
{{- $path := printf "%s.%s" $.path $section -}}
{{- include "sidecar.validate.variables" (dict "path" $path "names" $names) -}}
{{- end -}}
{{- end -}}
