{{/* How many pods a service has, and how many of them may go. */}}

{{- define "sidecar.validate.scale" -}}
{{- with .workload.autoscaling -}}
{{- if lt (int .maxReplicas) (.minReplicas | default 1 | int) -}}
{{- $cause := printf "%d is less than minReplicas, %d" (int .maxReplicas) (int .minReplicas) -}}
{{- fail (printf "%s.autoscaling.maxReplicas: %s. Use more" $.path $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.budget" -}}
{{- $path := printf "%s.podDisruptionBudget" .path -}}
{{- $replicas := .workload.replicas -}}
{{- with .workload.autoscaling -}}{{- $replicas = .minReplicas | default 1 -}}{{- end -}}
{{- $budget := .workload.podDisruptionBudget -}}
{{- if kindIs "map" $budget -}}
{{- $hasMinimum := not (kindIs "invalid" $budget.minAvailable) -}}
{{- $hasMaximum := not (kindIs "invalid" $budget.maxUnavailable) -}}
{{- if and $hasMinimum $hasMaximum -}}
{{- fail (printf "%s: both minAvailable and maxUnavailable are given. Set one to null" $path) -}}
{{- end -}}
{{- if not (or $hasMinimum $hasMaximum) -}}
{{- fail (printf "%s: has neither minAvailable nor maxUnavailable. Give one" $path) -}}
{{- end -}}
{{- $blocks := dict "minAvailable" (list "100%") "maxUnavailable" (list "0" "0%" "00%") -}}
{{- range $key, $values := $blocks -}}
{{- if has (toString (get $budget $key)) $values -}}
{{- $cause := printf "%v lets no pod be evicted, so no node can be drained" (get $budget $key) -}}
{{- fail (printf "%s.%s: %s. Let one go" $path $key $cause) -}}
{{- end -}}
{{- end -}}
{{- $isNumber := and $hasMinimum (not (kindIs "string" $budget.minAvailable)) -}}
{{- if and $isNumber $replicas (ge (int $budget.minAvailable) (int $replicas)) -}}
{{- $counts := printf "%d of %d replicas" (int $budget.minAvailable) (int $replicas) -}}
{{- $cause := printf "%s lets no pod be evicted, so no node can be drained" $counts -}}
{{- fail (printf "%s.minAvailable: %s. Use less, or more replicas" $path $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}
