{{/* Relays: collectors on persistent volumes, to which those of the pods hand over. */}}

{{- define "sidecar.relay.name" -}}
{{- include "sidecar.name" (dict "root" . "component" "relay") -}}
{{- end -}}

{{/* The name of each one's address, for who reads their counters; empty where there are none. */}}
{{- define "sidecar.relay.pods" -}}
{{- if and (include "sidecar.agent.isCollector" .) .Values.relay.replicas -}}
{{- include "sidecar.name" (dict "root" . "component" "relay-pods") -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.forwarder.address" -}}
{{- printf "%s:14317" (include "sidecar.name" (dict "root" . "component" "forwarder")) -}}
{{- end -}}

{{/* A share of the container's memory limit, in MiB. Takes root and share. */}}
{{- define "sidecar.relay.share" -}}
{{- $limit := include "sidecar.quantity.mib" .root.Values.relay.resources.limits.memory -}}
{{- mulf (float64 $limit) .share | floor | int64 -}}
{{- end -}}

{{/* Without a limit of their age, connections would stay with the relays that were there first. The
exporter's signs of life come more often than gRPC's servers tolerate by default. */}}
{{- define "sidecar.relay.values" -}}
{{- $queue := .Values.relay.queue -}}
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: ":4317"
        keepalive:
          server_parameters: {max_connection_age: 60s, max_connection_age_grace: 15s}
          enforcement_policy: {min_time: 5s, permit_without_stream: true}
processors:
  memory_limiter:
    limit_mib: {{ include "sidecar.relay.share" (dict "root" . "share" 0.95) }}
    spike_limit_mib: {{ include "sidecar.relay.share" (dict "root" . "share" 0.1) }}
exporters:
  otlp_grpc:
    endpoint: {{ include "sidecar.forwarder.address" . | quote }}
    sending_queue: {queue_size: {{ mul (int64 $queue.spans) 500 }}, num_consumers: {{ int $queue.consumers }}}
extensions:
  health_check: {endpoint: ":13133"}
  file_storage:
    max_size: {{ mul (int64 $queue.fileMiB) 1048576 }}
    compaction: {rebound_needed_threshold_mib: {{ min 100 (div (int64 $queue.fileMiB) 2) }}}
service:
  pipelines: {traces: {receivers: [otlp]}}
  telemetry:
    metrics:
      readers: [{pull: {exporter: {prometheus: {host: "", port: 8888}}}}]
{{- end -}}

{{/* A collector's configuration with OTLP over gRPC only; it holds no token. */}}
{{- define "sidecar.relay.config" -}}
{{- $base := omit (include "sidecar.collector.base" . | fromJson) "receivers" -}}
{{- include "sidecar.relay.values" . | fromYaml | mergeOverwrite $base | toYaml -}}
{{- end -}}
