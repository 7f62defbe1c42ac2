{{/* A pod: one workload with its agent. Takes root, component, workload, annotations and
restartPolicy. */}}

{{- define "sidecar.pod" -}}
{{- $root := .root -}}
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
  {{- include "sidecar.pod.settings" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- $native := include "sidecar.agent.native" $agent }}
  {{- $wait := include "sidecar.wait.container" $root }}
  {{- if or $native $wait }}
  initContainers:
    {{- with $wait }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- if $native }}
    {{- include "sidecar.canary.containers" $root | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    {{- if not $native }}
    {{- include "sidecar.canary.containers" $root | nindent 4 }}
    {{- end }}
    {{- include "sidecar.workload.container" . | nindent 4 }}
  volumes:
    {{- include "sidecar.canary.volumes" $root | nindent 4 }}
    - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
    {{- with .workload.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "sidecar.pod.settings" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- $own := . }}
  {{- if .Values.agent.canary }}
  {{- $own = merge (include "sidecar.canary.scope" . | fromYaml) (omit . "Values") }}
  {{- end }}
  {{- include "sidecar.security.pod" $own | nindent 2 }}
{{- include "sidecar.pullSecrets" . }}
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- include "sidecar.texts" . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

