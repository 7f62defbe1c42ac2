{{/* Names, labels and annotations. Every name begins with the release's, so that two releases fit one namespace. */}}

{{- define "sidecar.name" -}}
{{- printf "%s-%s" .root.Release.Name .component -}}
{{- end -}}

{{- define "sidecar.gateway.name" -}}
{{- include "sidecar.name" (dict "root" . "component" "gateway") -}}
{{- end -}}

{{/* A scalar as text: 1000000 as it was written. */}}
{{- define "sidecar.text" -}}
{{- kindIs "string" . | ternary . (toJson .) -}}
{{- end -}}

{{/* A map of scalars; Kubernetes takes texts only. */}}
{{- define "sidecar.texts" -}}
{{- $texts := dict -}}
{{- range $key, $value := . -}}
{{- $_ := set $texts $key (include "sidecar.text" $value) -}}
{{- end -}}
{{- toYaml $texts -}}
{{- end -}}

{{- define "sidecar.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}

{{/* Labels: the kit's, over them the user's, over them those that pods are selected by. Takes labels of its own, too. */}}
{{- define "sidecar.labels" -}}
{{- $kit := dict "app.kubernetes.io/part-of" .root.Chart.Name "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $kit "sidecar-kit/region" .root.Values.region -}}
{{- $selector := include "sidecar.selector" . | fromYaml -}}
{{- include "sidecar.texts" (mergeOverwrite $kit .root.Values.commonLabels (.labels | default dict) $selector) -}}
{{- end -}}

{{/* What every object of a component is headed by; takes root, component, and labels of its own. */}}
{{- define "sidecar.metadata" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" -}}
{{- $versions := dict "app.kubernetes.io/version" .root.Chart.AppVersion "helm.sh/chart" $chart -}}
{{- $labels := mergeOverwrite $versions (.labels | default dict) -}}
name: {{ include "sidecar.name" . | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "sidecar.labels" (dict "root" .root "component" .component "labels" $labels) | nindent 2 }}
{{- with .root.Values.commonAnnotations }}
annotations:
  {{- include "sidecar.texts" . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Of a pod; no label that a new version of the chart alone would change. Takes root, component, workload, and
annotations of the chart's own. */}}
{{- define "sidecar.pod.metadata" -}}
{{- $workload := .workload | default dict -}}
{{- $labels := mergeOverwrite (dict) .root.Values.podLabels ($workload.podLabels | default dict) -}}
{{- $own := dict "kubectl.kubernetes.io/default-container" .component -}}
{{- $users := mergeOverwrite (dict) .root.Values.podAnnotations ($workload.podAnnotations | default dict) -}}
labels:
  {{- include "sidecar.labels" (dict "root" .root "component" .component "labels" $labels) | nindent 2 }}
annotations:
  {{- include "sidecar.texts" (mergeOverwrite $own $users (.annotations | default dict)) | nindent 2 }}
{{- end -}}

{{/* Whether a workload of the values is wanted: one of the chart's own is left out by enabled: false, or null. */}}
{{- define "sidecar.runs" -}}
{{- if . -}}{{- if ne (toString .enabled) "false" -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* Whether `helm test` sends a request to a service. */}}
{{- define "sidecar.delivery.asks" -}}
{{- if and (include "sidecar.runs" .) .port .example -}}true{{- end -}}
{{- end -}}
