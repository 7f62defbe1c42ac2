{{/* Refusals that a schema cannot state. Each names the value, the cause and the fix. */}}

{{/* A chart that depends on this library has no stand-in and no Secret to fall back on. */}}
{{- define "sidecar.validate.library" -}}
{{- $empty := printf "%s.%%s: is empty. Name %%s" .Chart.Name -}}
{{- if not .Values.gateway.host -}}
{{- fail (printf $empty "gateway.host" "the region's gateway; `sidecar regions` lists them") -}}
{{- end -}}
{{- if not .Values.existingSecret -}}
{{- $key := include "sidecar.token.key" . -}}
{{- $fix := printf "a Secret of namespace %s with the key %s" .Release.Namespace $key -}}
{{- fail (printf $empty "existingSecret" $fix) -}}
{{- end -}}
{{- include "sidecar.validate.agent" . -}}
{{- include "sidecar.validate.secret" . -}}
{{- end -}}

{{- define "sidecar.validate.agent" -}}
{{- if include "sidecar.agent.isCollector" . -}}
{{- include "sidecar.validate.collector" . -}}
{{- else -}}
{{- include "sidecar.validate.jaeger" . -}}
{{- end -}}
{{- $kubernetes := .Capabilities.KubeVersion.Version -}}
{{- if and (eq .Values.agent.mode "native") (semverCompare "<1.29.0-0" $kubernetes) -}}
{{- $cause := printf "agent.mode: native needs Kubernetes 1.29 or later, this is %s" $kubernetes -}}
{{- fail (printf "%s. Use auto or container" $cause) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.validate.jaeger" -}}
{{- $version := .Values.agent.version -}}
{{- if not (semverCompare ">=1.15.0 <=1.62.0" $version) -}}
{{- $message := "agent.version: %s is not a jaeger-agent version. Use 1.15.0 to 1.62.0" -}}
{{- fail (printf $message $version) -}}
{{- end -}}
{{- if and .Values.gateway.tls (semverCompare "<1.18.0" $version) -}}
{{- $cause := printf "gateway.tls: agent %s is not known to support TLS" $version -}}
{{- fail (printf "%s. Use agent.version 1.18.0 or later" $cause) -}}
{{- end -}}
{{- range .Values.agent.extraArgs -}}
{{- if regexMatch "tags=|config-file|host-port|admin-http-port" . -}}
{{- $cause := printf "agent.extraArgs: the chart sets %s" (splitList "=" . | first) -}}
{{- $fix := "Put the token into existingSecret, and the gateway into gateway.host" -}}
{{- fail (printf "%s. %s" $cause $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Only where a cluster answers: `helm template` and Argo CD see no Secrets. */}}
{{- define "sidecar.validate.secret" -}}
{{- if .Values.existingSecretCheck -}}
{{- $name := .Values.existingSecret -}}
{{- $namespace := .Release.Namespace -}}
{{- $secret := lookup "v1" "Secret" $namespace $name -}}
{{- $flags := printf "%s --namespace %s --apply" $name $namespace -}}
{{- $later := "or set existingSecretCheck=false if it comes later" -}}
{{- $fix := printf "Run `sidecar token set --kubernetes-secret %s`, %s" $flags $later -}}
{{- if and (not $secret) (lookup "v1" "Secret" $namespace "") -}}
{{- $cause := printf "existingSecret: namespace %s has no Secret %q" $namespace $name -}}
{{- fail (printf "%s. %s" $cause $fix) -}}
{{- end -}}
{{- $keys := $secret.data | default dict -}}
{{- $key := include "sidecar.token.key" . -}}
{{- if and $secret (not (hasKey $keys $key)) -}}
{{- $has := keys $keys | sortAlpha | join ", " -}}
{{- $cause := printf "existingSecret: Secret %q has no key %s, it has: %s" $name $key $has -}}
{{- fail (printf "%s. %s" $cause $fix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
