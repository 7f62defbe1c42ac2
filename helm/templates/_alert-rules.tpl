{{/* Rendered by sidecar from sidecar/targets/monitoring/: SERIES and the like are filled in below. */}}
{{- define "sidecar.alert.rules" -}}
[
  {
    "alert": "TracingSpansFailed",
    "expr": "sum by (LABELS) (increase(jaeger_agent_reporter_spans_failures_totalSERIES[5m])) / (sum by (LABELS) (increase(jaeger_agent_reporter_spans_failures_totalSERIES[5m])) + sum by (LABELS) (increase(jaeger_agent_reporter_spans_submitted_totalSERIES[5m]))) > 0.001",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT could not deliver spans to the gateway",
      "description": "The gateway refuses them (token, quota), or the network does not reach it. The alert stays for 5 minutes after the last failure."
    }
  },
  {
    "alert": "TracingPacketsDropped",
    "expr": "sum by (LABELS) (increase(jaeger_agent_thrift_udp_server_packets_dropped_totalSERIES[5m])) > 0",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT dropped packets of its service",
      "description": "Its queue was full. TUNING"
    }
  },
  {
    "alert": "TracingAgentSilent",
    "expr": "sum by (LABELS) (increase(jaeger_agent_thrift_udp_server_packets_processed_totalSERIES[2m])) > 0 and sum by (LABELS) (increase(jaeger_agent_reporter_spans_submitted_totalSERIES[2m])) + sum by (LABELS) (increase(jaeger_agent_reporter_spans_failures_totalSERIES[2m])) == 0",
    "for": "1m",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT receives packets and submits nothing",
      "description": "The gateway does not answer, or the packets cannot be decoded. No counter of losses grows before the agent's queue is full."
    }
  },
  {
    "alert": "TracingQueueNotEmpty",
    "expr": "max by (LABELS) (min_over_time(jaeger_agent_thrift_udp_server_queue_sizeSERIES[3m])) > 0",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The queue of the agent AGENT has not been empty for 3 minutes",
      "description": "The gateway is slow or does not answer; when the queue is full, packets are dropped. TUNING"
    }
  },
  {
    "alert": "TracingAgentNotConnected",
    "expr": "max by (LABELS) (jaeger_agent_connection_status_collector_connectedSERIES) == 0 and sum by (LABELS) (increase(jaeger_agent_thrift_udp_server_packets_processed_totalSERIES[10m])) > 0",
    "for": "2m",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT has no connection to the gateway",
      "description": "See the agent's log, and whether the network to the gateway's port is open."
    }
  },
  {
    "alert": "TracingAgentDown",
    "expr": "max by (LABELS) (upTARGETS) == 0",
    "for": "1m",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT cannot be scraped",
      "description": "It does not run, or its admin port is out of reach. Its service's spans may be lost."
    }
  },
  {
    "alert": "TracingAgentRestarts",
    "expr": "sum by (LABELS) (changes(process_start_time_secondsTARGETS[15m])) >= 2",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The agent AGENT was restarted several times",
      "description": "Each time it loses what is in its queue. See its log, and its memory limit."
    }
  }
]
{{- end -}}

