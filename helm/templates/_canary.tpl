{{/*
A canary: a collector next to each agent. The copier is at the agent's port, and gives each packet to
both, which have ports of their own on the pod's loopback. Each template takes the root.
*/}}

{{/* true: the release has collectors, in the agents' place or next to them. */}}
{{- define "sidecar.canary.orCollectors" -}}
{{- if or (include "sidecar.agent.isCollector" .) .Values.agent.canary -}}true{{- end -}}
{{- end -}}

{{/* The values of a release whose agents are the canary's collectors. */}}
{{- define "sidecar.canary.values" -}}
{{- $values := toYaml .Values | fromYaml -}}
{{- $own := .Values.canary -}}
{{- $_ := set $values.images "agent" .Values.images.canary -}}
{{- $_ := set $values.metrics "enabled" false -}}
{{- $changes := dict "kind" "collector" "canary" "" "extraArgs" list "version" $own.version -}}
{{- range $key, $value := merge $changes (dict "tuning" $own.tuning "resources" $own.resources) -}}
{{- $_ := set $values.agent $key $value -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}

{{/* What is merged with the root, for the library's templates, to get the collector. */}}
{{- define "sidecar.canary.scope" -}}
{{- $values := include "sidecar.canary.values" . | fromYaml -}}
{{- include "sidecar.agent.scope" (set (omit . "Values") "Values" $values) }}
part: sidecar-canary
compactPort: 26831
Values:
  {{- toYaml $values | nindent 2 }}
{{- end -}}

{{/* The agent with what is next to it, as items of a list. */}}
{{- define "sidecar.canary.containers" -}}
{{- $agent := merge (include "sidecar.agent.scope" . | fromYaml) . -}}
{{- include "sidecar.agent.container" $agent }}
{{- with include "sidecar.agent.drain" $agent }}
{{ . }}
{{- end }}
{{- if .Values.agent.canary }}
{{- $canary := merge (include "sidecar.canary.scope" . | fromYaml) (omit . "Values") }}
{{ include "sidecar.agent.container" $canary }}
{{- with include "sidecar.agent.drain" $canary }}
{{ . }}
{{- end }}
{{ include "sidecar.canary.copier" . }}
{{- end }}
{{- end -}}

{{/* Their volumes, as items of a list. */}}
{{- define "sidecar.canary.volumes" -}}
{{- $agent := merge (include "sidecar.agent.scope" . | fromYaml) . -}}
{{- include "sidecar.agent.volumes" $agent }}
{{- if .Values.agent.canary }}
{{- $canary := merge (include "sidecar.canary.scope" . | fromYaml) (omit . "Values") }}
{{ include "sidecar.agent.volumes" $canary }}
{{- end }}
{{- end -}}

{{/* The text of the release's collectors' configuration. */}}
{{- define "sidecar.canary.config" -}}
{{- $scope := merge (include "sidecar.agent.scope" . | fromYaml) . -}}
{{- if .Values.agent.canary -}}
{{- $scope = merge (include "sidecar.canary.scope" . | fromYaml) (omit . "Values") -}}
{{- end -}}
{{- include "sidecar.collector.config" $scope -}}
{{- end -}}

{{/* It starts last, and ends first: both have a port then. */}}
{{- define "sidecar.canary.copier" -}}
{{- $name := .Values.images.gateway -}}
{{- $probe := dict "httpGet" (dict "path" "/healthz" "port" "copier-state") -}}
- name: sidecar-copier
  image: {{ include "sidecar.image" (dict "root" . "name" $name) | quote }}
  imagePullPolicy: {{ .Values.images.pullPolicy }}
  {{- if include "sidecar.agent.native" . }}
  restartPolicy: Always
  {{- end }}
  command: ["python", "-m", "sidecar.copier"]
  args: ["--to=127.0.0.1:16831", "--to=127.0.0.1:26831", "--host=127.0.0.1", "--state-host="]
  ports:
    - {name: copier-state, containerPort: 14319}
  startupProbe:
    {{- toYaml $probe | nindent 4 }}
    periodSeconds: 1
    timeoutSeconds: 3
    failureThreshold: 60
  livenessProbe:
    {{- toYaml $probe | nindent 4 }}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  {{- with include "sidecar.agent.lifecycle" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  resources:
    {{- toYaml .Values.canary.resources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
{{- end -}}

{{- define "sidecar.validate.canary" -}}
{{- if .Values.agent.canary -}}
{{- if include "sidecar.agent.isCollector" . -}}
{{- fail "agent.canary: is already the kind: collector. Remove one of the two [conflicting-values]" -}}
{{- end -}}
{{- if or .Values.gateway.host (not .Values.standIn.enabled) -}}
{{- $scope := dict "id" "canary-without-stand-in" "path" "agent.canary" -}}
{{- $_ := set $scope "cause" "is set, and the region is not local" -}}
{{- include "sidecar.collector.refuse" $scope -}}
{{- end -}}
{{- $canary := merge (include "sidecar.canary.scope" . | fromYaml) (omit . "Values") -}}
{{- include "sidecar.validate.collector" $canary -}}
{{- if .Values.existingSecret -}}{{- include "sidecar.validate.secret" $canary -}}{{- end -}}
{{- end -}}
{{- end -}}
