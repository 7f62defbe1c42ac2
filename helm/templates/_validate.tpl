{{/* Refusals that a schema cannot state. Each names the value, the cause and the fix. */}}

{{- define "sidecar.validate" -}}
{{- include "sidecar.validate.release" . -}}
{{- include "sidecar.validate.gateway" . -}}
{{- include "sidecar.validate.agent" (merge (include "sidecar.agent.scope" . | fromYaml) .) -}}
{{- if not (include "sidecar.agent.native" .) -}}
{{- include "sidecar.validate.container" . -}}
{{- end -}}
{{- include "sidecar.validate.token" . -}}
{{- include "sidecar.validate.relay" . -}}
{{- include "sidecar.validate.canary" . -}}
{{- include "sidecar.validate.metrics" . -}}
{{- include "sidecar.validate.watch" . -}}
{{- include "sidecar.validate.variables" (dict "path" "env" "names" .Values.env) -}}
{{- range $key := list "commonLabels" "podLabels" -}}
{{- include "sidecar.validate.labels" (dict "path" $key "labels" (get $.Values $key)) -}}
{{- end -}}
{{- $watch := dict "path" "watch.schedule" "schedule" .Values.watch.schedule -}}
{{- include "sidecar.validate.schedule" $watch -}}
{{- if .Values.existingSecret -}}{{- include "sidecar.validate.secret" . -}}{{- end -}}
{{- range $section, $limit := dict "services" 63 "jobs" 54 "cronJobs" 52 -}}
{{- range $name, $workload := get $.Values $section -}}
{{- if include "sidecar.runs" $workload -}}
{{- $scope := dict "root" $ "section" $section "name" $name "workload" $workload -}}
{{- $_ := set $scope "path" (printf "%s.%s" $section $name) -}}
{{- include "sidecar.validate.workload" (set $scope "limit" $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.release" -}}
{{- $name := .Release.Name -}}
{{- $isUsable := regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $name -}}
{{- if not (or $isUsable .Values.fullnameOverride) -}}
{{- $usable := regexReplaceAll "^[^a-z]+" ($name | replace "." "-") "" | default "demo" -}}
{{- $cause := "Services are named after it, and take a-z, 0-9 and -, a letter first, no dots" -}}
{{- $fix := printf "Use e.g. %q, or set fullnameOverride" $usable -}}
{{- fail (printf "release name %q: %s. %s" $name $cause $fix) -}}
{{- end -}}
{{- end -}}

{{/* An agent that is a plain container. */}}
{{- define "sidecar.validate.container" -}}
{{- range $jobs := list .Values.jobs .Values.cronJobs -}}
{{- range $jobs -}}
{{- if include "sidecar.runs" . -}}
{{- $cause := "need a native agent; with a plain container a Job never completes" -}}
{{- $fix := "Use Kubernetes 1.29 or later, and agent.mode auto or native" -}}
{{- fail (printf "jobs, cronJobs: %s. %s" $cause $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $delay := int .Values.agent.stopDelaySeconds -}}
{{- $graces := list (int .Values.terminationGracePeriodSeconds) -}}
{{- range .Values.services -}}
{{- if include "sidecar.runs" . -}}
{{- with .terminationGracePeriodSeconds -}}{{- $graces = append $graces (int .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range $grace := $graces -}}
{{- if ge $delay $grace -}}
{{- $cause := printf "%d leaves no time within terminationGracePeriodSeconds, %d" $delay $grace -}}
{{- fail (printf "agent.stopDelaySeconds: %s. Use less" $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.gateway" -}}
{{- $host := .Values.gateway.host -}}
{{- if not (or $host .Values.standIn.enabled) -}}
{{- $fix := "Name the region's gateway: `sidecar render --region ID` writes the values" -}}
{{- fail (printf "gateway.host: is empty and standIn.enabled is false. %s" $fix) -}}
{{- end -}}
{{- if and $host .Values.standIn.enabled -}}
{{- $region := printf "Set standIn.enabled=false to report to %s" $host -}}
{{- $fix := printf "%s, or gateway.host=\"\" to use the stand-in" $region -}}
{{- fail (printf "gateway.host, standIn.enabled: both are given. %s" $fix) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.relay" -}}
{{- $relay := .Values.relay -}}
{{- if $relay.replicas -}}
{{- if not (include "sidecar.agent.isCollector" .) -}}
{{- $scope := dict "id" "relay-without-collectors" "path" "relay.replicas" -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" "agent.kind is not collector") -}}
{{- end -}}
{{- $scope := dict "id" "relay-above-storage" "path" "relay.storage" -}}
{{- $needed := divf (mulf (float64 $relay.queue.spans) 1000.0) 1048576.0 | ceil | int64 -}}
{{- $file := int64 $relay.queue.fileMiB -}}
{{- if gt $needed $file -}}
{{- $cause := printf "%d spans may take %d MiB, and the file has %d" (int64 $relay.queue.spans) $needed $file -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" $cause) -}}
{{- end -}}
{{- if lt (include "sidecar.quantity.mib" $relay.storage | int64) $file -}}
{{- $cause := printf "%s is less than relay.queue.fileMiB, %d" $relay.storage $file -}}
{{- include "sidecar.collector.refuse" (set $scope "cause" $cause) -}}
{{- end -}}
{{- if not (dig "limits" "memory" "" $relay.resources) -}}
{{- $cause := "is empty, and a relay's own limits follow from it" -}}
{{- fail (printf "relay.resources.limits.memory: %s. Set e.g. 256Mi" $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.metrics" -}}
{{- range $name := list "serviceMonitor" "rules" "dashboard" -}}
{{- if and (get $.Values.metrics $name).enabled (not $.Values.metrics.enabled) -}}
{{- $cause := "there is nothing to scrape" -}}
{{- fail (printf "metrics.%s.enabled: %s. Set metrics.enabled=true, too" $name $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.watch" -}}
{{- if and .Values.watch.enabled (not .Values.metrics.enabled) -}}
{{- $cause := "it reads the agents' admin ports, which are on their pods' loopback" -}}
{{- fail (printf "watch.enabled: %s. Set metrics.enabled=true, too" $cause) -}}
{{- end -}}
{{- end -}}

{{/* Pods are selected by these labels. Takes path and labels. */}}
{{- define "sidecar.validate.labels" -}}
{{- range $key, $value := .labels -}}
{{- if regexMatch "^app\\.kubernetes\\.io/(name|instance|component)$" $key -}}
{{- fail (printf "%s: the chart sets %s. Use another key" $.path $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.token" -}}
{{- $token := .Values.token -}}
{{- $secret := .Values.existingSecret -}}
{{- if and $token $secret -}}
{{- $fix := "Give only existingSecret, which holds the token" -}}
{{- fail (printf "token, existingSecret: both are given. %s. Or set existingSecret=\"\"" $fix) -}}
{{- end -}}
{{- if not (or $token $secret .Values.standIn.enabled) -}}
{{- $key := include "sidecar.token.key" . -}}
{{- $fix := printf "Name a Secret of namespace %s with the key %s" .Release.Namespace $key -}}
{{- $command := "sidecar token set --kubernetes-secret NAME" -}}
{{- fail (printf "existingSecret: is empty. %s; `%s` writes it" $fix $command) -}}
{{- end -}}
{{- if hasPrefix "Authentication=" $token -}}
{{- fail "token: begins with Authentication=. Give only what follows it" -}}
{{- end -}}
{{- if $token -}}
{{- range include "sidecar.token.rules" . | fromJsonArray -}}
{{- if regexMatch .pattern $token -}}
{{- fail (printf "token: %s. %s [%s]" .cause .fix .id) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* One workload. Takes root, section, name, path, workload and limit: the longest name. */}}
{{- define "sidecar.validate.workload" -}}
{{- $path := .path -}}
{{- include "sidecar.validate.name" . -}}
{{- include "sidecar.validate.workloadVariables" . -}}
{{- $labels := dict "path" (printf "%s.podLabels" $path) "labels" .workload.podLabels -}}
{{- include "sidecar.validate.labels" $labels -}}
{{- if not (or .workload.image .workload.args .workload.command) -}}
{{- fail (printf "%s: has neither image nor args. Name its image" $path) -}}
{{- end -}}
{{- range .workload.extraVolumes -}}
{{- if has .name (list "tmp" "sidecar-token" "sidecar-collector" "sidecar-queue") -}}
{{- fail (printf "%s.extraVolumes: the chart has a volume %s. Rename yours" $path .name) -}}
{{- end -}}
{{- end -}}
{{- $own := list .name "jaeger-agent" "sidecar-drain" "sidecar-wait" -}}
{{- $own = concat $own (list "sidecar-canary" "sidecar-canary-wait" "sidecar-copier") -}}
{{- range $key := list "initContainers" "extraContainers" -}}
{{- range get $.workload $key | default list -}}
{{- if has .name $own -}}
{{- fail (printf "%s.%s: the pod has a container %s. Rename yours" $path $key .name) -}}
{{- end -}}
{{- $own = append $own .name -}}
{{- end -}}
{{- end -}}
{{- include "sidecar.validate.port" . -}}
{{- include "sidecar.validate.health" . -}}
{{- include "sidecar.validate.peers" . -}}
{{- with .workload.schedule -}}
{{- include "sidecar.validate.schedule" (dict "path" (printf "%s.schedule" $path) "schedule" .) -}}
{{- end -}}
{{- include "sidecar.validate.scale" . -}}
{{- include "sidecar.validate.budget" . -}}
{{- include "sidecar.validate.laidOver" . -}}
{{- end -}}

{{- define "sidecar.validate.name" -}}
{{- $whole := include "sidecar.name" (dict "root" .root "component" .name) -}}
{{- if gt (len $whole) (int .limit) -}}
{{- $cause := printf "the name %q has %d characters" $whole (len $whole) -}}
{{- $fix := "Shorten the release's name or the workload's, or set fullnameOverride" -}}
{{- fail (printf "%s: %s, at most %d are allowed. %s" .path $cause (int .limit) $fix) -}}
{{- end -}}
{{- $taken := list "delivery-test" "jaeger-agent" "sidecar-drain" "sidecar-wait" -}}
{{- if .root.Values.agent.canary -}}
{{- $taken = concat $taken (list "sidecar-canary" "sidecar-canary-wait" "sidecar-copier") -}}
{{- end -}}
{{- if .root.Values.watch.enabled -}}{{- $taken = append $taken "sidecar-watch" -}}{{- end -}}
{{- if .root.Values.standIn.enabled -}}{{- $taken = append $taken "gateway" -}}{{- end -}}
{{- if include "sidecar.canary.orCollectors" .root -}}{{- $taken = append $taken "forwarder" -}}{{- end -}}
{{- if .root.Values.relay.replicas -}}
{{- $taken = concat $taken (list "relay" "relay-pods") -}}
{{- end -}}
{{- if has .name $taken -}}
{{- fail (printf "%s: the chart uses the names %s. Rename it" .path (join ", " $taken)) -}}
{{- end -}}
{{- range $other := without (list "services" "jobs" "cronJobs") .section -}}
{{- if include "sidecar.runs" (get (get $.root.Values $other) $.name) -}}
{{- $cause := printf "%s has the same name, and pods are selected by it" $other -}}
{{- fail (printf "%s: %s. Rename one" $.path $cause) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.port" -}}
{{- $agents := list 5775 5778 6831 6832 14271 -}}
{{- if include "sidecar.agent.isCollector" .root -}}
{{- $agents = list 4317 4318 6831 8888 13133 -}}
{{- else if .root.Values.agent.canary -}}
{{- $agents = concat $agents (list 4317 4318 8888 13133 14319 16831 26831) -}}
{{- end -}}
{{- $taken := dict "http" "port" "agent-admin" "the agent" -}}
{{- $ports := dict -}}
{{- $numbers := dict -}}
{{- with .workload.port -}}
{{- $_ := set $ports "port" (int .) -}}
{{- $_ := set $numbers (printf "%d/TCP" (int .)) "port" -}}
{{- end -}}
{{- range $index, $extra := .workload.extraPorts -}}
{{- $path := printf "extraPorts[%d]" $index -}}
{{- with get $taken $extra.name -}}
{{- fail (printf "%s.%s.name: %s has it. Use another" $.path $path .) -}}
{{- end -}}
{{- $_ := set $taken $extra.name $path -}}
{{- $number := printf "%d/%s" (int $extra.port) (default "TCP" $extra.protocol) -}}
{{- with get $numbers $number -}}
{{- fail (printf "%s.%s.port: %s is also that of %s. Give each port one name" $.path $path $number .) -}}
{{- end -}}
{{- $_ := set $numbers $number $path -}}
{{- $_ := set $ports (printf "%s.port" $path) (int $extra.port) -}}
{{- end -}}
{{- range $path, $port := $ports -}}
{{- if has $port $agents -}}
{{- $cause := printf "%d is a port of the agent" $port -}}
{{- fail (printf "%s.%s: %s. Use none of %s" $.path $path $cause (join ", " $agents)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.health" -}}
{{- with .workload.health -}}
{{- if and .path .command -}}
{{- fail (printf "%s.health: both path and command are given. Set one to null" $.path) -}}
{{- end -}}
{{- if not (or .path .command) -}}
{{- fail (printf "%s.health: has neither path nor command. Give one" $.path) -}}
{{- end -}}
{{- $isFetched := or .path (and .ready .ready.path) -}}
{{- if and $isFetched (not $.workload.port) -}}
{{- $cause := "there is no port to fetch it from" -}}
{{- fail (printf "%s.health.path: %s. Give port, or a command" $.path $cause) -}}
{{- end -}}
{{- if and .ready .ready.path .ready.command -}}
{{- $both := "both path and command are given. Set one to null" -}}
{{- fail (printf "%s.health.ready: %s" $.path $both) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.peers" -}}
{{- $callable := list -}}
{{- range $name, $service := .root.Values.services -}}
{{- if and (include "sidecar.runs" $service) (or $service.port $service.extraPorts) -}}
{{- $callable = append $callable $name -}}
{{- end -}}
{{- end -}}
{{- range $variable, $peer := .workload.peers -}}
{{- if not (has $peer.service $callable) -}}
{{- $cause := printf "%q is not a service with a port here" $peer.service -}}
{{- $fix := printf "Use one of: %s" (join ", " $callable) -}}
{{- if not $callable -}}{{- $fix = "Give one a port" -}}{{- end -}}
{{- fail (printf "%s.peers.%s: %s. %s" $.path $variable $cause $fix) -}}
{{- end -}}
{{- if not (include "sidecar.peer.port" (dict "root" $.root "peer" $peer)) -}}
{{- $ports := list -}}
{{- range (get $.root.Values.services $peer.service).extraPorts -}}
{{- $ports = append $ports .name -}}
{{- end -}}
{{- $cause := printf "service %q has no such port" $peer.service -}}
{{- $fix := $ports | empty | ternary "Leave it out" (printf "Use one of: %s" (join ", " $ports)) -}}
{{- fail (printf "%s.peers.%s.port: %s. %s" $.path $variable $cause $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
