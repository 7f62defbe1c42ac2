{{- define "sidecar.job.limits" -}}
backoffLimit: {{ dig "backoffLimit" 3 . }}
{{- with .activeDeadlineSeconds }}
activeDeadlineSeconds: {{ . | int64 }}
{{- end }}
{{- if hasKey . "ttlSecondsAfterFinished" }}
ttlSecondsAfterFinished: {{ .ttlSecondsAfterFinished | int64 }}
{{- end }}
{{- end -}}

{{/* Eight letters of everything that goes into the Job. */}}
{{- define "sidecar.job.digest" -}}
{{- printf "%s%s%s" (toJson .job) (toJson (omit .root.Values "services" "cronJobs" "jobs" "standIn")) .root.Chart.Version | sha256sum | trunc 8 -}}
{{- end -}}
