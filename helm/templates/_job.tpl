{{/* What Jobs and CronJobs share. */}}

{{/* Takes the workload. */}}
{{- define "sidecar.job.limits" -}}
backoffLimit: {{ kindIs "invalid" .backoffLimit | ternary 3 .backoffLimit }}
{{- with .activeDeadlineSeconds }}
activeDeadlineSeconds: {{ . | int64 }}
{{- end }}
{{- if not (kindIs "invalid" .ttlSecondsAfterFinished) }}
ttlSecondsAfterFinished: {{ .ttlSecondsAfterFinished | int64 }}
{{- end }}
{{- with .workload }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Eight characters that follow everything that cannot change in a Job. Takes a pod's scope. */}}
{{- define "sidecar.job.digest" -}}
{{- $limits := include "sidecar.job.limits" .workload -}}
{{- printf "%s%s" (include "sidecar.pod" .) $limits | sha256sum | trunc 8 -}}
{{- end -}}
