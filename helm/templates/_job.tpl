{{- define "sidecar.job.limits" -}}
backoffLimit: {{ kindIs "invalid" .backoffLimit | ternary 3 .backoffLimit }}
{{- with .activeDeadlineSeconds }}
activeDeadlineSeconds: {{ . | int64 }}
{{- end }}
{{- if not (kindIs "invalid" .ttlSecondsAfterFinished) }}
ttlSecondsAfterFinished: {{ .ttlSecondsAfterFinished | int64 }}
{{- end }}
{{- end -}}

{{/* Eight letters of what a Job cannot change in place. */}}
{{- define "sidecar.job.digest" -}}
{{- printf "%s%s" (include "sidecar.pod" .) (include "sidecar.job.limits" .workload) | sha256sum | trunc 8 -}}
{{- end -}}
