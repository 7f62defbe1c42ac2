{{/* Refusals that a schema cannot state. Each names the value, the cause and what is allowed. */}}

{{- define "sidecar.validate" -}}
{{- include "sidecar.validate.release" . -}}
{{- include "sidecar.validate.agent" . -}}
{{- include "sidecar.validate.token" . -}}
{{- if .Values.existingSecret -}}{{- include "sidecar.validate.secret" . -}}{{- end -}}
{{- range $name, $service := .Values.services -}}
{{- include "sidecar.validate.service" (dict "root" $ "name" $name "service" $service) -}}
{{- end -}}
{{- range $kind, $limit := dict "services" 63 "jobs" 54 "cronJobs" 52 -}}
{{- range $name, $workload := get $.Values $kind -}}
{{- include "sidecar.validate.workload" (dict "root" $ "kind" $kind "name" $name "workload" $workload "limit" $limit) -}}
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
{{- fail (printf "release name %q: Services are named after it, and take a-z, 0-9 and -, a letter first, no dots. Use e.g. %q" .Release.Name (regexReplaceAll "^[^a-z]+" (.Release.Name | replace "." "-") "")) -}}
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
{{- if and (or .Values.jobs .Values.cronJobs) (not (include "sidecar.agent.native" .)) -}}
{{- fail "jobs, cronJobs: need a native agent (Kubernetes 1.29, agent.mode auto or native); beside a plain container a Job never completes" -}}
{{- end -}}
{{- if not (or .Values.gateway.host .Values.standIn.enabled) -}}
{{- fail "gateway.host: is empty and standIn.enabled is false. Name the region's gateway: `sidecar render --region ID` writes the values" -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.token" -}}
{{- if and .Values.token .Values.existingSecret -}}
{{- fail "token, existingSecret: both are given. Give existingSecret alone; its key agent.yaml holds the token. Or empty it: existingSecret=\"\"" -}}
{{- end -}}
{{- if not (or .Values.token .Values.existingSecret .Values.standIn.enabled) -}}
{{- fail (printf "existingSecret: is empty. Name a Secret of namespace %s with the key agent.yaml: sidecar token set --kubernetes-secret NAME" .Release.Namespace) -}}
{{- end -}}
{{- if regexMatch "[,\\s\"\\\\]|\\$\\{" .Values.token -}}
{{- fail "token: holds a comma, blank, quote, backslash or ${, which an agent does not take. Copy it again from the console's access point page" -}}
{{- end -}}
{{- end -}}

{{/* Only where a cluster answers: `helm template` and Argo CD see no Secrets. */}}
{{- define "sidecar.validate.secret" -}}
{{- if .Values.existingSecretCheck -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace .Values.existingSecret -}}
{{- $fix := printf "Make it: sidecar token set --kubernetes-secret %s, or set existingSecretCheck=false if it comes later" .Values.existingSecret -}}
{{- if and (not $found) (lookup "v1" "Secret" .Release.Namespace "") -}}
{{- fail (printf "existingSecret: namespace %s has no Secret %q. %s" .Release.Namespace .Values.existingSecret $fix) -}}
{{- end -}}
{{- if and $found (not (hasKey ($found.data | default dict) "agent.yaml")) -}}
{{- fail (printf "existingSecret: Secret %q has no key agent.yaml, it has: %s. %s" .Values.existingSecret (keys ($found.data | default dict) | sortAlpha | join ", ") $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.service" -}}
{{- with .service.port -}}
{{- if has (int .) (list 5775 5778 6831 6832 14271) -}}
{{- fail (printf "services.%s.port: %d is the agent's own. Use another than 5775, 5778, 6831, 6832, 14271" $.name (int .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.workload" -}}
{{- $place := printf "%s.%s" .kind .name -}}
{{- $whole := include "sidecar.name" (dict "root" .root "component" .name) -}}
{{- if gt (len $whole) (int .limit) -}}
{{- fail (printf "%s: the name %q has %d characters, at most %d are allowed. Shorten the release's name or the workload's" $place $whole (len $whole) (int .limit)) -}}
{{- end -}}
{{- if or (eq .name "delivery-test") (and (eq .name "gateway") .root.Values.standIn.enabled) -}}
{{- fail (printf "%s: the name is the chart's own (gateway while standIn.enabled, delivery-test). Rename it" $place) -}}
{{- end -}}
{{- range $other := without (list "services" "jobs" "cronJobs") .kind -}}
{{- if hasKey (get $.root.Values $other) $.name -}}
{{- fail (printf "%s: %s has the name, too, and pods are selected by it. Rename one" $place $other) -}}
{{- end -}}
{{- end -}}
{{- if and (not .workload.image) (not .workload.args) (not .workload.command) -}}
{{- fail (printf "%s: has neither image nor args. Name its image" $place) -}}
{{- end -}}
{{- range $variable, $peer := .workload.peers -}}
{{- if not (dig $peer.service "port" 0 $.root.Values.services) -}}
{{- fail (printf "%s.peers.%s: %q is not a service with a port here. Use one of: %s" $place $variable $peer.service (keys $.root.Values.services | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
