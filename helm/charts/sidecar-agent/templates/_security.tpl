{{/* What Pod Security `restricted` asks for, and a read-only root file system. */}}

{{/* Only an emptyDir is writable for every user. */}}
{{- define "sidecar.security.pod" -}}
{{- if and (include "sidecar.agent.isCollector" .) (ne .Values.agent.queue.volume "emptyDir") -}}
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
{{ end -}}
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