{{- define "sidecar.alert.collectorRules" -}}
[
  {
    "alert": "TracingSpansFailed",
    "expr": "(sum by (LABELS) (increase(otelcol_exporter_send_failed_spansSERIES[5m])) > 0 or sum by (LABELS) (otelcol_exporter_send_failed_spansSERIES unless otelcol_exporter_send_failed_spansSERIES offset 5m) > 0)",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The gateway refused spans of the collector AGENT for good",
      "description": "The collector drops what is refused for good, such as broken spans, and those with a wrong token where it has no forwarder. See its log. The alert stays for 5 minutes after the last failure."
    }
  },
  {
    "alert": "TracingPacketsDropped",
    "expr": "(sum by (LABELS) (increase(otelcol_receiver_refused_spansSERIES[5m])) > 0 or sum by (LABELS) (otelcol_receiver_refused_spansSERIES unless otelcol_receiver_refused_spansSERIES offset 5m) > 0) or (sum by (LABELS) (increase(otelcol_exporter_enqueue_failed_spansSERIES[5m])) > 0 or sum by (LABELS) (otelcol_exporter_enqueue_failed_spansSERIES unless otelcol_exporter_enqueue_failed_spansSERIES offset 5m) > 0)",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The collector AGENT dropped spans of its service",
      "description": "Its memory limit or its queue was full. TUNING"
    }
  },
  {
    "alert": "TracingQueueNotEmpty",
    "expr": "sum by (LABELS) (min_over_time(otelcol_exporter_queue_sizeSERIES[3m])) > 15000 * (sum by (LABELS) (rate(otelcol_receiver_accepted_spansSERIES[3m])) or sum by (LABELS) (otelcol_exporter_queue_sizeSERIES * 0))",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The spans of more than 30 s wait in the collector AGENT",
      "description": "The gateway is away or slow, or refuses the token or quota: `sidecar verify` says what. Nothing is lost while the queue has room and its volume stays: do not delete it."
    }
  },
  {
    "alert": "TracingQueueHalfFull",
    "expr": "max by (LABELS) (otelcol_exporter_queue_sizeSERIES / otelcol_exporter_queue_capacitySERIES) > 0.5",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The queue of the collector AGENT is half full",
      "description": "When it is full, spans are dropped. TUNING"
    }
  },
  {
    "alert": "TracingAgentDown",
    "expr": "max by (LABELS) (upTARGETS) == 0",
    "for": "1m",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The collector AGENT cannot be scraped",
      "description": "It does not run, or its port 8888 is out of reach. Its service's spans may be lost."
    }
  },
  {
    "alert": "TracingAgentRestarts",
    "expr": "sum by (LABELS) (resets(otelcol_process_uptimeSERIES[15m])) >= 2",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The collector AGENT was restarted several times",
      "description": "Packets that come meanwhile are lost. See its log, and its memory limit."
    }
  }
]
{{- end -}}

{{- define "sidecar.alert.forwarderRules" -}}
[
  {
    "alert": "TracingForwarderDropped",
    "expr": "(sum by (LABELS) (increase(sidecar_forwarder_dropped_calls_totalSERIES[5m])) > 0 or sum by (LABELS) (sidecar_forwarder_dropped_calls_totalSERIES unless sidecar_forwarder_dropped_calls_totalSERIES offset 5m) > 0)",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The gateway refused spans for good, says the forwarder AGENT",
      "description": "They are broken, or too large for it, and collectors drop them. The forwarder's log has the cause and its id. The alert stays for 5 minutes after the last one."
    }
  },
  {
    "alert": "TracingForwarderHolds",
    "expr": "min by (LABELS) (min_over_time(sidecar_forwarder_holdingSERIES[3m])) > 0",
    "for": "0s",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The gateway has accepted nothing of the forwarder AGENT for 3 minutes",
      "description": "It is away, or refuses the token or quota: the forwarder's log has the cause and its id. Collectors keep their spans, and nothing is lost while their queues have room."
    }
  },
  {
    "alert": "TracingForwarderDown",
    "expr": "max by (LABELS) (upTARGETS) == 0",
    "for": "1m",
    "labels": {
      "severity": "warning"
    },
    "annotations": {
      "summary": "The forwarder AGENT cannot be scraped",
      "description": "It does not run, or its port 14318 is out of reach. Without it, all spans wait in the queues of the collectors."
    }
  }
]
{{- end -}}

{{/* Alerts, filled in, as items of a list. Takes root, rules (a template's name) and words. */}}
{{- define "sidecar.alert.items" -}}
{{- $words := .words -}}
{{- range include .rules .root | fromJsonArray }}
- alert: {{ .alert }}
  expr: {{ include "sidecar.alert.filled" (dict "text" .expr "words" $words) | toJson }}
  for: {{ .for }}
  labels: {{ toJson .labels }}
  annotations:
    {{- range $name, $text := .annotations }}
    {{ $name }}: {{ include "sidecar.alert.filled" (dict "text" $text "words" $words) | toJson }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* A text of an alert. Takes text and words, a map. */}}
{{- define "sidecar.alert.filled" -}}
{{- $text := .text -}}
{{- range $name, $word := .words -}}
{{- $text = $text | replace $name $word -}}
{{- end -}}
{{- $text -}}
{{- end -}}
