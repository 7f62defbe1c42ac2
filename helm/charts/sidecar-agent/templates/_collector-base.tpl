{{/* Rendered by sidecar from sidecar/plan/collectors.py: _collector.tpl fills in sizes, gateway and addresses. */}}
{{- define "sidecar.collector.base" -}}
{
  "receivers": {
    "jaeger": {
      "protocols": {
        "thrift_compact": {
          "endpoint": "0.0.0.0:6831",
          "max_packet_size": 65000,
          "queue_size": 1000,
          "workers": 10,
          "socket_buffer_size": 4194304
        }
      }
    },
    "otlp": {
      "protocols": {
        "grpc": {
          "endpoint": "0.0.0.0:4317"
        },
        "http": {
          "endpoint": "0.0.0.0:4318"
        }
      }
    }
  },
  "processors": {
    "memory_limiter": {
      "check_interval": "1s",
      "limit_mib": 243,
      "spike_limit_mib": 25
    },
    "resource": {
      "attributes": [
        {
          "key": "Authentication",
          "action": "delete"
        }
      ]
    }
  },
  "exporters": {
    "otlp_grpc": {
      "endpoint": "",
      "tls": {
        "insecure": true
      },
      "compression": "none",
      "timeout": "15s",
      "keepalive": {
        "time": "10s",
        "timeout": "10s"
      },
      "retry_on_failure": {
        "enabled": true,
        "initial_interval": "1s",
        "max_interval": "10s",
        "max_elapsed_time": 0
      },
      "sending_queue": {
        "enabled": true,
        "storage": "file_storage",
        "sizer": "bytes",
        "queue_size": 1800000000,
        "num_consumers": 4,
        "block_on_overflow": false,
        "batch": {
          "sizer": "bytes",
          "flush_timeout": "200ms",
          "min_size": 524288,
          "max_size": 2097152
        }
      }
    }
  },
  "extensions": {
    "health_check": {
      "endpoint": "0.0.0.0:13133"
    },
    "file_storage": {
      "directory": "/var/lib/otelcol",
      "fsync": true,
      "create_directory": false,
      "max_size": 3600809984,
      "compaction": {
        "directory": "/var/lib/otelcol",
        "on_start": false,
        "on_rebound": true,
        "rebound_needed_threshold_mib": 100,
        "cleanup_on_start": true
      }
    }
  },
  "service": {
    "extensions": [
      "health_check",
      "file_storage"
    ],
    "telemetry": {
      "metrics": {
        "level": "detailed",
        "readers": [
          {
            "pull": {
              "exporter": {
                "prometheus": {
                  "host": "0.0.0.0",
                  "port": 8888
                }
              }
            }
          }
        ]
      }
    },
    "pipelines": {
      "traces": {
        "receivers": [
          "jaeger",
          "otlp"
        ],
        "processors": [
          "memory_limiter",
          "resource"
        ],
        "exporters": [
          "otlp_grpc"
        ]
      }
    }
  }
}
{{- end -}}

{{/* What sidecar/rules/collectors.py says of what it refuses, by id. */}}
{{- define "sidecar.collector.rules" -}}
{
  "collector-gives-up": {
    "summary": "The collector's exporter gives up on spans after a time.",
    "fix": "Set exporters.\u2026.retry_on_failure: {enabled: true, max_elapsed_time: 0}."
  },
  "collector-batch-processor": {
    "summary": "A batch processor holds spans in memory before the queue on disk.",
    "fix": "Remove it: exporters.\u2026.sending_queue.batch makes batches inside the queue."
  },
  "collector-queue-in-memory": {
    "summary": "The collector's queue is not on disk.",
    "fix": "Set exporters.\u2026.sending_queue: {enabled: true, storage: file_storage}."
  },
  "collector-without-fsync": {
    "summary": "The collector's storage does not wait until its writes are on disk.",
    "fix": "Set extensions.file_storage.fsync: true."
  },
  "collector-recreates-queue": {
    "summary": "The collector sets a damaged queue aside and starts an empty one.",
    "fix": "Remove extensions.file_storage.recreate."
  },
  "collector-compacts-at-start": {
    "summary": "The collector rewrites its queue before it starts.",
    "fix": "Set extensions.file_storage.compaction.on_start: false."
  },
  "collector-blocks-on-overflow": {
    "summary": "The collector's receivers wait while its queue is full.",
    "fix": "Set exporters.\u2026.sending_queue.block_on_overflow: false, and raise agent.buffer."
  },
  "collector-forwards-token": {
    "summary": "The collector forwards the tag Authentication of an old agent as an attribute.",
    "fix": "Keep the resource processor that deletes it in service.pipelines.traces.processors."
  },
  "collector-prints-spans": {
    "summary": "A debug exporter prints spans with all their attributes into the log.",
    "fix": "Remove it, or set verbosity: basic."
  },
  "collector-queue-above-disk": {
    "summary": "The collector's queue may grow larger than the bound of its file.",
    "fix": "Lower agent.buffer or capacity.spans_per_second, or raise agent.disk."
  },
  "relay-without-collectors": {
    "summary": "A relay needs collectors, and the services have jaeger-agents.",
    "fix": "Set agent: {kind: collector}, or remove relay."
  },
  "relay-above-storage": {
    "summary": "The relays' queues do not fit on their volumes.",
    "fix": "Raise relay.storage or relay.replicas, or lower relay.buffer or the capacity."
  },
  "canary-without-stand-in": {
    "summary": "A canary would send to a real region.",
    "fix": "Try the canary with --region local; for the region, choose agent.kind alone."
  }
}
{{- end -}}
