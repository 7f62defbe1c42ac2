{{/* A pod: one workload with its agent. Takes root, component, workload, annotations and
restartPolicy. */}}

{{- define "sidecar.pod" -}}
{{- $grace := dict "terminationGracePeriodSeconds" (include "sidecar.pod.grace" . | int) -}}
{{- $root := set (omit .root "Values") "Values" (merge $grace .root.Values) -}}
{{- $agent := merge (include "sidecar.agent.scope" $root | fromYaml) $root -}}
{{- $annotations := .annotations | default dict -}}
{{- if include "sidecar.canary.orCollectors" $root -}}
{{- $digest := include "sidecar.canary.config" $root | sha256sum -}}
{{- $annotations = merge (dict) $annotations (dict "checksum/collector" $digest) -}}
{{- end -}}
{{- $described := dict "root" $root "component" .component "workload" .workload -}}
{{- $_ := set $described "annotations" $annotations -}}
metadata:
  {{- include "sidecar.pod.metadata" $described | nindent 2 }}
spec:
  {{- include "sidecar.pod.settings" (dict "root" $root "own" .workload "component" .component) | nindent 2 }}
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- $native := include "sidecar.agent.native" $agent }}
  {{- $wait := include "sidecar.wait.agent" $root | trim }}
  {{- if or $native $wait .workload.initContainers }}
  initContainers:
    {{- with $wait }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- if $native }}
    {{- include "sidecar.canary.containers" $root | nindent 4 }}
    {{- end }}
    {{- include "sidecar.workload.more" (set . "more" .workload.initContainers) | nindent 4 }}
  {{- end }}
  containers:
    {{- if not $native }}
    {{- include "sidecar.canary.containers" $root | nindent 4 }}
    {{- end }}
    {{- include "sidecar.workload.container" . | nindent 4 }}
    {{- with .workload.extraContainers }}
    {{- include "sidecar.workload.more" (set $ "more" .) | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "sidecar.canary.volumes" $root | nindent 4 }}
    - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
    {{- with .workload.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Takes root and workload. */}}
{{- define "sidecar.pod.grace" -}}
{{- .workload.terminationGracePeriodSeconds | default .root.Values.terminationGracePeriodSeconds -}}
{{- end -}}

{{/* The longest of all pods with an agent. */}}
{{- define "sidecar.pod.longestGrace" -}}
{{- $longest := int .Values.terminationGracePeriodSeconds -}}
{{- range $workloads := list .Values.services .Values.jobs .Values.cronJobs -}}
{{- range $workload := $workloads -}}
{{- if include "sidecar.runs" $workload -}}
{{- $grace := include "sidecar.pod.grace" (dict "root" $ "workload" $workload) -}}
{{- $longest = max $longest (int $grace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $longest -}}
{{- end -}}

{{/* Takes root, component, and own: what the workload, or the section of one of the chart's own
pods, has of these settings. */}}
{{- define "sidecar.pod.settings" -}}
{{- $pod := dict "automountServiceAccountToken" false "enableServiceLinks" false -}}
{{- mergeOverwrite $pod (.own.pod | default dict | deepCopy) | toYaml }}
securityContext:
  {{- $queues := .root }}
  {{- if .root.Values.agent.canary }}
  {{- $queues = merge (include "sidecar.canary.scope" .root | fromYaml) (omit .root "Values") }}
  {{- end }}
  {{- $security := include "sidecar.security.pod" $queues | fromYaml }}
  {{- mergeOverwrite $security (.own.podSecurityContext | default dict) | toYaml | nindent 2 }}
{{- include "sidecar.pullSecrets" .root }}
{{- include "sidecar.pod.placement" . }}
{{- end -}}

{{/* The chart's own pods, whose settings are empty by default, have those for every pod, but for
those that say how a service's pods stand to each other. */}}
{{- define "sidecar.pod.placement" -}}
{{- $own := .own -}}
{{- $apart := list "affinity" "topologySpreadConstraints" -}}
{{- $keys := concat (list "serviceAccountName" "priorityClassName" "nodeSelector" "tolerations") $apart -}}
{{- range $key := $keys -}}
{{- $value := get $own $key -}}
{{- $isGiven := hasKey $own $key | and (not (kindIs "invalid" $value)) -}}
{{- if and $.isChartsOwn (not $value) -}}
{{- $isGiven = has $key $apart -}}
{{- end -}}
{{- if not $isGiven -}}{{- $value = get $.root.Values $key -}}{{- end -}}
{{- if eq $key "nodeSelector" -}}
{{- $value = include "sidecar.texts" ($value | default dict) | fromYaml -}}
{{- end -}}
{{- if and (eq $key "topologySpreadConstraints") $.component -}}
{{- $value = include "sidecar.pod.spread" (set $ "constraints" $value) | fromYamlArray -}}
{{- end -}}
{{- if $value }}
{{ dict $key $value | toYaml }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Constraints without a labelSelector, which would count no pod, count those of the component. */}}
{{- define "sidecar.pod.spread" -}}
{{- $labels := include "sidecar.selector" . | fromYaml -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" $labels) -}}
{{- $constraints := list -}}
{{- range .constraints -}}
{{- $isWhole := kindIs "map" .labelSelector -}}
{{- $constraints = append $constraints (ternary . (mergeOverwrite (deepCopy .) $selector) $isWhole) -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}
