{{/* What Pod Security "restricted" asks for, and a root that cannot be written to. */}}

{{- define "sidecar.security.pod" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "sidecar.security.container" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: {{ .readOnly }}
runAsNonRoot: true
{{- with .user }}
runAsUser: {{ . | int64 }}
runAsGroup: {{ . | int64 }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}
