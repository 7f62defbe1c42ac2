{{/* Refusals that a schema cannot state. Each names the value, the cause and what is allowed. */}}

{{- define "sidecar.validate" -}}
{{- include "sidecar.validate.release" . -}}
{{- include "sidecar.validate.gateway" . -}}
{{- include "sidecar.validate.agent" . -}}
{{- include "sidecar.validate.token" . -}}
{{- include "sidecar.validate.metrics" . -}}
{{- include "sidecar.validate.labels" (dict "place" "commonLabels" "labels" .Values.commonLabels) -}}
{{- include "sidecar.validate.labels" (dict "place" "podLabels" "labels" .Values.podLabels) -}}
{{- if .Values.existingSecret -}}{{- include "sidecar.validate.secret" . -}}{{- end -}}
{{- range $kind, $limit := dict "services" 63 "jobs" 54 "cronJobs" 52 -}}
{{- range $name, $workload := get $.Values $kind -}}
{{- if include "sidecar.runs" $workload -}}
{{- include "sidecar.validate.workload" (dict "root" $ "kind" $kind "name" $name "workload" $workload "limit" $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where a foreign chart has the agent: its gateway and Secret are its own to name. */}}
{{- define "sidecar.validate.library" -}}
{{- if not .Values.gateway.host -}}
{{- fail (printf "%s.gateway.host: is empty. Name the region's gateway; `sidecar regions` lists them" .Chart.Name) -}}
{{- end -}}
{{- if not .Values.existingSecret -}}
{{- fail (printf "%s.existingSecret: is empty. Name a Secret of namespace %s with the key agent.yaml" .Chart.Name .Release.Namespace) -}}
{{- end -}}
{{- include "sidecar.validate.agent" . -}}
{{- include "sidecar.validate.secret" . -}}
{{- end -}}

{{- define "sidecar.validate.release" -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" .Release.Name) -}}
{{- $usable := regexReplaceAll "^[^a-z]+" (.Release.Name | replace "." "-") "" | default "demo" -}}
{{- fail (printf "release name %q: Services are named after it, and take a-z, 0-9 and -, a letter first, no dots. Use e.g. %q" .Release.Name $usable) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.agent" -}}
{{- $version := .Values.agent.version -}}
{{- if not (semverCompare ">=1.15.0 <=1.62.0" $version) -}}
{{- fail (printf "agent.version: %s is not a jaeger-agent. Use 1.15.0 to 1.62.0" $version) -}}
{{- end -}}
{{- if and .Values.gateway.tls (semverCompare "<1.18.0" $version) -}}
{{- fail (printf "gateway.tls: the agent %s is not known to speak TLS. Use agent.version 1.18.0 or later" $version) -}}
{{- end -}}
{{- if and (eq .Values.agent.mode "native") (semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "agent.mode: native needs Kubernetes 1.29 or later, this is %s. Use auto or container" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- range .Values.agent.extraArgs -}}
{{- if regexMatch "tags=|config-file|host-port|admin-http-port" . -}}
{{- fail (printf "agent.extraArgs: %s is the chart's own to say. The token goes into existingSecret, the gateway into gateway.host" (splitList "=" . | first)) -}}
{{- end -}}
{{- end -}}
{{- if not (include "sidecar.agent.native" .) -}}
{{- include "sidecar.validate.container" . -}}
{{- end -}}
{{- end -}}

{{/* An agent that is a plain container. */}}
{{- define "sidecar.validate.container" -}}
{{- if or .Values.jobs .Values.cronJobs -}}
{{- fail "jobs, cronJobs: need a native agent (Kubernetes 1.29, agent.mode auto or native); beside a plain container a Job never completes" -}}
{{- end -}}
{{- if ge (int .Values.agent.stopDelaySeconds) (int .Values.terminationGracePeriodSeconds) -}}
{{- fail (printf "agent.stopDelaySeconds: %d leaves no time of terminationGracePeriodSeconds, %d. Use less" (int .Values.agent.stopDelaySeconds) (int .Values.terminationGracePeriodSeconds)) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.gateway" -}}
{{- if not (or .Values.gateway.host .Values.standIn.enabled) -}}
{{- fail "gateway.host: is empty and standIn.enabled is false. Name the region's gateway: `sidecar render --region ID` writes the values" -}}
{{- end -}}
{{- if and .Values.gateway.host .Values.standIn.enabled -}}
{{- fail (printf "gateway.host, standIn.enabled: both are given. Set standIn.enabled=false to report to %s, or empty gateway.host to rehearse" .Values.gateway.host) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.metrics" -}}
{{- range $name := list "serviceMonitor" "rules" -}}
{{- if and (get $.Values.metrics $name).enabled (not $.Values.metrics.enabled) -}}
{{- fail (printf "metrics.%s.enabled: there is nothing to scrape. Set metrics.enabled=true, too" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Pods are selected by these. */}}
{{- define "sidecar.validate.labels" -}}
{{- range $key, $value := .labels -}}
{{- if has $key (list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component") -}}
{{- fail (printf "%s: %s is the chart's own. Use another key" $.place $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.token" -}}
{{- if and .Values.token .Values.existingSecret -}}
{{- fail "token, existingSecret: both are given. Give existingSecret alone; its key agent.yaml holds the token. Or empty it: existingSecret=\"\"" -}}
{{- end -}}
{{- if not (or .Values.token .Values.existingSecret .Values.standIn.enabled) -}}
{{- fail (printf "existingSecret: is empty. Name a Secret of namespace %s with the key agent.yaml: sidecar token set --kubernetes-secret NAME" .Release.Namespace) -}}
{{- end -}}
{{- if hasPrefix "Authentication=" .Values.token -}}
{{- fail "token: begins with Authentication=. Give what stands behind it" -}}
{{- end -}}
{{- if regexMatch "[,\\s\"\\\\]|\\$\\{" .Values.token -}}
{{- fail "token: holds a comma, blank, quote, backslash or ${, which an agent does not take. Copy it again from the console's access point page" -}}
{{- end -}}
{{- end -}}

{{/* Only where a cluster answers: `helm template` and Argo CD see no Secrets. */}}
{{- define "sidecar.validate.secret" -}}
{{- if .Values.existingSecretCheck -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace .Values.existingSecret -}}
{{- $fix := printf "Make it: sidecar token set --kubernetes-secret %s --namespace %s --apply, or set existingSecretCheck=false if it comes later" .Values.existingSecret .Release.Namespace -}}
{{- if and (not $found) (lookup "v1" "Secret" .Release.Namespace "") -}}
{{- fail (printf "existingSecret: namespace %s has no Secret %q. %s" .Release.Namespace .Values.existingSecret $fix) -}}
{{- end -}}
{{- if and $found (not (hasKey ($found.data | default dict) "agent.yaml")) -}}
{{- fail (printf "existingSecret: Secret %q has no key agent.yaml, it has: %s. %s" .Values.existingSecret (keys ($found.data | default dict) | sortAlpha | join ", ") $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.workload" -}}
{{- $place := printf "%s.%s" .kind .name -}}
{{- include "sidecar.validate.name" . -}}
{{- include "sidecar.validate.labels" (dict "place" (printf "%s.podLabels" $place) "labels" .workload.podLabels) -}}
{{- if not (or .workload.image .workload.args .workload.command) -}}
{{- fail (printf "%s: has neither image nor args. Name its image" $place) -}}
{{- end -}}
{{- range .workload.extraVolumes -}}
{{- if has .name (list "tmp" "sidecar-token") -}}
{{- fail (printf "%s.extraVolumes: %s is the chart's own. Rename it" $place .name) -}}
{{- end -}}
{{- end -}}
{{- include "sidecar.validate.port" (dict "place" $place "workload" .workload) -}}
{{- $callable := list -}}
{{- range $name, $service := .root.Values.services -}}
{{- if and (include "sidecar.runs" $service) $service.port -}}{{- $callable = append $callable $name -}}{{- end -}}
{{- end -}}
{{- range $variable, $peer := .workload.peers -}}
{{- if not (has $peer.service $callable) -}}
{{- fail (printf "%s.peers.%s: %q is not a service with a port here. Use one of: %s" $place $variable $peer.service (join ", " $callable | default "none has one")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.name" -}}
{{- $place := printf "%s.%s" .kind .name -}}
{{- $whole := include "sidecar.name" (dict "root" .root "component" .name) -}}
{{- if gt (len $whole) (int .limit) -}}
{{- fail (printf "%s: the name %q has %d characters, at most %d are allowed. Shorten the release's name or the workload's" $place $whole (len $whole) (int .limit)) -}}
{{- end -}}
{{- if or (has .name (list "delivery-test" "jaeger-agent")) (and (eq .name "gateway") .root.Values.standIn.enabled) -}}
{{- fail (printf "%s: the name is the chart's own (jaeger-agent, delivery-test, gateway while standIn.enabled). Rename it" $place) -}}
{{- end -}}
{{- range $other := without (list "services" "jobs" "cronJobs") .kind -}}
{{- if include "sidecar.runs" (get (get $.root.Values $other) $.name) -}}
{{- fail (printf "%s: %s has the name, too, and pods are selected by it. Rename one" $place $other) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.port" -}}
{{- with .workload.port -}}
{{- if has (int .) (list 5775 5778 6831 6832 14271) -}}
{{- fail (printf "%s.port: %d is the agent's own. Use another than 5775, 5778, 6831, 6832, 14271" $.place (int .)) -}}
{{- end -}}
{{- end -}}
{{- with .workload.health -}}
{{- if and .path .command -}}
{{- fail (printf "%s.health: both path and command are given. Give one; null removes the other" $.place) -}}
{{- end -}}
{{- if not (or .path .command) -}}
{{- fail (printf "%s.health: has neither path nor command. Give one" $.place) -}}
{{- end -}}
{{- if and .path (not $.workload.port) -}}
{{- fail (printf "%s.health.path: there is no port to fetch it from. Give port, or a command" $.place) -}}
{{- end -}}
{{- end -}}
{{- end -}}
