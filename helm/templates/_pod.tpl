{{/* A pod: one workload with its agent. Takes root, component, workload, annotations and
restartPolicy. */}}

{{- define "sidecar.pod" -}}
{{- $root := .root -}}
{{- $agent := merge (include "sidecar.agent.scope" $root | fromYaml) $root -}}
{{- $annotations := .annotations | default dict -}}
{{- if include "sidecar.agent.isCollector" $agent -}}
{{- $agents := include "sidecar.agent.annotations" $agent | fromYaml -}}
{{- $annotations = merge (dict) $annotations (omit $agents "sidecar-kit/token-revision") -}}
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
    {{- include "sidecar.agent.container" $agent | nindent 4 }}
    {{- with include "sidecar.agent.drain" $agent }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
  {{- end }}
  containers:
    {{- if not $native }}
    {{- include "sidecar.agent.container" $agent | nindent 4 }}
    {{- end }}
    {{- include "sidecar.workload.container" . | nindent 4 }}
  volumes:
    {{- include "sidecar.agent.volumes" $agent | nindent 4 }}
    - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
    {{- with .workload.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "sidecar.pod.settings" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "sidecar.security.pod" . | nindent 2 }}
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

