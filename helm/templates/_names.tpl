{{/* Names, labels and annotations. */}}

{{/* How every name begins: as the release's, so that two releases fit one namespace. A parent chart
may have this one twice, each under an alias, which is then the chart's name. */}}
{{- define "sidecar.fullname" -}}
{{- $alias := ternary "" .Chart.Name (eq .Chart.Name "sidecar-kit") -}}
{{- $part := .Values.nameOverride | default $alias -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if and $part (not (contains $part .Release.Name)) -}}
{{ printf "%s-%s" .Release.Name $part }}
{{- else -}}
{{ .Release.Name }}
{{- end -}}
{{- end -}}

{{- define "sidecar.name" -}}
{{- printf "%s-%s" (include "sidecar.fullname" .root) .component -}}
{{- end -}}

{{- define "sidecar.gateway.name" -}}
{{- include "sidecar.name" (dict "root" . "component" "gateway") -}}
{{- end -}}

{{/* The labels of every pod of the release. */}}
{{- define "sidecar.selector.release" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of every pod of a component. */}}
{{- define "sidecar.selector" -}}
{{ include "sidecar.selector.release" .root }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}

{{/* The chart's labels; the user's override them, and the selector's override both. Takes root,
component and labels. */}}
{{- define "sidecar.labels" -}}
{{- $root := .root -}}
{{- $labels := dict "app.kubernetes.io/part-of" $root.Chart.Name -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $labels "sidecar-kit/region" $root.Values.region -}}
{{- $labels = mergeOverwrite $labels $root.Values.commonLabels (.labels | default dict) -}}
{{- include "sidecar.selector" . | fromYaml | mergeOverwrite $labels | include "sidecar.texts" -}}
{{- end -}}

{{/* The metadata of every object of a component. Takes root, component, labels, and own: what has
annotations of the object. */}}
{{- define "sidecar.metadata" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" -}}
{{- $labels := dict "app.kubernetes.io/version" .root.Chart.AppVersion "helm.sh/chart" $chart -}}
{{- $labels = mergeOverwrite $labels (.labels | default dict) -}}
name: {{ include "sidecar.name" . | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- $scope := dict "root" .root "component" .component "labels" $labels }}
  {{- include "sidecar.labels" $scope | nindent 2 }}
{{- $own := .own | default dict -}}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations ($own.annotations | default dict) }}
annotations:
  {{- include "sidecar.texts" . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The metadata of a pod, without labels that a new version of the chart alone would change. Takes
root, component, workload and annotations. */}}
{{- define "sidecar.pod.metadata" -}}
{{- $values := .root.Values -}}
{{- $workload := .workload | default dict -}}
{{- $labels := mergeOverwrite (dict) $values.podLabels ($workload.podLabels | default dict) -}}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" .component -}}
{{- /* what a node's drain by the cluster autoscaler need not keep: the volume for /tmp */}}
{{- $evictable := "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes" -}}
{{- if ne .component "relay" -}}{{- $_ := set $annotations $evictable "tmp" -}}{{- end -}}
{{- $users := $workload.podAnnotations | default dict -}}
{{- $annotations = mergeOverwrite $annotations $values.podAnnotations $users -}}
{{- $annotations = mergeOverwrite $annotations (.annotations | default dict) -}}
labels:
  {{- $scope := dict "root" .root "component" .component "labels" $labels }}
  {{- include "sidecar.labels" $scope | nindent 2 }}
annotations:
  {{- include "sidecar.texts" $annotations | nindent 2 }}
{{- end -}}

{{/* true: the workload is wanted. `enabled: false`, or null, removes one of the chart's own. */}}
{{- define "sidecar.runs" -}}
{{- if . -}}{{- if ne (toString .enabled) "false" -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* true: `helm test` sends a request to the service, which may be scaled to 0. */}}
{{- define "sidecar.delivery.asks" -}}
{{- if and (include "sidecar.runs" .) .port .example (ne (toString .replicas) "0") -}}true{{- end -}}
{{- end -}}
