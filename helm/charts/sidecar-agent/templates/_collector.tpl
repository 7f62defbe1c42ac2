{{/*
A collector in the agent's place. Its configuration is the one of the plan (_collector-base.tpl), with
the values' sizes and gateway, and addresses of a pod; `agent.collector` is laid over it.
*/}}

{{- define "sidecar.agent.isCollector" -}}
{{- if eq .Values.agent.kind "collector" -}}true{{- end -}}
{{- end -}}

{{/* true: it has no token; the scope names the forwarder, which adds it, as `forwarder`. */}}
{{- define "sidecar.agent.isTokenless" -}}
{{- if and (include "sidecar.agent.isCollector" .) .forwarder -}}true{{- end -}}
{{- end -}}

{{/* Where its counters, or those of a jaeger-agent, are. */}}
{{- define "sidecar.agent.adminPort" -}}
{{- if include "sidecar.agent.isCollector" . -}}8888{{- else -}}14271{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes, such as 256Mi, in MiB. Takes it. */}}
{{- define "sidecar.quantity.mib" -}}
{{- $factors := dict "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 -}}
{{- $_ := set $factors "Gi" 1073741824.0 -}}
{{- $_ := set $factors "Ti" 1099511627776.0 -}}
{{- $unit := regexFind "[A-Za-z]*$" (toString .) -}}
{{- $number := trimSuffix $unit (toString .) | float64 -}}
{{- divf (mulf $number (get $factors $unit | default 1.0)) 1048576.0 | floor | int64 -}}
{{- end -}}

{{/* A share of the container's memory limit, in MiB. Takes root and share. */}}
{{- define "sidecar.collector.share" -}}
{{- $limit := include "sidecar.quantity.mib" .root.Values.agent.resources.limits.memory -}}
{{- mulf (float64 $limit) .share | floor | int64 -}}
{{- end -}}

{{- define "sidecar.collector.values" -}}
{{- $tuning := .Values.agent.tuning -}}
{{- $queue := .Values.agent.queue -}}
receivers:
  jaeger:
    protocols:
      thrift_compact:
        endpoint: {{ printf "127.0.0.1:%d" (int (.compactPort | default 6831)) | quote }}
        max_packet_size: {{ int $tuning.maxPacketBytes }}
        queue_size: {{ int $tuning.queuePackets }}
        socket_buffer_size: {{ int $tuning.socketBufferBytes }}
        workers: {{ int $tuning.workers }}
  otlp:
    protocols:
      grpc: {endpoint: "127.0.0.1:4317"}
      http: {endpoint: "127.0.0.1:4318"}
processors:
  memory_limiter:
    limit_mib: {{ include "sidecar.collector.share" (dict "root" . "share" 0.95) }}
    spike_limit_mib: {{ include "sidecar.collector.share" (dict "root" . "share" 0.1) }}
exporters:
  otlp_grpc:
    {{- if .forwarder }}
    endpoint: {{ .forwarder | quote }}
    {{- else }}
    endpoint: {{ include "sidecar.agent.gateway" . | quote }}
    tls: {insecure: {{ not .Values.gateway.tls }}}
    headers: {Authentication: "${file:/run/secrets/sidecar/token}"}
    compression: gzip
    {{- end }}
    sending_queue: {queue_size: {{ mul (int64 $queue.spans) 500 }}, num_consumers: {{ int $queue.consumers }}}
extensions:
  health_check: {endpoint: ":13133"}
  file_storage:
    max_size: {{ mul (int64 $queue.fileMiB) 1048576 }}
    compaction: {rebound_needed_threshold_mib: {{ min 100 (div (int64 $queue.fileMiB) 2) }}}
service:
  telemetry:
    metrics:
      {{- /* an empty host: every address of the pod, of either family */}}
      {{- $host := .Values.metrics.enabled | ternary "" "127.0.0.1" }}
      readers: [{pull: {exporter: {prometheus: {host: {{ $host | quote }}, port: 8888}}}}]
{{- end -}}

{{/* The text of its configuration, which holds no token. */}}
{{- define "sidecar.collector.config" -}}
{{- $base := include "sidecar.collector.base" . | fromJson -}}
{{- $values := include "sidecar.collector.values" . | fromYaml -}}
{{- mergeOverwrite $base $values (deepCopy .Values.agent.collector) | toYaml -}}
{{- end -}}

{{/* The name of the ConfigMap that holds it: the scope's `collectorConfig`, or the library's own. */}}
{{- define "sidecar.collector.configName" -}}
{{- .collectorConfig | default (printf "%s-collector" .Release.Name) -}}
{{- end -}}

{{/* That ConfigMap, for a chart that has none of its own; nothing for a jaeger-agent. */}}
{{- define "sidecar.agent.configMap" -}}
{{- if include "sidecar.agent.isCollector" . -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "sidecar.collector.configName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
data:
  config.yaml: |
    {{- include "sidecar.collector.config" . | nindent 4 }}
{{- end -}}
{{- end -}}

{{- define "sidecar.collector.ports" -}}
{{- $of := .part | empty | ternary "agent" "canary" -}}
- {name: {{ .part | empty | ternary "jaeger" "canary" }}-compact, containerPort: {{ .compactPort | default 6831 }}, protocol: UDP}
- {name: otlp-grpc, containerPort: 4317}
- {name: otlp-http, containerPort: 4318}
- {name: {{ $of }}-admin, containerPort: 8888}
- {name: {{ $of }}-health, containerPort: 13133}
{{- end -}}

{{- define "sidecar.collector.volumes" -}}
- name: sidecar-collector
  configMap: {name: {{ include "sidecar.collector.configName" . | quote }}}
{{- $queue := .Values.agent.queue }}
{{- if eq $queue.volume "emptyDir" }}
- name: sidecar-queue
  emptyDir: {sizeLimit: {{ $queue.size }}}
{{- else if eq $queue.volume "ephemeral" }}
- name: sidecar-queue
  ephemeral:
    volumeClaimTemplate:
      {{- include "sidecar.collector.claim" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "sidecar.collector.claim" -}}
{{- $queue := .Values.agent.queue -}}
spec:
  accessModes: [ReadWriteOnce]
  {{- with $queue.storageClass }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources: {requests: {storage: {{ $queue.size }}}}
{{- end -}}

{{/* For agent.queue.volume=claim: an item of a StatefulSet's volumeClaimTemplates, or nothing. */}}
{{- define "sidecar.agent.claims" -}}
{{- $isClaim := eq .Values.agent.queue.volume "claim" -}}
{{- if and (include "sidecar.agent.isCollector" .) $isClaim -}}
- metadata: {name: sidecar-queue}
  {{- include "sidecar.collector.claim" . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* After the collector, as an item of initContainers: ended before it, it returns once the queue is
empty. Nothing where the scope has no `drain` (image, seconds), and for plain containers, which all
end together. A shell waits, for it takes a tenth of Python's memory. */}}
{{- define "sidecar.agent.drain" -}}
{{- $isNative := and (include "sidecar.agent.isCollector" .) (include "sidecar.agent.native" .) -}}
{{- if and $isNative .Values.agent.drain .drain -}}
{{- $program := printf "python -m sidecar.forwarder.drain --seconds=%d" (int .drain.seconds) -}}
- name: sidecar-drain
  image: {{ .drain.image | quote }}
  imagePullPolicy: {{ .Values.images.pullPolicy }}
  restartPolicy: Always
  command: ["sh", "-c", {{ printf "trap 'exec %s' TERM; sleep infinity & wait" $program | quote }}]
  resources:
    {{- toYaml .Values.agent.drainResources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
{{- end -}}
{{- end -}}
