{{/* A pod: one workload, and the agent beside it. Takes root, component, workload, annotations and restartPolicy. */}}

{{- define "sidecar.pod" -}}
{{- $root := .root -}}
metadata:
  {{- include "sidecar.pod.metadata" . | nindent 2 }}
spec:
  {{- include "sidecar.pod.settings" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- if include "sidecar.agent.native" $root }}
  initContainers:
    {{- include "sidecar.agent.container" $root | nindent 4 }}
  containers:
  {{- else }}
  containers:
    {{- include "sidecar.agent.container" $root | nindent 4 }}
  {{- end }}
    {{- include "sidecar.workload.container" . | nindent 4 }}
  volumes:
    {{- include "sidecar.agent.volumes" $root | nindent 4 }}
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

{{- define "sidecar.workload.container" -}}
{{- $root := .root -}}
- name: {{ .component | quote }}
  image: {{ include "sidecar.image" (dict "root" $root "name" (.workload.image | default $root.Values.images.sample)) | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  {{- with .workload.command }}
  command: {{ toJson . }}
  {{- end }}
  {{- with .workload.args }}
  args: {{ toJson . }}
  {{- end }}
  env:
    {{- include "sidecar.workload.env" . | trim | nindent 4 }}
  {{- with .workload.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .workload.port }}
  ports:
    - {name: http, containerPort: {{ . }}}
  {{- end }}
  {{- with include "sidecar.workload.probes" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .workload.lifecycle }}
  lifecycle:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml (.workload.resources | default $root.Values.resources) | nindent 4 }}
  securityContext:
    {{- $readOnly := ne (toString .workload.readOnlyRootFilesystem) "false" }}
    {{- include "sidecar.security.container" (dict "readOnly" $readOnly "user" .workload.runAsUser) | nindent 4 }}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    {{- with .workload.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* The kit's variables, then the peers' addresses, then the workload's own: the last of a name wins. */}}
{{- define "sidecar.workload.env" -}}
{{- $root := .root -}}
{{- $env := dict "JAEGER_AGENT_HOST" "127.0.0.1" "JAEGER_AGENT_PORT" "6831" "JAEGER_SERVICE_NAME" .component -}}
{{- range $name, $peer := .workload.peers -}}
{{- $host := include "sidecar.name" (dict "root" $root "component" $peer.service) -}}
{{- $port := (get $root.Values.services $peer.service).port -}}
{{- $_ := set $env $name (printf "%s://%s:%d%s" ($peer.scheme | default "http") $host (int $port) ($peer.path | default "")) -}}
{{- end -}}
{{- $list := concat $root.Values.extraEnv (.workload.extraEnv | default list) -}}
{{- $extra := dict -}}
{{- range $list -}}
{{- $_ := set $extra .name . -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $env $root.Values.env (.workload.env | default dict) }}
{{- if not (hasKey $extra $name) }}
- name: {{ $name | quote }}
  value: {{ include "sidecar.text" $value | toJson }}
{{- end }}
{{- end }}
{{- range $list }}
{{- if deepEqual . (get $extra .name) }}
{{- $_ := set $extra .name "done" }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "sidecar.workload.probes" -}}
{{- with .workload.health }}
{{- $probe := .command | empty | not | ternary (dict "exec" (dict "command" .command)) (dict "httpGet" (dict "path" .path "port" "http")) -}}
{{- $interval := .intervalSeconds | default 5 | int -}}
{{- $timeout := .timeoutSeconds | default 3 | int -}}
{{- $retries := .retries | default 5 | int -}}
{{- $starting := kindIs "invalid" .startSeconds | ternary 30 .startSeconds | int -}}
startupProbe:
  {{- toYaml $probe | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: {{ $timeout }}
  failureThreshold: {{ add (div $starting 2) (mul $retries $interval) }}
readinessProbe:
  {{- toYaml $probe | nindent 2 }}
  periodSeconds: {{ $interval }}
  timeoutSeconds: {{ $timeout }}
  failureThreshold: {{ $retries }}
livenessProbe:
  {{- toYaml $probe | nindent 2 }}
  periodSeconds: {{ mul 2 $interval }}
  timeoutSeconds: {{ mul 2 $timeout }}
  failureThreshold: {{ mul 2 $retries }}
{{- end }}
{{- end -}}

{{/* The first service that has a port; NOTES shows how to call it. The sample's frontend goes before its backend. */}}
{{- define "sidecar.notes.first" -}}
{{- $names := list -}}
{{- range $name, $service := .Values.services -}}
{{- if and (include "sidecar.runs" $service) $service.port -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- if has "frontend" $names -}}frontend{{- else if $names -}}{{ first $names }}{{- end -}}
{{- end -}}
