{{/* Refusals for a collector; those of its configuration have their words from the rule book. */}}

{{- define "sidecar.validate.collector" -}}
{{- $agent := .Values.agent -}}
{{- $of := .part | empty | ternary "agent" "canary" -}}
{{- if not (semverCompare ">=0.155.0 <1.0.0" $agent.version) -}}
{{- $cause := printf "%s.version: %s is not a collector's version" $of $agent.version -}}
{{- fail (printf "%s. Use 0.155.0 or later, as `sidecar render` writes it" $cause) -}}
{{- end -}}
{{- if not (dig "limits" "memory" "" $agent.resources) -}}
{{- $cause := "is empty, and a collector's own limits follow from it" -}}
{{- fail (printf "%s.resources.limits.memory: %s. Set e.g. 256Mi" $of $cause) -}}
{{- end -}}
{{- range $agent.extraArgs -}}
{{- if regexMatch "^--?(config|set)\\b" . -}}
{{- $cause := printf "agent.extraArgs: the chart sets %s" (splitList "=" . | first) -}}
{{- fail (printf "%s. Put what you change into agent.collector" $cause) -}}
{{- end -}}
{{- end -}}
{{- include "sidecar.validate.queue" . -}}
{{- include "sidecar.validate.collectorConfig" . -}}
{{- end -}}

{{- define "sidecar.validate.queue" -}}
{{- $queue := .Values.agent.queue -}}
{{- $needed := divf (mulf (float64 $queue.spans) 1000.0) 1048576.0 | ceil | int64 -}}
{{- if gt $needed (int64 $queue.fileMiB) -}}
{{- $cause := printf "%d spans may take %d MiB" (int $queue.spans) $needed -}}
{{- $scope := dict "id" "collector-queue-above-disk" "path" "agent.queue.fileMiB" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" $cause) -}}
{{- end -}}
{{- $volume := include "sidecar.quantity.mib" $queue.size | int64 -}}
{{- if lt $volume (int64 $queue.fileMiB) -}}
{{- $cause := printf "%s is less than agent.queue.fileMiB, %d" $queue.size (int $queue.fileMiB) -}}
{{- fail (printf "agent.queue.size: %s. Raise it, or lower agent.queue.fileMiB" $cause) -}}
{{- end -}}
{{- end -}}

{{/* Takes id, path and cause. */}}
{{- define "sidecar.collector.refuse" -}}
{{- $rule := get (include "sidecar.collector.rules" . | fromJson) .id -}}
{{- fail (printf "%s: %s. %s %s [%s]" .path .cause $rule.summary $rule.fix .id) -}}
{{- end -}}

{{/* What sidecar/rules/collectors.py refuses; a test compares both. */}}
{{- define "sidecar.validate.collectorConfig" -}}
{{- $config := include "sidecar.collector.config" . | fromYaml -}}
{{- $traces := dig "service" "pipelines" "traces" dict $config -}}
{{- $path := "agent.collector.service.pipelines.traces.processors" -}}
{{- $deletes := false -}}
{{- range $traces.processors -}}
{{- $kind := splitList "/" . | first -}}
{{- if eq $kind "batch" -}}
{{- $scope := dict "id" "collector-batch-processor" "path" $path -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "has a batch processor") -}}
{{- end -}}
{{- range dig . "attributes" list $config.processors -}}
{{- if and (eq $kind "resource") (eq .action "delete") (eq .key "Authentication") -}}
{{- $deletes = true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $deletes -}}
{{- $scope := dict "id" "collector-forwards-token" "path" $path -}}
{{- $cause := "nothing deletes the attribute Authentication" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" $cause) -}}
{{- end -}}
{{- range $traces.exporters -}}
{{- $path := printf "agent.collector.exporters.%s" . -}}
{{- $settings := get $config.exporters . | default dict -}}
{{- include "sidecar.validate.exporter" (dict "name" . "path" $path "settings" $settings) -}}
{{- end -}}
{{- range $name, $settings := $config.extensions -}}
{{- if eq (splitList "/" $name | first) "file_storage" -}}
{{- $path := printf "agent.collector.extensions.%s" $name -}}
{{- include "sidecar.validate.storage" (dict "path" $path "settings" $settings) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes name, path and settings. */}}
{{- define "sidecar.validate.exporter" -}}
{{- $scope := dict "path" .path -}}
{{- $retry := .settings.retry_on_failure | default dict -}}
{{- $queue := .settings.sending_queue | default dict -}}
{{- $endless := regexMatch "^0+(\\.0+)?[a-zµ]*$" (toString $retry.max_elapsed_time) -}}
{{- if eq (splitList "/" .name | first) "debug" -}}
{{- if eq (toString .settings.verbosity) "detailed" -}}
{{- $_ := set $scope "id" "collector-prints-spans" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "verbosity is detailed") -}}
{{- end -}}
{{- else if or (eq (toString $retry.enabled) "false") (not $endless) -}}
{{- $_ := set $scope "id" "collector-gives-up" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "retry_on_failure ends after a time") -}}
{{- else if or (eq (toString $queue.enabled) "false") (not $queue.storage) -}}
{{- $_ := set $scope "id" "collector-queue-in-memory" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "sending_queue names no storage") -}}
{{- else if $queue.block_on_overflow -}}
{{- $_ := set $scope "id" "collector-blocks-on-overflow" -}}
{{- $cause := "sending_queue.block_on_overflow is true" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" $cause) -}}
{{- end -}}
{{- end -}}

{{/* Takes path and settings. */}}
{{- define "sidecar.validate.storage" -}}
{{- $scope := dict "path" .path -}}
{{- if not .settings.fsync -}}
{{- $_ := set $scope "id" "collector-without-fsync" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "fsync is not true") -}}
{{- else if .settings.recreate -}}
{{- $_ := set $scope "id" "collector-recreates-queue" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "recreate is true") -}}
{{- else if dig "compaction" "on_start" false .settings -}}
{{- $_ := set $scope "id" "collector-compacts-at-start" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "compaction.on_start is true") -}}
{{- end -}}
{{- end -}}
