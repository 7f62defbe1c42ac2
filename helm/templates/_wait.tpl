{{/*
Before an agent, a collector or a relay: a container that ends once what it sends to answers. An agent
that starts before its gateway gives each packet up after three tries. A collector keeps what is not
taken, but drops what a proxy on the way answers with 404.
*/}}

{{/* For a pod with an agent or a collector, or both: items of initContainers, or nothing. */}}
{{- define "sidecar.wait.agent" -}}
{{- $agent := merge (include "sidecar.agent.scope" . | fromYaml) . -}}
{{- $wait := dict "root" . "resources" .Values.agent.resources -}}
{{- if include "sidecar.agent.isCollector" . -}}
{{- $_ := set $wait "for" (gt (int .Values.relay.replicas) 0 | ternary "relay" "forwarder") -}}
{{- $_ := set $wait "address" $agent.forwarder -}}
{{- $_ := set $wait "seconds" .Values.forwarder.waitSeconds -}}
{{- else -}}
{{- $waiting := .Values.standIn.enabled | ternary .Values.standIn .Values.gateway -}}
{{- $_ := set $wait "for" "gateway" -}}
{{- $_ := set $wait "address" (include "sidecar.agent.gateway" $agent) -}}
{{- $_ := set $wait "seconds" $waiting.waitSeconds -}}
{{- $_ := set $wait "tls" .Values.gateway.tls -}}
{{- end -}}
{{- include "sidecar.wait.container" $wait -}}
{{- if .Values.agent.canary }}
{{ include "sidecar.wait.forwarder" (dict "root" . "name" "sidecar-canary-wait" "resources" .Values.canary.resources) }}
{{- end -}}
{{- end -}}

{{/* For what sends to the forwarder. Takes root and resources, and maybe name. */}}
{{- define "sidecar.wait.forwarder" -}}
{{- $wait := dict "for" "forwarder" "address" (include "sidecar.forwarder.address" .root) -}}
{{- $_ := set $wait "seconds" .root.Values.forwarder.waitSeconds -}}
{{- include "sidecar.wait.container" (merge $wait .) -}}
{{- end -}}

{{/* Takes root, resources, for, address and seconds, and maybe tls and name. */}}
{{- define "sidecar.wait.container" -}}
{{- if int .seconds -}}
- name: {{ .name | default "sidecar-wait" }}
  image: {{ include "sidecar.image" (dict "root" .root "name" .root.Values.images.gateway) | quote }}
  imagePullPolicy: {{ .root.Values.images.pullPolicy }}
  command: ["bash", "/usr/local/lib/sidecar/wait.sh"]
  args:
    - {{ .for }}
    - {{ .address | quote }}
    - {{ int .seconds | quote }}
    - {{ .tls | default false | toString | quote }}
  {{- /* it ends before the agent starts, so that its requests are not added to the pod's */}}
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- include "sidecar.security.container" (dict "readOnly" true "user" 10001) | nindent 4 }}
{{- end -}}
{{- end -}}
