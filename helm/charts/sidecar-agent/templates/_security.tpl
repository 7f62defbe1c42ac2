{{/* What Pod Security `restricted` asks for, and a read-only root file system. */}}

{{- define "sidecar.security.pod" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Takes readOnly and user; without a user, the image decides. */}}
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
