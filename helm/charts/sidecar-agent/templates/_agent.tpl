{{/*
The agent as a container of a pod. Each template takes a scope with this chart's values:
  {{ include "sidecar.agent.container" (index .Subcharts "sidecar-agent") }}
A chart with a gateway or a Secret of its own adds their names to the scope, as `gatewayHost` and
`tokenSecret`. They count where `gateway.host` or `existingSecret` is empty. A chart with a forwarder
adds it as `forwarder`, HOST:PORT: collectors then have no token. A chart that has another receiver at
6831 adds `compactPort`; with two of these containers in a pod, the second one has `part`, its name.
*/}}

{{/* true: an init container that keeps running (Kubernetes 1.29 or later). It starts before the
service and stops after it. */}}
{{- define "sidecar.agent.native" -}}
{{- $able := semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}
{{- if or (eq .Values.agent.mode "native") (and (eq .Values.agent.mode "auto") $able) -}}
true
{{- end -}}
{{- end -}}

{{- define "sidecar.agent.gateway" -}}
{{- printf "%s:%d" (.Values.gateway.host | default .gatewayHost) (int .Values.gateway.port) -}}
{{- end -}}

{{/* The flags of this version. sidecar/plan/agents.py decides the same; a test compares both. */}}
{{- define "sidecar.agent.args" -}}
{{- if include "sidecar.agent.isCollector" . -}}
- "--config=/etc/otelcol/config.yaml"
{{- else -}}
{{ include "sidecar.agent.flags" . }}
{{- end }}
{{- range .Values.agent.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "sidecar.agent.flags" -}}
{{- $agent := .Values.agent -}}
{{- $tuning := $agent.tuning -}}
{{- $admin := .Values.metrics.enabled | ternary "[$(POD_IP)]" "127.0.0.1" -}}
{{- $compact := "--processor.jaeger-compact.server" -}}
- "--config-file=/run/secrets/sidecar/agent.yaml"
- {{ printf "--reporter.grpc.host-port=%s" (include "sidecar.agent.gateway" .) | quote }}
{{- if .Values.gateway.tls }}
- "--reporter.grpc.tls.enabled=true"
{{- end }}
{{- if semverCompare ">=1.18.0" $agent.version }}
- {{ printf "--admin.http.host-port=%s:14271" $admin | quote }}
{{- else }}
- "--admin-http-port=14271"
{{- end }}
- "--http-server.host-port=127.0.0.1:5778"
- {{ printf "%s-host-port=127.0.0.1:%d" $compact (int (.compactPort | default 6831)) | quote }}
- {{ printf "%s-max-packet-size=%d" $compact (int $tuning.maxPacketBytes) | quote }}
- {{ printf "%s-queue-size=%d" $compact (int $tuning.queuePackets) | quote }}
{{- if semverCompare ">=1.19.0" $agent.version }}
- {{ printf "%s-socket-buffer-size=%d" $compact (int $tuning.socketBufferBytes) | quote }}
{{- end }}
- {{ printf "--processor.jaeger-compact.workers=%d" (int $tuning.workers) | quote }}
- "--processor.jaeger-binary.server-host-port=127.0.0.1:6832"
- "--processor.zipkin-compact.server-host-port=127.0.0.1:5775"
{{- end -}}

{{/* Uses the agent's own `status` while the admin port is on loopback: from Kubernetes 1.34, Pod
Security refuses a probe that names a host. A collector has no such command; its health port answers
well whatever waits in the queue. */}}
{{- define "sidecar.agent.probe" -}}
{{- if include "sidecar.agent.isCollector" . }}
httpGet: {path: /, port: 13133}
{{- else if .Values.metrics.enabled }}
httpGet: {path: /, port: 14271}
{{- else }}
exec:
  command: ["/go/bin/agent-linux", "status", "--status.http.host-port=127.0.0.1:14271"]
{{- end }}
{{- end -}}

{{- define "sidecar.agent.probes" -}}
{{- $hasStatus := semverCompare ">=1.22.0" .Values.agent.version -}}
{{- if or (include "sidecar.agent.isCollector" .) .Values.metrics.enabled $hasStatus }}
{{- $probe := include "sidecar.agent.probe" . -}}
startupProbe:
  {{- $probe | trim | nindent 2 }}
  periodSeconds: 1
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  {{- $probe | trim | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
{{- end -}}

{{/* A plain container is stopped together with its service, so it waits for the last spans. The
collector's image has no `sleep`. */}}
{{- define "sidecar.agent.lifecycle" -}}
{{- $canSleep := semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- $cannot := and (include "sidecar.agent.isCollector" .) (not $canSleep) -}}
{{- if not (or (include "sidecar.agent.native" .) $cannot) }}
lifecycle:
  preStop:
    {{- if $canSleep }}
    sleep: {seconds: {{ .Values.agent.stopDelaySeconds }}}
    {{- else }}
    exec: {command: ["sleep", {{ .Values.agent.stopDelaySeconds | quote }}]}
    {{- end }}
{{- end }}
{{- end -}}

{{/* The container, as an item of a list. Where a chart depends on this library, nothing else checks
the values. */}}
{{- define "sidecar.agent.container" -}}
{{- if eq .Chart.Type "library" }}{{ include "sidecar.validate.library" . }}{{ end -}}
- name: {{ .part | default "jaeger-agent" }}
  image: {{ include "sidecar.agent.image" . | quote }}
  imagePullPolicy: {{ .Values.images.pullPolicy }}
  {{- if include "sidecar.agent.native" . }}
  restartPolicy: Always
  {{- end }}
  args:
    {{- include "sidecar.agent.args" . | nindent 4 }}
  {{- if include "sidecar.agent.isCollector" . }}
  env:
    - name: GOMEMLIMIT
      value: {{ include "sidecar.collector.share" (dict "root" . "share" 0.8) }}MiB
  ports:
    {{- include "sidecar.collector.ports" . | nindent 4 }}
  {{- else }}
  {{- if .Values.metrics.enabled }}
  env:
    - name: POD_IP
      valueFrom: {fieldRef: {fieldPath: status.podIP}}
  {{- end }}
  ports:
    - {name: jaeger-compact, containerPort: {{ .compactPort | default 6831 }}, protocol: UDP}
    - {name: agent-admin, containerPort: 14271}
  {{- end }}
  {{- with include "sidecar.agent.probes" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "sidecar.agent.lifecycle" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    {{- if not (include "sidecar.agent.isTokenless" .) }}
    - {name: sidecar-token, mountPath: /run/secrets/sidecar, readOnly: true}
    {{- end }}
    {{- if include "sidecar.agent.isCollector" . }}
    - {name: sidecar-collector, mountPath: /etc/otelcol, readOnly: true}
    - {name: sidecar-queue, mountPath: /var/lib/otelcol}
    {{- end }}
{{- end -}}

{{/* The volumes of that container, as items of a list. */}}
{{- define "sidecar.agent.volumes" -}}
{{- $volumes := list -}}
{{- if not (include "sidecar.agent.isTokenless" .) -}}
{{- $scope := dict "root" . "key" (include "sidecar.token.key" .) -}}
{{- $volumes = append $volumes (include "sidecar.token.volume" $scope) -}}
{{- end -}}
{{- if include "sidecar.agent.isCollector" . -}}
{{- $volumes = append $volumes (include "sidecar.collector.volumes" .) -}}
{{- end -}}
{{- join "\n" $volumes -}}
{{- end -}}

{{/* Annotations of the pod, as a map: they change with tokenRevision and a collector's
configuration. */}}
{{- define "sidecar.agent.annotations" -}}
{{- include "sidecar.token.annotations" . }}
{{- if include "sidecar.agent.isCollector" . }}
checksum/collector: {{ include "sidecar.collector.config" . | sha256sum }}
{{- end }}
{{- end -}}

{{/* The variables that the service in the same pod needs, as items of a list. */}}
{{- define "sidecar.agent.env" -}}
- {name: JAEGER_AGENT_HOST, value: "127.0.0.1"}
- {name: JAEGER_AGENT_PORT, value: "6831"}
{{- end -}}
