{{/* What is laid over a workload's objects must not be what the chart writes there. */}}

{{/* Where → key → what to use instead; empty: nothing. Takes section. */}}
{{- define "sidecar.laidOver.taken" -}}
container:
  {{- range list "image" "command" "args" "env" "envFrom" "lifecycle" "resources" }}
  {{ . }}: {{ . }}
  {{- end }}
  name: the workload's name
  ports: extraPorts
  volumeMounts: extraVolumeMounts
pod:
  {{- range list "initContainers" "serviceAccountName" "priorityClassName" "nodeSelector" "tolerations" }}
  {{ . }}: {{ . }}
  {{- end }}
  {{- range list "affinity" "topologySpreadConstraints" "terminationGracePeriodSeconds" }}
  {{ . }}: {{ . }}
  {{- end }}
  containers: extraContainers
  volumes: extraVolumes
  securityContext: podSecurityContext
  imagePullSecrets: global.imagePullSecrets
  restartPolicy: ""
  hostNetwork: ""
workload:
  selector: ""
  template: ""
  {{- if eq .section "services" }}
  replicas: replicas
  strategy: strategy
  {{- else }}
  manualSelector: ""
  {{- range list "backoffLimit" "activeDeadlineSeconds" "ttlSecondsAfterFinished" }}
  {{ . }}: {{ . }}
  {{- end }}
  {{- end }}
service.spec:
  selector: ""
  ports: port and extraPorts
{{- end -}}

{{/* Takes path, section and workload. */}}
{{- define "sidecar.validate.laidOver" -}}
{{- $service := .workload.service | default dict -}}
{{- $given := dict "container" .workload.container "pod" .workload.pod -}}
{{- $_ := set (set $given "workload" .workload.workload) "service.spec" $service.spec -}}
{{- if not (or .workload.port .workload.extraPorts) -}}
{{- range $key := list "service" "ingressFrom" -}}
{{- if get $.workload $key -}}
{{- fail (printf "%s.%s: there is no port that anyone may call. Give port, or remove it" $.path $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $where, $keys := include "sidecar.laidOver.taken" . | fromYaml -}}
{{- range $key, $instead := $keys -}}
{{- if hasKey (get $given $where | default dict) $key -}}
{{- $fix := ternary (printf "Use %s" $instead) "Remove it" (ne $instead "") -}}
{{- fail (printf "%s.%s.%s: the chart decides it. %s" $.path $where $key $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
