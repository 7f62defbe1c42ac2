{{/* The container of one workload. Each template takes root, component and workload. */}}

{{- define "sidecar.workload.container" -}}
{{- $charts := include "sidecar.workload.chartsContainer" . -}}
{{- if .workload.container -}}
{{- $own := $charts | fromYamlArray | first -}}
{{- $security := $own.securityContext -}}
{{- range $key, $value := .workload.container -}}
{{- $_ := set $own $key $value -}}
{{- end -}}
{{- range $key, $value := .workload.container.securityContext -}}
{{- $_ := set $security $key $value -}}
{{- end -}}
{{- list (set $own "securityContext" $security) | toYaml -}}
{{- else -}}
{{- $charts -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.workload.chartsContainer" -}}
{{- $values := .root.Values -}}
{{- $image := .workload.image | default $values.images.sample -}}
- name: {{ .component | quote }}
  image: {{ include "sidecar.image" (dict "root" .root "name" $image) | quote }}
  imagePullPolicy: {{ $values.images.pullPolicy }}
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
  {{- if or .workload.port .workload.extraPorts }}
  ports:
    {{- with .workload.port }}
    - {name: http, containerPort: {{ . }}}
    {{- end }}
    {{- range .workload.extraPorts }}
    {{- $protocol := .protocol | default "TCP" }}
    - {name: {{ .name | quote }}, containerPort: {{ int .port }}, protocol: {{ $protocol }}}
    {{- end }}
  {{- end }}
  {{- with include "sidecar.workload.probes" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .workload.lifecycle }}
  lifecycle:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml (.workload.resources | default $values.resources) | nindent 4 }}
  securityContext:
    {{- $readOnly := ne (toString .workload.readOnlyRootFilesystem) "false" }}
    {{- $security := dict "readOnly" $readOnly "user" .workload.runAsUser }}
    {{- include "sidecar.security.container" $security | nindent 4 }}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    {{- with .workload.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* The number of a peer's port; empty where its service has none such. Takes root and peer. */}}
{{- define "sidecar.peer.port" -}}
{{- $service := get .root.Values.services .peer.service | default dict -}}
{{- if not .peer.port -}}
{{- with $service.port -}}{{- int . -}}{{- end -}}
{{- end -}}
{{- range $service.extraPorts -}}
{{- if eq .name ($.peer.port | default "") -}}{{- int .port -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Variable → value, as YAML: the chart's, then the addresses of peers, then the user's. The last
value of a name wins. */}}
{{- define "sidecar.workload.plainEnv" -}}
{{- $root := .root -}}
{{- $env := dict "JAEGER_AGENT_HOST" "127.0.0.1" "JAEGER_AGENT_PORT" "6831" -}}
{{- $_ := set $env "JAEGER_SERVICE_NAME" .component -}}
{{- range $name, $peer := .workload.peers -}}
{{- $host := include "sidecar.name" (dict "root" $root "component" $peer.service) -}}
{{- $port := include "sidecar.peer.port" (dict "root" $root "peer" $peer) -}}
{{- $scheme := hasKey $peer "scheme" | ternary $peer.scheme "http" -}}
{{- if $scheme -}}{{- $scheme = printf "%s://" $scheme -}}{{- end -}}
{{- $_ := printf "%s%s:%s%s" $scheme $host $port ($peer.path | default "") | set $env $name -}}
{{- end -}}
{{- $users := .workload.env | default dict -}}
{{- mergeOverwrite $env $root.Values.env $users | include "sidecar.texts" -}}
{{- end -}}

{{/* The variables as items of a list, each name once: `extraEnv` wins over `env`. */}}
{{- define "sidecar.workload.env" -}}
{{- $list := concat .root.Values.extraEnv (.workload.extraEnv | default list) -}}
{{- $extra := dict -}}
{{- range $list -}}
{{- $_ := set $extra .name . -}}
{{- end -}}
{{- range $name, $value := include "sidecar.workload.plainEnv" . | fromYaml }}
{{- if not (hasKey $extra $name) }}
- name: {{ $name | quote }}
  value: {{ toJson $value }}
{{- end }}
{{- end }}
{{- range $list }}
{{- if deepEqual . (get $extra .name) }}
{{- $_ := set $extra .name "done" }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The user's other containers; init containers come after a native agent, so that their spans
arrive. What they leave out is as for the workload. Takes more, too: the containers. */}}
{{- define "sidecar.workload.more" -}}
{{- $values := .root.Values -}}
{{- range .more }}
{{- $own := deepCopy . }}
{{- $image := .image | default $.workload.image | default $values.images.sample }}
{{- $_ := set $own "image" (include "sidecar.image" (dict "root" $.root "name" $image)) }}
{{- $names := list -}}
{{- range .env }}{{- $names = append $names .name }}{{- end }}
{{- $env := .env | default list }}
{{- $name := dict "name" "JAEGER_SERVICE_NAME" "value" $.component }}
{{- range include "sidecar.agent.env" $.root | fromYamlArray | concat (list $name) }}
{{- if not (has .name $names) }}{{- $env = prepend $env . }}{{- end }}
{{- end }}
{{- $_ := set $own "env" $env }}
{{- $mounts := .volumeMounts | default (list (dict "name" "tmp" "mountPath" "/tmp")) }}
{{- $_ := set $own "volumeMounts" $mounts }}
{{- $security := dict "readOnly" true "user" $.workload.runAsUser }}
{{- $security = include "sidecar.security.container" $security | fromYaml }}
{{- $_ := set $own "securityContext" (mergeOverwrite $security (.securityContext | default dict)) }}
{{- $defaults := dict "imagePullPolicy" $values.images.pullPolicy }}
{{- $_ := set $defaults "resources" ($.workload.resources | default $values.resources) }}
{{ list (mergeOverwrite $defaults $own) | toYaml }}
{{- end }}
{{- end -}}

{{/* Takes path and command. */}}
{{- define "sidecar.workload.probe" -}}
{{- if .command -}}
exec:
  command: {{ toJson .command }}
{{- else -}}
httpGet: {path: {{ .path | quote }}, port: http}
{{- end -}}
{{- end -}}

{{- define "sidecar.workload.probes" -}}
{{- with .workload.health }}
{{- $probe := include "sidecar.workload.probe" . | fromYaml -}}
{{- $ready := include "sidecar.workload.probe" (.ready | default .) | fromYaml -}}
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
  {{- toYaml $ready | nindent 2 }}
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
